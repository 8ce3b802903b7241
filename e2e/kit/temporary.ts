import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder for one test, removed when it is finished. */
export function temporaryFolder(name: string): string {
  const { path, remove } = lastingFolder(name);
  onTestFinished(remove);
  return path;
}

/** A folder that whoever made it removes. Other users may enter it: PostgreSQL does not run as root. */
export function lastingFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `candlewick-${name}-`));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
