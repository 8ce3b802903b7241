import type { PoolCreated } from "@candlewick/domain";
import { slot } from "@candlewick/domain";
import type { StoredPool } from "@candlewick/store";
import { describe, expect, test } from "vitest";
import { PeerHealth } from "../src/backoff.ts";
import { BACKFILL_REASON, keptCursorName, LateSlots } from "../src/late.ts";
import { noMetrics } from "../src/metrics.ts";
import type { ChainOracle, IngestPorts, SlotEntry, SlotTruth } from "../src/ports.ts";
import { PublicationLog } from "../src/publication-log.ts";
import { SettlementPublisher } from "../src/publish.ts";
import { settleBlock } from "../src/settlement.ts";
import { blockAt, linkedRules, type ModelChain, type ModelSlot } from "./chain-model.ts";
import { lineOf, MemoryLedger, MemoryLog, ModelSource, memoryPorts } from "./memory-ports.ts";

const quiet = new AbortController().signal;

function chainOf(...slots: readonly (readonly [number, ModelSlot])[]): ModelChain {
  return { first: slots[0]?.[0] ?? 0, slots: new Map(slots) };
}

function missing(at: number, reason: string, blockId: string | null = null): SlotEntry {
  return { slot: at, status: "missing", attempts: 0, reason, blockId };
}

/** A source whose oracle says what `truths` holds. */
class ToldSource extends ModelSource {
  readonly truths = new Map<number, SlotTruth>();
  isConfirmed: boolean | null = true;
  readonly oracle: ChainOracle = {
    judge: async () => "both",
    confirm: async () => this.isConfirmed,
    truth: async (at) => this.truths.get(at) ?? null,
    finalized: async (after) => ({ through: after, slots: [] }),
  };
}

function openLate(ports: IngestPorts, perRound = 8) {
  const { clock, random, logger, ledger, publisher, source } = ports;
  const persistence = { clock, random, health: new PeerHealth("memory", clock, logger), onRetry: () => {} };
  const log = source.oracle == null ? null : new PublicationLog("solana", ledger, persistence);
  const sender = new SettlementPublisher(publisher, { chain: "solana" }, persistence);
  const settings = { cursorName: "model", everyMs: 1_000, perRound };
  return { late: new LateSlots(ports, settings, linkedRules, sender, log, persistence), log, sender };
}

test.each([
  [false, "is not what the chain has"],
  [null, "is not known to be what the chain has"],
])(
  "a late block is published only once it is confirmed; not where the answer is %s",
  async (answer, reason) => {
    const source = new ToldSource(chainOf([101, { kind: "block", decoded: blockAt(101, 100) }]));
    source.isConfirmed = answer;
    const [ledger, messages] = [new MemoryLedger(), new MemoryLog()];
    const { late } = openLate(memoryPorts(source.chain, { source, ledger, publisher: messages }));
    const entry = missing(101, "it failed");
    expect(await late.settle(entry, quiet)).toBe(false);
    expect(messages.lines()).toEqual([]);
    expect(ledger.slots.get(101)).toMatchObject({
      status: "missing",
      reason: expect.stringContaining(reason),
    });
    source.isConfirmed = true;
    expect(await late.settle(entry, quiet)).toBe(true);
    expect(ledger.slots.get(101)).toMatchObject({ status: "processed", blockId: "block-101" });
  },
);

describe("a block that was taken back", () => {
  test("is published again where it turns out to be the chain's after all", async () => {
    const decoded = blockAt(101, 100, { dollars: 150 });
    const source = new ToldSource(chainOf([101, { kind: "block", decoded }]));
    const [ledger, messages] = [new MemoryLedger(), new MemoryLog()];
    const { late, log, sender } = openLate(
      memoryPorts(source.chain, { source, ledger, publisher: messages }),
    );
    const before = { slot: 100, blockId: "block-100", blockTime: null, solPrice: null };
    const settlement = settleBlock(before, decoded, 1, linkedRules);
    await log?.note(settlement, quiet);
    await sender.sendTrades(settlement, quiet);
    await sender.sendRecords(settlement, quiet);
    const published = messages.lines();
    const entry = missing(101, "it is doubted", "block-101");
    ledger.slots.set(101, entry);

    source.truths.set(101, { kind: "block", id: "another" });
    expect(await late.settle(entry, quiet)).toBe(false);
    expect(messages.lines().slice(published.length)).toEqual([expect.stringContaining('"orphaned"')]);
    expect(ledger.published.size).toBe(0);

    messages.messages.length = 0;
    source.truths.set(101, { kind: "block", id: "block-101" });
    expect(await late.settle(entry, quiet)).toBe(true);
    expect(messages.lines()).toEqual(published);
    expect([...ledger.published.keys()]).toEqual(["101 block-101"]);
    expect(ledger.slots.get(101)).toMatchObject({ status: "processed", blockId: "block-101" });
  });
});

