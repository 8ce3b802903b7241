import { RawClient } from "../raw-client.ts";
import { seeded } from "../seeded.ts";
import { CompactedTable } from "./compacted-table.ts";
import { EpochWriter } from "./epoch-writer.ts";
import { IdempotentWriter } from "./idempotent-writer.ts";
import { ReadingGroup } from "./reading-group.ts";
import { TransactionalWriter } from "./transactional-writer.ts";
import type { Round, Workload } from "./workload.ts";

/** At most so many acknowledgements come between two crashes. */
const MAX_ACKNOWLEDGEMENTS = 80;

/** A broker that can be made to crash. */
export interface Victim {
  readonly port: number;
  /** The crash, now; resolves when the broker is gone and can be started again. */
  crash(): Promise<void>;
}

/** How a broker is started again and again on the same data. */
export interface Cradle {
  readonly kind: "power cuts" | "kills";
  start(random: () => number): Promise<Victim>;
  stop(): Promise<void>;
}

export interface CrashRun {
  readonly seed: number;
  readonly crashes: number;
}

/** What a run did, for the test that wants to know that something happened. */
export interface CrashReport {
  readonly acknowledged: number;
}

/** Crashes one broker over and over under all workloads. Throws an error that names the seed where one is hurt. */
export async function runCrashes(cradle: Cradle, { seed, crashes }: CrashRun): Promise<CrashReport> {
  const random = seeded(seed);
  const workloads: Workload[] = [
    new IdempotentWriter(),
    new ReadingGroup(cradle.kind === "kills"),
    new CompactedTable(),
    new TransactionalWriter("tx-a"),
    new TransactionalWriter("tx-b"),
    new EpochWriter("tx-c"),
    new EpochWriter("tx-d"),
  ];
  let acknowledged = 0;
  try {
    for (let number = 0; number <= crashes; number++) {
      const victim = await cradle.start(random);
      await examine(victim.port, workloads, number === 0);
      if (number < crashes) acknowledged += await workUntilCrash(victim, workloads, number, random);
    }
    return { acknowledged };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${cradle.kind} with --seed ${seed} --crashes ${crashes}: ${reason}`, { cause: error });
  } finally {
    await cradle.stop();
  }
}

async function examine(port: number, workloads: readonly Workload[], isFirst: boolean): Promise<void> {
  const client = await RawClient.connect(port);
  for (const workload of workloads) {
    const step = isFirst ? workload.prepare(client) : workload.check(client);
    await step.catch((error: unknown) => {
      throw new Error(`${workload.name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    });
  }
  client.close();
}

async function workUntilCrash(
  victim: Victim,
  workloads: readonly Workload[],
  number: number,
  random: () => number,
): Promise<number> {
  const crashAt = 1 + Math.floor(random() * MAX_ACKNOWLEDGEMENTS);
  let acknowledged = 0;
  let crash: Promise<void> | undefined;
  const round: Round = {
    number,
    random,
    acknowledged() {
      if (crash === undefined) acknowledged++;
      if (acknowledged === crashAt) crash ??= victim.crash();
    },
  };
  const clients = await Promise.all(workloads.map(() => RawClient.connect(victim.port)));
  const ends = await Promise.allSettled(
    workloads.map((workload, at) => workload.work(clients[at] as RawClient, round)),
  );
  await crash;
  for (const [at, end] of ends.entries()) {
    const reason: unknown = end.status === "rejected" ? end.reason : "came to an end";
    if (!/connection closed/.test(String(reason))) {
      throw new Error(`${workloads[at]?.name}: ${String(reason)}`, { cause: reason });
    }
  }
  return acknowledged;
}
