import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { createServer, type Server } from "node:net";
import { BrokerError, systemCode } from "../broker-error.ts";
import type { Disk } from "./disk.ts";

const FORMAT = 1;
const IDENTITY_FILE = "broker.json";
const PID_FILE = "broker.pid";

interface Identity {
  readonly format: number;
  readonly clusterId: string;
}

/** Reads who this data belongs to, or makes a new identity in an empty folder. */
export function openIdentity(disk: Disk, folder: string): Identity {
  const path = `${folder}/${IDENTITY_FILE}`;
  const file = disk.readFile(path);
  if (file === undefined) {
    const foreign = disk.list(folder).filter((name) => name !== PID_FILE && !name.endsWith(".new"));
    if (foreign.length > 0)
      throw foreignFolder(folder, `it holds other files (${foreign.slice(0, 3).join(", ")})`);
    const identity: Identity = { format: FORMAT, clusterId: randomBytes(16).toString("base64url") };
    disk.replaceFile(path, Buffer.from(JSON.stringify(identity)));
    return identity;
  }
  const identity = parseIdentity(file);
  if (identity === undefined) throw foreignFolder(folder, `its ${IDENTITY_FILE} is not a broker's`);
  if (identity.format > FORMAT) {
    throw foreignFolder(folder, `its format ${identity.format} is newer than this program's ${FORMAT}`);
  }
  return identity;
}

function parseIdentity(file: Buffer): Identity | undefined {
  try {
    const { format, clusterId } = JSON.parse(file.toString()) as Partial<Identity>;
    if (typeof format !== "number" || typeof clusterId !== "string") return undefined;
    return { format, clusterId };
  } catch {
    return undefined;
  }
}

function foreignFolder(folder: string, why: string): BrokerError {
  return new BrokerError(
    "DATA_DIR_FOREIGN",
    `The folder ${folder} cannot be used as broker data: ${why}; choose an empty folder or the right version.`,
  );
}

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Makes sure that no second broker works on the folder. The lock is a local socket named after the folder's
 * device and inode, which the system gives back when the process ends in whatever way. Where the system has no
 * such sockets, a file with the process id stands in.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
  const { dev, ino } = fs.statSync(folder, { bigint: true });
  const name = `candlewick-broker-${dev}-${ino}`;
  const socket = socketName(name);
  const pidFile = `${folder}/${PID_FILE}`;
  const server = socket === undefined ? undefined : await holdSocket(socket);
  const holder = server === undefined && socket === undefined ? livingHolder(pidFile) : undefined;
  if ((socket !== undefined && server === undefined) || holder !== undefined) throw locked(folder, pidFile);
  try {
    fs.writeFileSync(pidFile, String(process.pid));
  } catch (error) {
    server?.close();
    throw systemCode(error) === "ENOSPC" ? diskFull(folder, error) : unwritable(folder, error);
  }
  return {
    release() {
      fs.rmSync(pidFile, { force: true });
      const { promise, resolve } = Promise.withResolvers<void>();
      if (server === undefined) resolve();
      else server.close(() => resolve());
      return promise;
    },
  };
}

/** A name that vanishes with its process: Linux's abstract sockets, Windows' pipes. */
function socketName(name: string): string | undefined {
  if (process.platform === "linux") return `\0${name}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\${name}`;
  return undefined;
}

async function holdSocket(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ path, exclusive: true }, resolve);
  try {
    await promise;
  } catch (error) {
    if (systemCode(error) === "EADDRINUSE") return undefined;
    throw error;
  }
  server.unref();
  return server;
}

function livingHolder(pidFile: string): number | undefined {
  let pid: number;
  try {
    pid = Number(fs.readFileSync(pidFile, "utf8"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return systemCode(error) === "EPERM" ? pid : undefined;
  }
}

function locked(folder: string, pidFile: string): BrokerError {
  let by = "";
  try {
    by = ` (process ${fs.readFileSync(pidFile, "utf8")})`;
  } catch {
    // The number is a kindness only.
  }
  return new BrokerError(
    "DATA_DIR_LOCKED",
    `Another broker${by} is using ${folder}; stop it, connect to it, or choose another folder.`,
  );
}

function unwritable(folder: string, cause: unknown): BrokerError {
  return new BrokerError(
    "DATA_DIR_UNWRITABLE",
    `The folder ${folder} cannot be written (${systemCode(cause) ?? "unknown reason"}); choose another or fix its permissions.`,
    cause,
  );
}

export function diskFull(folder: string, cause: unknown): BrokerError {
  return new BrokerError(
    "DISK_FULL",
    `The disk of ${folder} is full; free some space and start again.`,
    cause,
  );
}

/** Turns a system error from opening the data into one with a sentence; others are returned as they are. */
export function openError(folder: string, error: unknown): unknown {
  switch (systemCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(folder, error);
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
    case "EEXIST":
      return unwritable(folder, error);
    default:
      return error;
  }
}
