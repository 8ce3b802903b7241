import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../apps/cli/bin/candlewick.js", import.meta.url));

/** A `candlewick` process under test, in a process group of its own so that all of it can be killed at once. */
export interface Run {
  readonly child: ChildProcess;
  /** Resolves when it ended: the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  stdout(): string;
  stderr(): string;
  /** Resolves once standard error holds a match; rejects where the process ends before. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** Kills the process and what it started, but for PostgreSQL, which is in a group of its own. */
  kill(signal: NodeJS.Signals): void;
}

/** A user of the system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Starts `candlewick ARGS`, as this user or as another. */
export function candlewick(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  account: Account | null = null,
): Run {
  const child = spawn(process.execPath, [BIN, ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
    ...account,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = once(child, "close").then(([code, signal]: unknown[]) =>
    typeof code === "number" ? code : (signal as NodeJS.Signals),
  );
  return {
    child,
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    async saw(pattern) {
      for (;;) {
        const match = pattern.exec(stderr);
        if (match !== null) return match;
        const end = await Promise.race([once(child.stderr, "data").then(() => null), ended]);
        if (end !== null && pattern.exec(stderr) === null) {
          throw new Error(`ended with ${end} before ${pattern} was seen:\n${stderr}`);
        }
      }
    },
    kill(signal) {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch (error) {
        // It may have ended by itself in the same moment.
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    },
  };
}

/** How a run ended and what it printed. */
export interface Ended {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `candlewick ARGS` to its end. */
export async function runToEnd(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  account: Account | null = null,
): Promise<Ended> {
  const run = candlewick(args, environment, account);
  const code = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}
