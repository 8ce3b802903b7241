import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";

/** What client programs are built into and installed in: the user's cache, never the project. */
export const clientsCache: string = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "candlewick",
  "clients",
);

export type Prepared = { readonly folder: string } | { readonly reason: string };

// Compiling librdkafka takes three minutes of processor time: ten on a machine that has other things to do.
const BUILD_TIMEOUT_MS = 1_800_000;

/**
 * A folder of the cache that `fill` has filled for exactly these files: filled beside its place and renamed, so
 * that two may try at once and a broken attempt leaves nothing behind.
 */
export function cached(
  name: string,
  inputs: readonly string[],
  fill: (draft: string) => string | null,
): Prepared {
  const digest = createHash("sha256");
  for (const input of inputs) digest.update(basename(input)).update(readFileSync(input));
  const folder = join(clientsCache, `${name}-${digest.digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return { folder };
  mkdirSync(clientsCache, { recursive: true });
  const draft = mkdtempSync(join(clientsCache, `${name}-draft-`));
  try {
    const problem = fill(draft);
    if (problem !== null) return { reason: problem };
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) return { reason: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return { folder };
}

/** Runs a build step; null where it went well, else what it said. */
export function step(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): string | null {
  const run = spawnSync(command, args, {
    encoding: "utf8",
    timeout: BUILD_TIMEOUT_MS,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  if (run.error !== undefined) return `${command} could not be run: ${run.error.message}`;
  if (run.status === 0) return null;
  return `${command} ${args.join(" ")}: ${`${run.stdout}${run.stderr}`.trim().slice(-600)}`;
}

/** What a command prints first, or null where it is not there. */
export function firstLine(command: string, args: readonly string[]): string | null {
  const run = spawnSync(command, args, { encoding: "utf8" });
  return run.error === undefined && run.status === 0 ? (run.stdout.split("\n")[0] ?? "") : null;
}
