import { decodeBlock as decodeBlockRecord, decodeTrades } from "@candlewick/contracts";
import {
  ChainFeed,
  type Devnet,
  startDevnet,
  startYellowstone,
  type UpdateFeed,
  type YellowstoneServer,
  type YellowstoneServerOptions,
} from "@candlewick/devnet";
import { CandlewickError, systemClock } from "@candlewick/runtime";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openDecoder } from "../src/main.ts";
import type { Commitment } from "../src/ports.ts";
import { IngestRun, type RunSettings } from "../src/run.ts";
import { SolanaRpcSource } from "../src/sources/solana-rpc.ts";
import { YellowstoneSource } from "../src/sources/yellowstone/yellowstone.ts";
import { linkedRules } from "./chain-model.ts";
import { MemoryLedger, MemoryLog, MemoryLogger, memoryPorts } from "./memory-ports.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startChain(
  options: Partial<YellowstoneServerOptions> & {
    replaySlots?: number;
    wrap?: (feed: UpdateFeed) => UpdateFeed;
  } = {},
): Promise<{ node: Devnet; server: YellowstoneServer }> {
  const node = await startDevnet({
    historySlots: 150,
    chain: {
      slotMs: 25,
      tradesPerSlot: 2,
      votesPerBlock: 1,
      skippedSlotRate: 0.3,
      forkedSlotRate: 0.2,
      pairs: 16,
    },
  });
  const { replaySlots = 1_000, wrap = (feed: UpdateFeed) => feed, ...rest } = options;
  const feed = wrap(new ChainFeed(node.chain, systemClock, replaySlots));
  const server = await startYellowstone({ feed, ...rest });
  closers.push(async () => {
    await server.stop();
    await node.stop();
  });
  return { node, server };
}

interface Followed {
  readonly ledger: MemoryLedger;
  readonly log: MemoryLog;
  readonly logger: MemoryLogger;
}

/** The source as it is configured, and the JSON-RPC beside it. */
function openStream(
  { node, server }: { node: Devnet; server: YellowstoneServer },
  commitment: Commitment,
  logger: MemoryLogger,
  options: { start?: number; fallback?: boolean; maxBufferBytes?: number } = {},
): { source: YellowstoneSource; fallback: SolanaRpcSource } {
  const shared = {
    clock: systemClock,
    random: Math.random,
    logger,
    startSlot: options.start ?? node.chain.options.firstSlot,
  };
  const fallback = new SolanaRpcSource({
    ...shared,
    rpcUrl: node.url,
    wsUrl: null,
    commitment: "confirmed",
    lookbackSlots: 0,
    maxTransactionVersion: 0,
    timeoutMs: 5_000,
    maxResponseBytes: 10_000_000,
    pollMs: 50,
    watchdogMs: 1_000,
    blockAttempts: 3,
    notYetTimeoutMs: 2_000,
    onRpcError: () => {},
  });
  const source = new YellowstoneSource({
    ...shared,
    url: server.url,
    token: null,
    commitment,
    timeoutMs: 5_000,
    maxMessageBytes: 64 * 1024 * 1024,
    maxBufferBytes: options.maxBufferBytes ?? 64 * 1024 * 1024,
    notYetTimeoutMs: 300,
    watchdogMs: 2_000,
    fallback: options.fallback === true ? fallback : null,
    onTrouble: () => {},
  });
  return { source, fallback };
}

