import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CandlewickError, ERRORS, z } from "@candlewick/runtime";

const connectionSchema = z.union([
  z.strictObject({ url: z.string() }),
  z.strictObject({
    host: z.string(),
    port: z.int(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
  }),
]);

const runningSchema = z.object({
  pid: z.int().min(1),
  /** When the process started, as the system counts it: a pid is used again. Null where the system does not tell. */
  processStart: z.string().nullable(),
  brokers: z.array(z.string()),
  /** Address of the web page. */
  http: z.string(),
  postgres: connectionSchema,
});

/** How to reach what a running `up` has started. */
export type RunningUp = z.output<typeof runningSchema>;

function fileOf(root: string): string {
  return join(root, "up.json");
}

/** What runs on a data folder; null where nothing does. A file that a killed process left behind counts as nothing. */
export function readRunning(root: string): RunningUp | null {
  let text: string;
  try {
    text = readFileSync(fileOf(root), "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new CandlewickError(
      ERRORS.dataDirUnusable,
      `${fileOf(root)} cannot be read`,
      "Run as the user who owns the data folder, or name another with --data",
      { cause },
    );
  }
  const running = runningSchema.safeParse(parseJson(text));
  return running.success && isRunning(running.data) ? running.data : null;
}

/** Tells others what this process runs on a data folder. Returns what takes it back. */
export function writeRunning(root: string, running: Omit<RunningUp, "pid" | "processStart">): () => void {
  const { pid } = process;
  const entry: RunningUp = { pid, processStart: processStart(pid)?.start ?? null, ...running };
  const file = fileOf(root);
  const temporary = `${file}.${pid}`;
  mkdirSync(root, { recursive: true });
  // It holds the database's password: readable by this user alone, from its first byte.
  writeFileSync(temporary, `${JSON.stringify(entry, null, 2)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
  return () => {
    if (readRunning(root)?.pid === pid) rmSync(file, { force: true });
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRunning({ pid, processStart: recorded }: RunningUp): boolean {
  if (process.platform === "linux") {
    const now = processStart(pid);
    if (now === null || now.state === "Z" || now.state === "X") return false;
    return recorded === null || recorded === now.start;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is alive, though we may not signal it.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** State and start time (clock ticks since boot) of a process, from /proc/PID/stat; null where there is none. */
function processStart(pid: number): { state: string; start: string } | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The second field is the program's name in brackets and may hold anything; field 3 follows the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", start: fields[19] ?? "" };
}
