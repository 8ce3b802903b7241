import { join } from "node:path";
import { TOPICS } from "@candlewick/contracts";
import { dataflowSchema, startDataflow } from "@candlewick/dataflow";
import { type Devnet, type FaultRates, startDevnet } from "@candlewick/devnet";
import { createAdmin, parsePartitionName } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { type OwnServers, startServers } from "../../bench/servers.ts";
import { type Comparison, compareWithChain } from "./comparison.ts";
import { Life } from "./life.ts";

export interface ExperimentOptions {
  /** How many slots of the chain are compared. */
  readonly slots: number;
  /** How often ingest is killed meanwhile. */
  readonly kills: number;
  /** Share of everything that can go wrong. */
  readonly rate: number;
  readonly seed: string;
  /** The pace of the chain. */
  readonly slotMs: number;
  /** How long everything may take to be settled after the last slot. */
  readonly limitMs?: number;
  readonly onProgress?: (text: string) => void;
}

export interface ExperimentReport extends Comparison {
  readonly kills: number;
  readonly verified: boolean;
}

/** Every fault of a request and of a block, at one rate. */
export function everyFault(rate: number): Partial<FaultRates> {
  return {
    rateLimited: rate,
    serverError: rate,
    cutConnection: rate,
    truncatedBody: rate,
    hang: rate,
    malformedField: rate,
    wrongParent: rate,
    lateBlock: rate,
    cutSubscription: rate,
    silentSubscription: rate,
  };
}

/** Three endpoints of one chain: one that only fails, one that is behind, one that lies. */
async function startChain({ rate, seed, slotMs }: ExperimentOptions): Promise<Devnet> {
  const faults = everyFault(rate);
  return await startDevnet({
    historySlots: 0,
    faults,
    retryAfterSeconds: 0.05,
    endpoints: [
      { faults, behindSlots: 15, retryAfterSeconds: 0.05 },
      { faults: { ...faults, falseBlock: rate }, retryAfterSeconds: 0.05 },
    ],
    chain: {
      seed,
      slotMs,
      tradesPerSlot: 3,
      votesPerBlock: 1,
      pairs: 16,
      skippedSlotRate: Math.min(0.5, rate * 2),
      forkedSlotRate: rate,
    },
  });
}

/** Runs ingest against the chain, kills it again and again, and compares what is left with the chain. */
export async function experiment(options: ExperimentOptions): Promise<ExperimentReport> {
  const { slots, kills, onProgress = () => {} } = options;
  const servers = await startServers(4);
  const devnet = await startChain(options);
  const dataflow = await startDataflow(dataflowSchema.parse({}), {
    chain: "solana",
    kafka: servers.kafka,
    store: servers.store,
    logger: silentLogger,
    metrics: new Registry(),
  });
  const { firstSlot } = devnet.chain.options;
  const last = firstSlot + slots - 1;
  const logFile = join(servers.folder, "..", `candlewick-chaos-ingest-${process.pid}.log`);
  onProgress(`log of ingest: ${logFile}`);
  const start = () => new Life({ ...lifeOptions(devnet, servers), logFile });
  let life = start();
  try {
    for (let kill = 1; kill <= kills; kill++) {
      // Spread over the run, at moments that have nothing to do with what ingest is doing.
      const at = firstSlot + Math.floor((slots * kill) / (kills + 1));
      await settledOr(life, async () => ((await servers.store.cursor("solana"))?.slot ?? 0) >= at, options);
      await systemClock.delay(Math.random() * 200);
      await life.kill();
      onProgress(
        `kill ${kill}: chain at ${devnet.headSlot() - firstSlot}, ${await standing(servers, firstSlot)}`,
      );
      life = start();
    }
    await settledOr(
      life,
      () => isSettled(servers, last),
      options,
      onProgress,
      () => standing(servers, firstSlot),
    );
    const code = await life.stop();
    if (code !== 0) throw new Error(`ingest ended with ${code}`);
    await stored(servers);
    const comparison = await compareWithChain(devnet, servers.connection, last);
    const verified = await verify(servers, comparison.differences.length, onProgress);
    return { ...comparison, kills, verified };
  } finally {
    await life.kill();
    await dataflow.stop(5_000);
    await devnet.stop();
    await servers.stop();
  }
}

