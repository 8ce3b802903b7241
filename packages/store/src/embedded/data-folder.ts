import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { type Account, canEnter } from "./account.ts";

/** Where the parts of an embedded database lie. */
export interface DataFolder {
  readonly root: string;
  /** PostgreSQL's own folder. A half-made cluster never carries this name. */
  readonly cluster: string;
  readonly credentials: string;
  /** Folder of the server's socket. */
  readonly run: string;
  readonly log: string;
}

/** Makes the folder where it is missing and checks that both this process and the server's user can use it. */
export async function openDataFolder(dir: string, accountOf: (cluster: string) => Account) {
  let root: string;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o755 });
    root = realpathSync(dir);
    const probe = path.join(root, `.probe-${process.pid}`);
    writeFileSync(probe, "candlewick");
    await rm(probe);
  } catch (cause) {
    throw folderError(dir, cause);
  }
  const folder = layout(root);
  const account = accountOf(folder.cluster);
  if (!canEnter(root, account)) {
    throw new CandlewickError(
      ERRORS.dataDirUnusable,
      `the folder ${root} cannot be entered by the user that PostgreSQL runs as (number ${account.uid ?? process.getuid?.()})`,
      "choose a folder that every user may enter, such as /var/lib/candlewick, with --data (PostgreSQL does not run as root)",
    );
  }
  return { folder, account };
}

function layout(root: string): DataFolder {
  return {
    root,
    cluster: path.join(root, "cluster"),
    credentials: path.join(root, "credentials.json"),
    run: path.join(root, "run"),
    log: path.join(root, "server.log"),
  };
}

/** The error for a person where a file of the data folder cannot be made or read. */
export function folderError(dir: string, cause: unknown): CandlewickError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (isDiskFull(reason)) {
    return new CandlewickError(
      ERRORS.diskFull,
      `there is no space left on the disk that holds ${dir}`,
      "free some space, or choose a folder on another disk with --data",
      { cause },
    );
  }
  return new CandlewickError(
    ERRORS.dataDirUnusable,
    `the data folder ${dir} cannot be used: ${firstLine(reason)}`,
    "choose a folder that you may write to with --data",
    { cause },
  );
}

/** Whether a message of Node, initdb or the server tells of a full disk or quota. */
export function isDiskFull(text: string): boolean {
  return /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i.test(text);
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] ?? "";
}
