import { rmSync } from "node:fs";
import path from "node:path";
import { CandlewickError, ERRORS, type Logger, systemClock } from "@candlewick/runtime";
import type pg from "pg";
import type { ConnectionOptions } from "../connection.ts";
import { serverAccount } from "./account.ts";
import { bringUp, type RunningServer } from "./bring-up.ts";
import { type Credentials, clusterVersion, ensureCluster, readCredentials } from "./cluster.ts";
import { type DataFolder, folderError, openDataFolder } from "./data-folder.ts";
import { SHORT_DIR_PREFIX } from "./server-process.ts";
import { prepareRuntime } from "./server-runtime.ts";
import { isServerOf } from "./server-state.ts";
import { takeStartLock } from "./start-lock.ts";

export interface EmbeddedPostgresOptions {
  /** The folder of the database, made where it is missing. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** What happens, in a few words, for a person who waits. */
  readonly onProgress?: (text: string) => void;
  /** Where another process owns the server: `refuse` (default) rejects with DATA_DIR_LOCKED, `join` uses it beside the owner. */
  readonly whenOwned?: "refuse" | "join";
}

export interface EmbeddedPostgres {
  readonly connection: ConnectionOptions;
  /** `adopted`: the server was still running without an owner; `joined`: another process owns it. */
  readonly mode: "started" | "adopted" | "joined";
  /** Rejects when the server ends before `stop` was called; resolves after `stop`. */
  readonly done: Promise<void>;
  /** Stops the server (a joined one runs on). */
  stop(): Promise<void>;
}

const DATABASE = "candlewick";
const STOP_LIMIT_MS = 60_000;

/**
 * Starts the PostgreSQL server that comes with the packages, on a private Unix socket, and owns it: it stops
 * when this process does, however that ends. Rejects with DATA_DIR_LOCKED (owned by another process),
 * DATA_DIR_UNUSABLE, DISK_FULL or UNSUPPORTED_PLATFORM.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const progress = options.onProgress ?? (() => {});
  const { folder, account } = await openDataFolder(options.dataDir, serverAccount);
  try {
    const runtime = await prepareRuntime(folder.root, account);
    const release = await takeStartLock(folder.root);
    try {
      progress(clusterVersion(folder) === null ? "making the database" : "starting the database");
      await ensureCluster(folder, runtime, account);
      const credentials = readCredentials(folder);
      const whenOwned = options.whenOwned ?? "refuse";
      const running = await bringUp({ folder, runtime, account, credentials, whenOwned });
      if (running.mode !== "joined") await ensureDatabase(running.ownership.client);
      options.logger.debug("embedded PostgreSQL is up", { mode: running.mode, folder: folder.root });
      return handle(folder, credentials, running);
    } finally {
      release();
    }
  } catch (error) {
    if (error instanceof CandlewickError || !isFileError(error)) throw error;
    throw folderError(folder.root, error);
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && "code" in error;
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [DATABASE]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}

function handle(folder: DataFolder, credentials: Credentials, running: RunningServer): EmbeddedPostgres {
  const { socketDir, port } = running.address;
  const ended = Promise.withResolvers<void>();
  // Whoever does not look at `done` learns of the end by the failure of the next query.
  ended.promise.catch(() => {});
  let stopping = false;
  if (running.mode !== "joined") {
    running.ownership.client.once("end", () => {
      if (!stopping) ended.reject(unexpectedEnd(folder));
    });
  }
  return {
    connection: { host: socketDir, port, ...credentials, database: DATABASE },
    mode: running.mode,
    done: ended.promise,
    async stop() {
      if (stopping) return ended.promise;
      stopping = true;
      if (running.mode !== "joined") await stopServer(folder, running);
      ended.resolve();
    },
  };
}

/** Ownership is given up last, so that nobody adopts a server that is being stopped. */
async function stopServer(
  folder: DataFolder,
  running: Exclude<RunningServer, { mode: "joined" }>,
): Promise<void> {
  const { pid, socketDir } = running.address;
  const beganMs = systemClock.monotonic();
  let signal: NodeJS.Signals = "SIGINT";
  while (isServerOf(pid, folder.cluster)) {
    if (systemClock.monotonic() - beganMs > STOP_LIMIT_MS) signal = "SIGQUIT";
    send(pid, signal);
    for (let i = 0; i < 100 && isServerOf(pid, folder.cluster); i++) await systemClock.delay(10);
  }
  running.guard.dismiss();
  await running.ownership.release().catch(() => {});
  if (path.basename(socketDir).startsWith(SHORT_DIR_PREFIX)) {
    rmSync(socketDir, { recursive: true, force: true });
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function unexpectedEnd(folder: DataFolder): CandlewickError {
  return new CandlewickError(
    ERRORS.databaseUnreachable,
    `the embedded PostgreSQL in ${folder.root} ended unexpectedly`,
    `start again (nothing that was stored is lost); its own words are in ${folder.log}`,
  );
}