function lifeOptions(devnet: Devnet, servers: OwnServers) {
  const [first, ...more] = devnet.endpoints.map(({ url }) => url);
  const config = {
    rpcUrl: first,
    moreRpcUrls: more,
    startSlot: "first",
    concurrency: 32,
    requestTimeoutMs: 150,
    pollMs: 40,
    watchdogMs: 1_000,
    notYetTimeoutMs: 2_000,
    retryFailedMs: 300,
    retryFailedSlots: 100,
    finalityMs: 300,
    quarantineMs: 2_000,
    maxBehindSlots: 50,
  };
  return { config, connection: servers.connection, brokers: servers.brokers };
}

/** Waits for a condition while ingest lives. */
async function settledOr(
  life: Life,
  condition: () => boolean | Promise<boolean>,
  { slots, slotMs, limitMs = 240_000 }: ExperimentOptions,
  onProgress: (text: string) => void = () => {},
  standing: () => Promise<string> = async () => "",
): Promise<void> {
  const until = performance.now() + slots * slotMs + limitMs;
  let told = performance.now();
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`not settled in time: ${await standing()}`);
    if (performance.now() - told > 10_000) {
      told = performance.now();
      onProgress(await standing());
    }
    const ended = await Promise.race([life.ended, systemClock.delay(20).then(() => null)]);
    if (ended !== null) throw new Error(`ingest ended by itself with ${ended}: ${life.out}`);
  }
}

/** Nothing up to `last` is unsettled or can still be taken back. */
async function isSettled({ store }: OwnServers, last: number): Promise<boolean> {
  const final = await store.cursor("solana/finalized");
  if (final === null || final.slot < last) return false;
  const range = { from: 0, to: last };
  const [unsettled, open] = [
    await store.unsettledSlots("solana", 1, range),
    await store.publications("solana", range, 1),
  ];
  return unsettled.length === 0 && open.length === 0;
}

async function standing({ store }: OwnServers, firstSlot: number): Promise<string> {
  const [cursor, final, summary] = await Promise.all([
    store.cursor("solana"),
    store.cursor("solana/finalized"),
    store.ledgerSummary("solana"),
  ]);
  const { missing, failed } = summary.slots;
  return `cursor ${(cursor?.slot ?? 0) - firstSlot}, final ${(final?.slot ?? 0) - firstSlot}, ${missing} missing, ${failed} failed, ${summary.open} open`;
}

/** Waits until dataflow has stored all that was published. */
async function stored({ kafka, store }: OwnServers): Promise<void> {
  const admin = await createAdmin(kafka);
  try {
    const { trades, blocks } = TOPICS.solana;
    const ends = await admin.endOffsets([trades, blocks]);
    const names = [...ends.keys()].map(parsePartitionName);
    const { group } = dataflowSchema.parse({});
    for (;;) {
      const offsets = await store.offsets(group, names);
      if ([...ends].every(([name, end]) => end === 0n || offsets.get(name) === end)) return;
      await systemClock.delay(50);
    }
  } finally {
    await admin.close();
  }
}

/** `candlewick verify`, but for slots after the last that is compared, which are still under way. */
async function verify(
  { store }: OwnServers,
  differences: number,
  onProgress: (text: string) => void,
): Promise<boolean> {
  const report = await store.verify();
  const wrong = report.checks.filter((check) => check.differences > 0 && check.name !== "ledger");
  for (const { name, examples } of wrong) onProgress(`verify ${name}: ${examples.join("; ")}`);
  return wrong.length === 0 && differences === 0;
}
