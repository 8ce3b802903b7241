// Builds the command line into few files when its sources changed since the last build: it starts several times
// as fast from them. Where this fails, or nobody runs it, the command line runs from its sources.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isBuildFresh } from "../apps/cli/bin/build-record.js";
import { environment, node24, root } from "./install.mjs";

const cli = join(root, "apps", "cli");

/** Makes apps/cli/dist agree with the sources; does nothing where it does. */
export function ensureCommandBuilt() {
  if (isBuildFresh(root, join(cli, "dist"))) return;
  console.error("candlewick: building the command line ...");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const build = spawnSync(node24(), [vite, "build", "--logLevel", "warn"], {
    cwd: cli,
    env: environment(),
    stdio: ["ignore", 2, 2],
  });
  if (build.status !== 0) console.error("candlewick: not built, see above; it runs from its sources.");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) ensureCommandBuilt();
