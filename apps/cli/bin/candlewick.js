#!/usr/bin/env node
// Starts Candlewick on Node 24, whichever Node runs this file: plain JavaScript for Node 18 and newer.
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED = 24;
const CONDITION = "--conditions=candlewick-src";
/** Set for the process that this one becomes or starts, so that a wrong Node cannot start itself for ever. */
const STARTED = "CANDLEWICK_STARTED";

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const source = join(here, "..", "src", "main.ts");
// Node strips types only outside node_modules; a published package has no sources anyway.
const fromSource = existsSync(source) && !/[\\/]node_modules[\\/]/.test(source);
const entry = fromSource ? source : join(here, "..", "dist", "main.js");

const isNeeded = Number(process.versions.node.split(".")[0]) >= NEEDED;
const isPrepared = isNeeded && (!fromSource || process.execArgv.includes(CONDITION));

if (isPrepared) {
  delete process.env[STARTED];
  // The second start finds what the first has compiled: a large part of the time that a start takes.
  nodeModule.enableCompileCache?.();
  await import(new URL(`file://${entry}`).href);
} else {
  const node = isNeeded ? process.execPath : findNode();
  if (node === undefined || process.env[STARTED] !== undefined) {
    console.error(
      `candlewick: Node ${NEEDED} is needed, this is ${process.version}, and no build of it was found beside ` +
        "Candlewick. Install Node 24 (https://nodejs.org) and try again.",
    );
    process.exit(1);
  }
  become(node);
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

/** Runs this file again under that Node: in place of this process where Node can do it, else as a child. */
function become(node) {
  const conditions = fromSource ? [CONDITION] : [];
  const flags = process.execArgv.filter((flag) => flag !== CONDITION);
  const command = [...conditions, ...flags, join(here, "candlewick.js"), ...process.argv.slice(2)];
  const env = { ...process.env, [STARTED]: "1" };
  if (isNeeded && process.platform !== "win32" && typeof process.execve === "function") {
    process.execve(node, [node, ...command], env);
  }
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