describe("a round", () => {
  test("sees what was reopened beside any number of slots that backfill asked for", async () => {
    const chain = chainOf([5_000, { kind: "block", decoded: blockAt(5_000, 4_999) }]);
    const ledger = new MemoryLedger();
    const open = [
      ...Array.from({ length: 2_500 }, (_, at) => missing(at, BACKFILL_REASON)),
      missing(4_000, "lies before a block that is missing"),
      missing(5_000, "it is doubted", "other"),
    ];
    for (const entry of open) ledger.slots.set(entry.slot, entry);
    const counts: number[] = [];
    const metrics = { ...noMetrics, unsettled: (count: number) => counts.push(count) };
    const { late } = openLate(memoryPorts(chain, { ledger, metrics }), 2);
    await late.round(quiet);
    expect(counts).toEqual([open.length]);
    expect(ledger.slots.get(5_000)?.status).toBe("processed");
    expect(ledger.slots.get(4_000)?.attempts).toBe(1);
  });

  test("goes beyond those that must wait", async () => {
    const last = 2_400;
    const chain = chainOf([last, { kind: "block", decoded: blockAt(last, last - 1) }]);
    const ledger = new MemoryLedger();
    for (let at = 0; at <= last; at++) ledger.slots.set(at, missing(at, BACKFILL_REASON));
    const { late } = openLate(memoryPorts(chain, { ledger }), 1_500);
    await late.round(quiet);
    await late.round(quiet);
    expect(ledger.slots.get(last)?.status).toBe("processed");
  });

  test("keeps the price that each block leaves for the next", async () => {
    const chain = chainOf(
      [100, { kind: "block", decoded: blockAt(100, 99, { dollars: 150 }) }],
      [101, { kind: "block", decoded: blockAt(101, 100) }],
    );
    const [ledger, publisher] = [new MemoryLedger(), new MemoryLog()];
    for (const at of [100, 101]) ledger.slots.set(at, missing(at, BACKFILL_REASON));
    const { late } = openLate(memoryPorts(chain, { ledger, publisher }));
    await late.round(quiet);
    expect(ledger.cursors.get(keptCursorName("model", 101))?.solPrice).toMatchObject({
      usd: 150_000_000_000n,
    });
    const record = publisher.messages.findLast(({ topic }) => topic === "sol-blocks");
    expect(record === undefined ? "" : lineOf(record)).toContain("150");
  });

  test("prices a slot from what a backfill beside it kept first", async () => {
    const chain = chainOf(
      [100, { kind: "block", decoded: blockAt(100, 99, { dollars: 150 }) }],
      [101, { kind: "block", decoded: blockAt(101, 100) }],
    );
    const [ledger, publisher] = [new MemoryLedger(), new MemoryLog()];
    for (const at of [100, 101]) ledger.slots.set(at, missing(at, BACKFILL_REASON));
    const name = keptCursorName("model", 101);
    const read = ledger.cursor.bind(ledger);
    ledger.cursor = async (asked) => {
      const found = await read(asked);
      // The other one comes between our reading and our writing.
      if (asked === name && found === null) {
        const solPrice = { usd: 149_000_000_000n, slot: 100, time: blockAt(100, 99).block.time ?? 0 };
        ledger.cursors.set(name, { slot: 100, blockId: "b", blockTime: null, solPrice });
      }
      return found;
    };
    const { late } = openLate(memoryPorts(chain, { ledger, publisher }));
    await late.round(quiet);
    expect(ledger.cursors.get(name)?.solPrice?.usd).toBe(149_000_000_000n);
    const record = publisher.messages.findLast(({ topic }) => topic === "sol-blocks");
    expect(record === undefined ? "" : lineOf(record)).toContain("149");
  });
});

test("a pool that began in a late block is kept before the slot is entered", async () => {
  const decoded = blockAt(100, 99);
  const created: PoolCreated = {
    kind: "created",
    pool: "pool-1",
    venue: "RaydiumV4",
    tx: "tx-100-0",
    program: "program",
    creator: "maker",
    sides: [
      { mint: "token", decimals: 6, reserve: null },
      { mint: "base", decimals: 9, reserve: null },
    ],
    name: null,
    symbol: null,
    supply: null,
    position: { slot: slot(100), txIndex: 0, outer: 0, inner: null, hop: 0 },
  };
  const chain = chainOf([100, { kind: "block", decoded: { ...decoded, poolEvents: [created] } }]);
  const ledger = new MemoryLedger();
  ledger.slots.set(100, missing(100, BACKFILL_REASON));
  const saved: (readonly [StoredPool, SlotEntry["status"] | undefined])[] = [];
  const savePools = async (pools: readonly StoredPool[]) => {
    for (const pool of pools) saved.push([pool, ledger.slots.get(100)?.status]);
  };
  const { late } = openLate(memoryPorts(chain, { ledger, savePools }));
  await late.round(quiet);
  expect(saved).toEqual([[expect.objectContaining({ pool: "pool-1", blockId: "block-100" }), "missing"]]);
  expect(ledger.slots.get(100)?.status).toBe("processed");
});
