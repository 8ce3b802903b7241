import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { CandlewickError, ERRORS } from "@candlewick/runtime/process";

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