/** Follows the stream until everything up to `until` is final. */
async function follow(
  { node, server }: { node: Devnet; server: YellowstoneServer },
  commitment: Commitment,
  until: number,
  options: { start?: number; fallback?: boolean; maxBufferBytes?: number } = {},
  { ledger, log, logger }: Followed = {
    ledger: new MemoryLedger(),
    log: new MemoryLog(),
    logger: new MemoryLogger(),
  },
): Promise<Followed> {
  const { source, fallback } = openStream({ node, server }, commitment, logger, options);
  const settings: RunSettings = {
    rules: { ...linkedRules, commitment },
    window: 8,
    onBadBlock: "skip",
    cursorName: "solana",
    format: {},
    late: { when: "rounds", everyMs: 100, perRound: 50 },
    finalityEveryMs: 50,
  };
  const ports = memoryPorts(
    { first: 0, slots: new Map() },
    {
      source,
      logger,
      ledger,
      publisher: log,
      clock: systemClock,
      decode: openDecoder(0).decode,
    },
  );
  const run = new IngestRun(ports, settings);
  await run.start();
  const deadline = Date.now() + 50_000;
  const isDone = () =>
    (ledger.cursors.get("solana/finalized")?.slot ?? 0) >= until &&
    [...ledger.published.values()].every(({ slot }) => slot > until) &&
    [...ledger.slots.values()].every(
      ({ slot, status }) => slot > until || status === "processed" || status === "skipped",
    );
  while (!isDone() && Date.now() < deadline) {
    await Promise.race([systemClock.delay(20), run.done]);
  }
  await run.stop(5_000);
  if (options.fallback !== true) await fallback.close();
  expect(
    isDone(),
    `${JSON.stringify([...ledger.slots.values()].slice(-5))} ${[...ledger.published.keys()]}`,
  ).toBe(true);
  return { ledger, log, logger };
}

/** The last word on every block, and the trades of each, against the chain. */
function compare(node: Devnet, { ledger, log }: Followed, from: number, until: number) {
  const { calendar } = node.chain;
  const verdicts = new Map<string, string>();
  const trades = new Map<string, Set<string>>();
  for (const { topic, value } of log.messages) {
    if (topic === "sol-blocks") {
      const { id, status } = decodeBlockRecord(value);
      if (id !== null && verdicts.get(id) !== "finalized") verdicts.set(id, status);
    } else {
      for (const { block, tx, position } of decodeTrades(value)) {
        const known = trades.get(block.id) ?? new Set();
        trades.set(block.id, known.add(`${tx} ${position.outer} ${position.inner} ${position.hop}`));
      }
    }
  }
  let orphaned = 0;
  for (let at = from; at <= until; at++) {
    const id = calendar.hashOf(at);
    const hasBlock = calendar.hasBlock(at);
    expect(ledger.slots.get(at)?.status, `slot ${at}`).toBe(hasBlock ? "processed" : "skipped");
    if (hasBlock) expect(verdicts.get(id), `block of slot ${at}`).toBe("finalized");
    else if (verdicts.has(id)) {
      orphaned += 1;
      expect(verdicts.get(id), `dead block of slot ${at}`).toBe("orphaned");
    }
    const truth = hasBlock ? node.truthOf(at) : verdicts.has(id) ? node.chain.orphanTruthOf(at) : [];
    const expected = truth.map(({ tx, position: { outer, inner, hop } }) => `${tx} ${outer} ${inner} ${hop}`);
    expect([...(trades.get(id) ?? [])].sort()).toEqual(expected.sort());
  }
  return { orphaned };
}

