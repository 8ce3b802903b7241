import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Account } from "./account.ts";

/** How a guard is called in the list of processes. */
export const GUARD_NAME = "candlewick-postgres-guard";

/** Waits for a line on its pipe; the end of the pipe without one means that the owner died: stop the server. */
const SCRIPT = 'trap "" INT TERM HUP; read line || kill -INT "$1" 2>/dev/null';

/** A small process that stops the server when this process dies, even by SIGKILL. */
export interface Guard {
  /** Lets the guard go without touching the server. */
  dismiss(): void;
}

/** Starts the guard of a server. It must run as the server's user, to be allowed to signal it. */
export function startGuard(serverPid: number, account: Account): Guard {
  const shell: ChildProcess = spawn("/bin/sh", ["-c", SCRIPT, GUARD_NAME, String(serverPid)], {
    ...account,
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // The guard may be gone before we write to it: that is what dismissing wants.
  shell.stdin?.on("error", () => {});
  shell.on("error", () => {});
  shell.unref();
  // Neither the guard nor its pipe keeps this process alive.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return { dismiss: () => shell.stdin?.end("dismissed\n") };
}
