import { existsSync, type StatsFs, statfsSync } from "node:fs";
import { CandlewickError, type Clock, ERRORS, type Part } from "@candlewick/runtime";
import type { UpContext } from "./up-context.ts";

const MIB = 1024 * 1024;
/** PostgreSQL needs a new file of 16 MiB for its log now and then, even to start again. */
const KEPT_FREE_BYTES = 48 * MIB;
/** What a database without any data takes. */
const NEW_DATABASE_BYTES = 64 * MIB;
const POLL_MS = 250;

/**
 * Ends the whole with DISK_FULL while the disk still has room for an orderly stop and for the next start:
 * servers that run into the end of the disk can only try again, without anybody being told.
 */
export function diskSpacePart({ plan, clock }: UpContext): Part {
  const { root } = plan.dataDir;
  return {
    name: "disk space",
    async start() {
      const makesDatabase = plan.embeddedPostgres && !existsSync(plan.dataDir.postgres);
      requireSpace(root, KEPT_FREE_BYTES + (makesDatabase ? NEW_DATABASE_BYTES : 0));
      const stopping = new AbortController();
      const done = watch(root, clock, stopping.signal);
      return {
        name: "disk space",
        done,
        async stop() {
          stopping.abort(new Error("stopped"));
          await done.catch(() => undefined);
        },
      };
    },
  };
}

async function watch(root: string, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    requireSpace(root, KEPT_FREE_BYTES);
    await clock.delay(POLL_MS, signal).catch(() => undefined);
  }
}

function requireSpace(root: string, neededBytes: number): void {
  const { bavail, bsize, blocks } = spaceOf(root);
  // Some file systems do not tell their size.
  if (blocks === 0 || bavail * bsize >= neededBytes) return;
  const [free, needed] = [bavail * bsize, neededBytes].map((bytes) => Math.floor(bytes / MIB));
  throw new CandlewickError(
    ERRORS.diskFull,
    `the disk that holds ${root} is full: ${free} MiB are free and ${needed} MiB are needed`,
    "Free some space and start again, or name a folder on another disk with --data; nothing that was stored is lost",
  );
}

function spaceOf(root: string): Pick<StatsFs, "bavail" | "bsize" | "blocks"> {
  try {
    return statfsSync(root);
  } catch {
    // A folder that was taken away is for those to tell who need it.
    return { bavail: 0, bsize: 0, blocks: 0 };
  }
}
