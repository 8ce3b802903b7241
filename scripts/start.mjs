// npm start: installs and builds what is missing, then runs `candlewick up` with the arguments given.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureCommandBuilt } from "./command-build.mjs";
import { ensureInstalled, node24, root } from "./install.mjs";
import { ensureWebBuilt } from "./web-build.mjs";

ensureInstalled();
ensureWebBuilt();
ensureCommandBuilt();

const bin = join(root, "apps", "cli", "bin", "candlewick.js");
const child = spawn(node24(), [bin, "up", ...process.argv.slice(2)], { stdio: "inherit" });
// A terminal's Ctrl-C reaches the child by itself; this process only has to outlive it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
