// Builds the web page when its sources changed since the last build.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environment, fail, node24, root } from "./install.mjs";

const web = join(root, "apps", "web");
const stamp = join(web, "dist", ".sources");

/** Makes apps/web/dist agree with its sources; does nothing where it does. */
export function ensureWebBuilt() {
  const sources = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === sources) return;
  console.error("candlewick: building the web page ...");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const build = spawnSync(node24(), [vite, "build", "--logLevel", "warn"], {
    cwd: web,
    env: environment(),
    stdio: ["ignore", 2, 2],
  });
  if (build.status !== 0) fail("the web page could not be built, see above.", 70);
  writeFileSync(stamp, sources);
}

function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  for (const file of readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !/[\\/](dist|node_modules|test)[\\/]/.test(file))
    .sort()) {
    hash.update(file.slice(web.length)).update(readFileSync(file));
  }
  return hash.digest("hex");
}