describe("a Yellowstone stream", () => {
  test("at processed: what dies is orphaned, what stays becomes final", async () => {
    const chain = await startChain();
    const first = chain.node.chain.options.firstSlot;
    const until = chain.node.headSlot() + 60;
    const followed = await follow(chain, "processed", until);
    expect(compare(chain.node, followed, first, until).orphaned).toBeGreaterThan(5);
    const statuses = followed.log.messages
      .filter(({ topic }) => topic === "sol-blocks")
      .map(({ value }) => decodeBlockRecord(value).status);
    expect(statuses).toContain("processed");
    expect(followed.logger.at("error")).toEqual([]);
  });

  test("at confirmed there are no forks, and a stream that is cut goes on where it was", async () => {
    let events = 0;
    // Each stream brings more than what is asked for again after the one before.
    const chain = await startChain({ pingMs: 100, cuts: () => ++events % 300 === 0 });
    const first = chain.node.chain.options.firstSlot;
    const until = chain.node.headSlot() + 100;
    const followed = await follow(chain, "confirmed", until);
    expect(events).toBeGreaterThan(900);
    expect(compare(chain.node, followed, first, until).orphaned).toBe(0);
  });

  test("that no longer has the slots to go on with leaves the gap to JSON-RPC", async () => {
    const chain = await startChain({ replaySlots: 20 });
    const first = chain.node.chain.options.firstSlot;
    const until = chain.node.headSlot() + 40;
    const followed = await follow(chain, "confirmed", until, { fallback: true });
    compare(chain.node, followed, first, until);
  });

  test("that falls silent is opened anew", async () => {
    let subscriptions = 0;
    const chain = await startChain({
      wrap: (feed) => ({
        firstAvailable: () => feed.firstAvailable(),
        headSlot: (commitment) => feed.headSlot(commitment),
        *replay(fromSlot) {
          subscriptions += 1;
          const isFirst = subscriptions === 1;
          let told = 0;
          for (const event of feed.replay(fromSlot)) {
            if (isFirst && ++told > 60) return;
            yield event;
          }
        },
        async *follow(signal) {
          for await (const event of feed.follow(signal)) if (subscriptions > 1) yield event;
        },
      }),
    });
    const first = chain.node.chain.options.firstSlot;
    const until = chain.node.headSlot() + 20;
    const followed = await follow(chain, "confirmed", until);
    compare(chain.node, followed, first, until);
    expect(subscriptions).toBeGreaterThan(1);
    expect(followed.logger.at("warn")).toContainEqual(expect.stringContaining("nothing came for 2000 ms"));
  });

  test("is held back while its blocks are not taken, and loses none", async () => {
    const chain = await startChain();
    const first = chain.node.chain.options.firstSlot;
    const until = chain.node.headSlot() + 20;
    const followed = await follow(chain, "confirmed", until, { maxBufferBytes: 60_000 });
    compare(chain.node, followed, first, until);
  });

  test("goes on after a restart", async () => {
    const chain = await startChain();
    const first = chain.node.chain.options.firstSlot;
    const before = await follow(chain, "processed", chain.node.headSlot() + 20);
    const until = chain.node.headSlot() + 30;
    const followed = await follow(chain, "processed", until, {}, before);
    compare(chain.node, followed, first, until);
  });

  test("that has a hole says so where nobody else can be asked, once", async () => {
    let hole = 0;
    const isThere = ({ slot }: { readonly slot: number }) => slot !== hole;
    const chain = await startChain({
      wrap: (feed) => ({
        firstAvailable: () => feed.firstAvailable(),
        headSlot: (commitment) => feed.headSlot(commitment),
        *replay(fromSlot) {
          yield* Iterator.from(feed.replay(fromSlot)).filter(isThere);
        },
        async *follow(signal) {
          for await (const event of feed.follow(signal)) if (isThere(event)) yield event;
        },
      }),
    });
    const { calendar, options } = chain.node.chain;
    hole = options.firstSlot + 10;
    while (!calendar.hasBlock(hole)) hole += 1;
    const logger = new MemoryLogger();
    const { source, fallback } = openStream(chain, "confirmed", logger);
    closers.push(
      () => fallback.close(),
      () => source.close(),
    );
    const { signal } = new AbortController();
    await source.plan(options.firstSlot - 1, 1, signal);
    const look = () => source.finalized(options.firstSlot, options.firstSlot + 1_000, signal);
    const isTold = async () => {
      await look();
      return logger.at("error").length > 0;
    };
    await vi.waitUntil(isTold, { timeout: 30_000 });
    expect(await look()).toEqual({ through: options.firstSlot, slots: [] });
    expect((await source.finalized(hole, hole + 20, signal)).through).toBeGreaterThan(hole);
    expect(logger.at("error")).toEqual([
      "finality cannot be followed over a hole in the stream: set ingest.grpcFallback and rpcUrl",
    ]);
  });

  test("that is refused ends ingest with one sentence", async () => {
    const chain = await startChain({ token: "right" });
    const failure = await follow(chain, "confirmed", 1).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CandlewickError);
    expect(String(failure)).toMatch(/refuses the subscription: No valid auth token/);
  });
});
