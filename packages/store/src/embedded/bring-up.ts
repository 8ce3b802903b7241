import { readdirSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { CandlewickError, ERRORS, systemClock } from "@candlewick/runtime";
import type { Account } from "./account.ts";
import { type Credentials, lastLine } from "./cluster.ts";
import { type DataFolder, folderError, isDiskFull } from "./data-folder.ts";
import { GUARD_NAME, type Guard, startGuard } from "./guard.ts";
import { askOwnership, type Ownership, type ServerAddress } from "./ownership.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";
import type { ServerRuntime } from "./server-runtime.ts";
import { guardsOf, isServerOf, processesIn, readPidFile } from "./server-state.ts";

export interface BringUpContext {
  readonly folder: DataFolder;
  readonly runtime: ServerRuntime;
  readonly account: Account;
  readonly credentials: Credentials;
  readonly whenOwned: "refuse" | "join";
}

export type RunningServer =
  | {
      readonly mode: "started" | "adopted";
      readonly address: ServerAddress;
      readonly ownership: Ownership;
      readonly guard: Guard;
    }
  | { readonly mode: "joined"; readonly address: ServerAddress };

/** Recovery after a crash replays at most two gigabytes of log; all else takes seconds. */
const RECOVERY_LIMIT_MS = 900_000;
const LIMIT_MS = 60_000;

/**
 * Brings the server of a cluster up and takes ownership: adopts one that runs without an owner, waits for one
 * that starts or stops, tidies up after one that crashed, starts a new one. Only under the start lock.
 */
export async function bringUp(context: BringUpContext): Promise<RunningServer> {
  const { folder } = context;
  const beganMs = systemClock.monotonic();
  let child: ServerProcess | null = null;
  for (;;) {
    const file = readPidFile(folder.cluster);
    const alive = file !== undefined && isServerOf(file.pid, folder.cluster);
    const waitedMs = systemClock.monotonic() - beganMs;
    if (waitedMs > (alive ? RECOVERY_LIMIT_MS : LIMIT_MS)) throw notComingUp(context, file?.status ?? "");
    if (alive) {
      const running: RunningServer | null = file.status === "ready" ? await own(context, file, child) : null;
      if (running !== null) return running;
      await systemClock.delay(20);
    } else if (child !== null) {
      if (child.ended()) {
        child.guard.dismiss();
        failUnlessPassing(context, child.output());
        child = null;
        await systemClock.delay(100);
      } else await systemClock.delay(5);
    } else if (processesIn(folder.cluster).length > 0) {
      // Backends that outlive a killed server still hold its memory and files: a new server must not start beside them.
      await systemClock.delay(50);
    } else {
      tidyUp(folder);
      child = startServerProcess(folder, context.runtime, context.account);
    }
  }
}

async function own(
  context: BringUpContext,
  address: ServerAddress,
  child: ServerProcess | null,
): Promise<RunningServer | null> {
  const answer = await askOwnership(address, context.credentials);
  if (answer.kind === "unsettled") return null;
  if (answer.kind === "taken") {
    if (context.whenOwned === "join") return { mode: "joined", address };
    throw taken(context.folder, answer.ownerPid);
  }
  const { ownership } = answer;
  if (child !== null && child.pid === address.pid) {
    return { mode: "started", address, ownership, guard: child.guard };
  }
  child?.guard.dismiss();
  if (!(await outlivesItsGuards(context, address))) {
    await ownership.release().catch(() => {});
    return null;
  }
  return { mode: "adopted", address, ownership, guard: startGuard(address.pid, context.account) };
}

/** The guard of the owner that died is about to stop the server: only one that it leaves running can be adopted. */
async function outlivesItsGuards(context: BringUpContext, address: ServerAddress): Promise<boolean> {
  for (let waitedMs = 0; guardsOf(address.pid, GUARD_NAME).length > 0; waitedMs += 20) {
    if (waitedMs > 5_000) throw taken(context.folder, null);
    await systemClock.delay(20);
  }
  const file = readPidFile(context.folder.cluster);
  return file?.pid === address.pid && file.status === "ready" && isServerOf(file.pid, context.folder.cluster);
}

/** What a crashed server left: it would make the next one believe that it still runs. */
function tidyUp(folder: DataFolder): void {
  if (process.platform === "linux") rmSync(path.join(folder.cluster, "postmaster.pid"), { force: true });
  if (statSync(folder.run, { throwIfNoEntry: false }) === undefined) return;
  for (const name of readdirSync(folder.run)) rmSync(path.join(folder.run, name), { force: true });
}

/** A server can lose a race against the end of the one before; all other failures are final. */
function failUnlessPassing(context: BringUpContext, output: string): void {
  if (/still in use|lock file "postmaster.pid" already exists|could not bind/.test(output)) return;
  if (isDiskFull(output)) throw folderError(context.folder.root, new Error(output));
  throw new CandlewickError(
    ERRORS.dataDirUnusable,
    `PostgreSQL did not start in ${context.folder.root}: ${lastLine(output)}`,
    `read ${context.folder.log}, or choose another folder with --data`,
  );
}

function notComingUp(context: BringUpContext, status: string): CandlewickError {
  return new CandlewickError(
    ERRORS.databaseUnreachable,
    `PostgreSQL in ${context.folder.root} does not come up (${status === "" ? "no state" : status})`,
    `read ${context.folder.log} and try again`,
  );
}

function taken(folder: DataFolder, ownerPid: number | null): CandlewickError {
  const owner = ownerPid === null ? "another process" : `another candlewick (process ${ownerPid})`;
  return new CandlewickError(
    ERRORS.dataDirLocked,
    `${owner} already uses the database in ${folder.root}`,
    "stop it first, or choose another folder with --data",
  );
}
