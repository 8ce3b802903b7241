// Packs what serves by itself, the Kafka client and the broker, for programs outside of this tree: JavaScript
// with types and a manifest that has no sources, as archives that npm installs. They name each other by version,
// so that all of them go into one command as long as they are in no registry.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { environment, fail, node24, root } from "./install.mjs";

/** Each with the page that becomes its README. */
const LIBRARIES = {
  domain: null,
  contracts: null,
  runtime: null,
  broker: "broker.md",
  kafka: "delivery.md",
};

/** Writes the archives to `folder` and returns their paths. */
export function packLibraries(folder = join(root, "dist", "library")) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  run(node24(), [tsc, "-p", "tsconfig.library.json", "--outDir", folder], root);
  const archives = Object.entries(LIBRARIES).map(([name, page]) => packOne(join(folder, name), name, page));
  return archives.map((archive) => join(folder, archive));
}

function packOne(staged, name, page) {
  renameSync(join(staged, "src"), join(staged, "dist"));
  const manifest = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));
  writeFileSync(join(staged, "package.json"), `${JSON.stringify(published(manifest), null, 2)}\n`);
  cpSync(join(root, "LICENSE"), join(staged, "LICENSE"));
  if (page !== null) cpSync(join(root, "docs", page), join(staged, "README.md"));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const packed = run(npm, ["pack", "--json", "--pack-destination", ".."], staged);
  return JSON.parse(packed)[0].filename;
}

/** The manifest of a package in which the built files stand instead of the sources. */
function published({ private: _private, devDependencies: _development, exports, ...manifest }) {
  const built = Object.entries(exports).map(([entry, { "candlewick-src": _source, ...rest }]) => [
    entry,
    rest,
  ]);
  return { ...manifest, exports: Object.fromEntries(built), files: ["dist"] };
}

function run(command, args, cwd) {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    env: environment(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", 2],
    shell: command.endsWith(".cmd"),
  });
  if (error !== undefined) fail(`${command} could not be started (${error.message}).`);
  if (status !== 0) fail(`the packages could not be built:\n${stdout}`);
  return stdout;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const archives = packLibraries();
  for (const archive of archives) console.log(relative(root, archive));
  console.error("candlewick: install them into a program of yours with `npm install` and all of these paths");
}
