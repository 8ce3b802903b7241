#!/usr/bin/env node
// Starts Candlewick on Node 24, whichever Node runs this file: plain JavaScript for Node 18 and newer.
import { existsSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isBuildFresh } from "./build-record.js";

const NEEDED = 24;
/** The condition under which our packages are their sources. */
const CONDITION = "candlewick-src";
/** Set for the process that this one starts, so that a wrong Node cannot start itself for ever. */
const STARTED = "CANDLEWICK_STARTED";

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const source = join(here, "..", "src", "main.ts");
const dist = join(here, "..", "dist");
// Node strips types only outside node_modules; a published package has no sources anyway.
const hasSource = existsSync(source) && !/[\\/]node_modules[\\/]/.test(source);
const asksForSource = process.execArgv.includes(`--conditions=${CONDITION}`);

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  delete process.env[STARTED];
  const fromSource = hasSource && (asksForSource || !isBuildFresh(join(here, "..", "..", ".."), dist));
  if (fromSource && !asksForSource) resolveToSource();
  // The second start finds what the first has compiled: a large part of the time that a start takes.
  nodeModule.enableCompileCache?.();
  const { main } = await import(pathToFileURL(fromSource ? source : join(dist, "main.js")).href);
  await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node === undefined || process.env[STARTED] !== undefined) {
    console.error(
      `candlewick: Node ${NEEDED} is needed, this is ${process.version}, and no build of it was found beside ` +
        "Candlewick. Install Node 24 (https://nodejs.org) and try again.",
    );
    process.exit(1);
  }
  await startUnder(node);
}

/** Lets our own packages be found as sources, as `--conditions` does, which would take another process. */
function resolveToSource() {
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.startsWith("@candlewick/")) return next(specifier, context);
      return next(specifier, { ...context, conditions: [...context.conditions, CONDITION] });
    },
  });
}

/** The Node of the packages that are installed beside this one. */
function findNode() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const name = `node-${platform}-${process.arch}`;
  try {
    const manifest = nodeModule.createRequire(join(here, "candlewick.js")).resolve(`${name}/package.json`);
    const binary = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Runs this file again under that Node, as a child. */
async function startUnder(node) {
  const { spawn } = await import("node:child_process");
  const { constants } = await import("node:os");
  const command = [...process.execArgv, join(here, "candlewick.js"), ...process.argv.slice(2)];
  const env = { ...process.env, [STARTED]: "1" };
  // The channel tells the child when this process is killed: it would else go on without anybody to stop it.
  const child = spawn(node, command, { stdio: ["inherit", "inherit", "inherit", "ipc"], env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(
      `candlewick: ${node} could not be started (${error.message}). Install Node 24 and try again.`,
    );
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeAllListeners(name);
    process.kill(process.pid, signal);
    // Where a signal does not end this process, its exit code tells it as a shell would.
    process.exit(128 + (constants.signals[signal] ?? 0));
  });
}
