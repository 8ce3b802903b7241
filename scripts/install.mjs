// Installs what package-lock.json names, when it is not installed already. Plain JavaScript for Node 20,
// because it runs before anything is there; what it installs brings Node 24 along.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".candlewick-installed");

/** Ends the process with one clear sentence. */
export function fail(sentence, code = 1) {
  console.error(`candlewick: ${sentence}`);
  process.exit(code);
}

/** Makes node_modules agree with package-lock.json; does nothing where it does. */
export function ensureInstalled() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const platform = `${process.platform}-${process.arch} ${lock}`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === platform) return;
  console.error("candlewick: installing dependencies (once, about half a minute) ...");
  const started = Date.now();
  // Install scripts are not needed by any dependency, and many machines forbid them.
  const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (npm.error) fail(`npm could not be started (${npm.error.message}). Install npm and try again.`);
  if (npm.status !== 0)
    fail("npm ci failed, see above. Check the network and the free disk space and try again.", 75);
  writeFileSync(stamp, platform);
  console.error(`candlewick: installed in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** The path of a Node that is at least 24: this one, or the one that was installed from npm. */
export function node24() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  try {
    const manifest = createRequire(join(root, "package.json")).resolve(`${name}/package.json`);
    return join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  } catch {
    return fail(
      `Node 24 is needed, this is ${process.version}, and no build of it for ${process.platform}-${process.arch} ` +
        "comes from npm. Install Node 24 and try again.",
    );
  }
}

/** The environment in which child processes find Node 24 and the tools of node_modules first. */
export function environment() {
  const path = [dirname(node24()), join(root, "node_modules", ".bin"), process.env.PATH];
  return { ...process.env, PATH: path.join(process.platform === "win32" ? ";" : ":") };
}
