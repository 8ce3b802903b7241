import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { Account } from "./account.ts";
import { type DataFolder, folderError, isDiskFull } from "./data-folder.ts";
import type { ServerRuntime } from "./server-runtime.ts";

/** The role that owns everything in an embedded database. */
export const SUPERUSER = "candlewick";

/** The programs see no setting of the person who starts them. */
export const SERVER_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const INIT_PREFIX = ".cluster-init-";

/** Makes the cluster where there is none. Only under the start lock. */
export async function ensureCluster(
  folder: DataFolder,
  runtime: ServerRuntime,
  account: Account,
): Promise<void> {
  const found = clusterVersion(folder);
  if (found === null) return await initialise(folder, runtime, account);
  if (found !== runtime.majorVersion) {
    throw new CandlewickError(
      ERRORS.dataDirUnusable,
      `the database in ${folder.root} was made by PostgreSQL ${found} and the embedded server is version ${runtime.majorVersion}`,
      "dump it with that version and load it into an empty folder, or choose another folder with --data",
    );
  }
}

/** The major version that made the cluster; null where there is none. */
export function clusterVersion(folder: DataFolder): number | null {
  try {
    return Number.parseInt(readFileSync(path.join(folder.cluster, "PG_VERSION"), "utf8"), 10);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw folderError(folder.root, error);
  }
}

/** Reads the password that `initialise` has written. */
export function readCredentials(folder: DataFolder): Credentials {
  try {
    const json: unknown = JSON.parse(readFileSync(folder.credentials, "utf8"));
    if (typeof json === "object" && json !== null && "user" in json && "password" in json) {
      return { user: String(json.user), password: String(json.password) };
    }
    throw new Error(`${folder.credentials} holds no user and password`);
  } catch (error) {
    throw folderError(folder.root, error);
  }
}

async function initialise(folder: DataFolder, runtime: ServerRuntime, account: Account): Promise<void> {
  await removeUnfinished(folder.root);
  const temporary = path.join(folder.root, `${INIT_PREFIX}${process.pid}`);
  const passwordFile = path.join(folder.root, `${INIT_PREFIX}${process.pid}.password`);
  const password = randomBytes(24).toString("base64url");
  try {
    await mkdir(temporary, { mode: 0o700 });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (account.uid !== undefined) {
      chownSync(temporary, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    await runInitdb(runtime, account, temporary, passwordFile, folder);
    // The password first: a cluster with its final name can always be opened.
    const written = `${folder.credentials}.${process.pid}`;
    writeFileSync(written, JSON.stringify({ user: SUPERUSER, password }), { mode: 0o600, flush: true });
    renameSync(written, folder.credentials);
    await rename(temporary, folder.cluster);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error instanceof CandlewickError ? error : folderError(folder.root, error);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** What an initialisation that was killed has left; the start lock says that no other is under way. */
async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(INIT_PREFIX)) await rm(path.join(root, name), { recursive: true, force: true });
  }
}

async function runInitdb(
  runtime: ServerRuntime,
  account: Account,
  dir: string,
  passwordFile: string,
  folder: DataFolder,
): Promise<void> {
  const { code, output } = await run(path.join(runtime.dir, "bin/initdb"), account, [
    ...["-D", dir, "-U", SUPERUSER, "--pwfile", passwordFile, "--auth=scram-sha-256", "--data-checksums"],
    ...["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
    "--no-instructions",
  ]);
  if (code === 0) return;
  if (isDiskFull(output)) throw folderError(folder.root, new Error(output));
  throw new CandlewickError(
    ERRORS.dataDirUnusable,
    `PostgreSQL could not make a database in ${folder.root}: ${lastLine(output)}`,
    "choose another folder with --data, or set DATABASE_URL (--database-url) to a server of your own",
  );
}

function run(
  file: string,
  account: Account,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(file, args, {
      ...account,
      env: SERVER_ENVIRONMENT,
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-8192);
    });
    child.once("error", (error) => resolve({ code: -1, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

/** The line of a program's output that says why it ended, without its time stamp. */
export function lastLine(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.findLast((line) => /error|fatal|panic|could not|cannot/i.test(line)) ?? lines.at(-1);
  return telling?.trim().replace(/^.*?\b(?:FATAL|PANIC|ERROR|error): +/, "") ?? "no message";
}
