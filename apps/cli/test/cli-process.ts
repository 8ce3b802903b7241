import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export const BIN = fileURLToPath(new URL("../bin/candlewick.js", import.meta.url));

/** Recorded data that lie beside the project on some machines. */
export const RECORDED = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
export const hasRecorded = existsSync(RECORDED);

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
  /** The Node that runs the file: the one of the tests by default. */
  readonly node?: string;
}

/** Starts the real command; the environment has nothing of ours but what is given. */
export function startCli(args: readonly string[], options: RunOptions = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("CANDLEWICK_"));
  return spawn(options.node ?? process.execPath, [BIN, ...args], {
    env: { ...Object.fromEntries(inherited), ...options.environment },
    stdio: "pipe",
  });
}

/** Runs the real command to its end. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = startCli(args, options);
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  // A command that does not read its input may have closed it.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const [stdout, stderr, ended] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { stdout, stderr, ...ended };
}
