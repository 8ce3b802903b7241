import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** The user that the server runs as; empty where it is the user of this process. */
export type Account = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** Accounts that a machine may have and that own nothing of value, in order of preference. */
const UNPRIVILEGED = ["candlewick", "postgres", "nobody"];

/**
 * Chooses the server's user. PostgreSQL refuses to run as root, so root needs another: the owner of a
 * cluster that is already there, else the first unprivileged account of the machine.
 */
export function serverAccount(clusterDir: string): Account {
  if (process.getuid?.() !== 0) return {};
  const owner = statSync(clusterDir, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  // initdb looks its user up by number, so an id without an entry would not do.
  const entries = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of UNPRIVILEGED) {
    const entry = entries.find((fields) => fields[0] === name);
    if (entry !== undefined && Number(entry[2]) > 0) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new CandlewickError(
    ERRORS.unsupportedPlatform,
    "PostgreSQL does not run as root and this machine has none of the accounts candlewick, postgres and nobody",
    "run as an ordinary user, or set DATABASE_URL (--database-url) to a PostgreSQL server of your own",
  );
}

/** Whether the account can enter and read a folder, with all the folders above it: asked of the system itself. */
export function canEnter(dir: string, account: Account): boolean {
  const probe = spawnSync("/bin/sh", ["-c", 'cd "$1" && test -r .', "sh", dir], { ...account, cwd: "/" });
  return probe.status === 0;
}
