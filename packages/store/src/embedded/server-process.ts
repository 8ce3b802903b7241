import { spawn } from "node:child_process";
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
} from "node:fs";
import path from "node:path";
import type { Account } from "./account.ts";
import { SERVER_ENVIRONMENT } from "./cluster.ts";
import type { DataFolder } from "./data-folder.ts";
import { type Guard, startGuard } from "./guard.ts";
import type { ServerRuntime } from "./server-runtime.ts";

/** A server process that we started. */
export interface ServerProcess {
  readonly pid: number | undefined;
  readonly guard: Guard;
  /** Set once it has ended. */
  ended(): boolean;
  /** What it has written to its log since it was started. */
  output(): string;
}

const PORT = 5432;
/** A socket's path has 107 bytes at most, and PostgreSQL adds `/.s.PGSQL.5432.lock`. */
const MAX_SOCKET_DIR_BYTES = 80;
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Durable and small; the rest is PostgreSQL's default. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "128MB",
  max_connections: "60",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
};

/** Starts the server of a cluster, detached: it must outlive a crash of this process by a clean stop, not by a signal of the terminal. */
export function startServerProcess(
  folder: DataFolder,
  runtime: ServerRuntime,
  account: Account,
): ServerProcess {
  const socketDir = makeSocketDir(folder.run, account);
  const logStart = rotateLog(folder.log);
  const log = openSync(folder.log, "a", 0o600);
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(
    path.join(runtime.dir, "bin/postgres"),
    ["-D", folder.cluster, "-p", String(PORT), "-c", `unix_socket_directories=${socketDir}`, ...settings],
    { ...account, env: SERVER_ENVIRONMENT, cwd: "/", detached: true, stdio: ["ignore", "ignore", log] },
  );
  closeSync(log);
  let failure = "";
  child.on("error", (error) => {
    failure = error.message;
  });
  child.unref();
  return {
    pid: child.pid,
    guard: child.pid === undefined ? { dismiss: () => {} } : startGuard(child.pid, account),
    ended: () => failure !== "" || child.exitCode !== null || child.signalCode !== null,
    output: () => failure + readFileSync(folder.log).subarray(logStart).toString("utf8"),
  };
}

function makeSocketDir(wanted: string, account: Account): string {
  const fits = Buffer.byteLength(wanted) <= MAX_SOCKET_DIR_BYTES;
  const dir = fits ? wanted : mkdtempSync(path.join("/tmp", SHORT_DIR_PREFIX));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined) chownSync(dir, account.uid, account.gid);
  return dir;
}

/** Folders in /tmp for the sockets of data folders with long names. */
export const SHORT_DIR_PREFIX = "candlewick-pg-";

/** Keeps the log bounded over the starts; returns where the new part begins. */
function rotateLog(log: string): number {
  const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= MAX_LOG_BYTES) return size;
  renameSync(log, `${log}.1`);
  return 0;
}
