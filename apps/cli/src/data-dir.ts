import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CandlewickError, ERRORS, z } from "@candlewick/runtime";

/** The folder that a running `up`, and the commands that read, keep everything in. */
export interface DataDir {
  readonly root: string;
  /** The embedded PostgreSQL server's. */
  readonly postgres: string;
  /** The embedded broker's. */
  readonly broker: string;
}

/** Where things are in a data folder. */
export function dataDirAt(root: string): DataDir {
  const path = resolve(root);
  return { root: path, postgres: join(path, "pg"), broker: join(path, "broker") };
}

/**
 * The folder that is used where none is named: CANDLEWICK_DATA, else /var/lib/candlewick for root (the
 * database's user could not enter root's home), else .candlewick in the home folder.
 */
export function defaultDataDir(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment.CANDLEWICK_DATA;
  if (named !== undefined && named !== "") return resolve(named);
  return process.getuid?.() === 0 ? "/var/lib/candlewick" : join(homedir(), ".candlewick");
}

/** Makes the data folder where it is missing, and sees that it can be written. Throws DATA_DIR_UNUSABLE or DISK_FULL. */
export function makeDataDir({ root }: DataDir): void {
  try {
    makeFolder(root);
    accessSync(root, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw new CandlewickError(
      code === "ENOSPC" || code === "EDQUOT" ? ERRORS.diskFull : ERRORS.dataDirUnusable,
      `the data folder ${root} cannot be used: ${REASONS[code] ?? code}`,
      "Correct the path, or name another folder with --data",
      { cause },
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EEXIST: "a file has its name",
  ENOTDIR: "it is below a file",
  ENOENT: "the system lets nobody make folders there",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the quota of the disk is used up",
};

/**
 * Makes a folder and those above it. Node's own way of doing so never returns where the system says that the
 * folder above is missing though it is there, as in /proc.
 */
function makeFolder(path: string): void {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

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
