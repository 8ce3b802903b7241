import { decodeBlock } from "@candlewick/contracts";
import { describe, expect, test } from "vitest";
import { PeerHealth } from "../src/backoff.ts";
import { Finality, finalizedCursorName } from "../src/finality.ts";
import { writeKeptSettlement } from "../src/kept-settlement.ts";
import { keptCursorName } from "../src/late.ts";
import type { ChainOracle, SlotTruth } from "../src/ports.ts";
import { SettlementPublisher } from "../src/publish.ts";
import { emptyRecord, settleBlock } from "../src/settlement.ts";
import { blockAt, linkedRules } from "./chain-model.ts";
import { MemoryLedger, MemoryLog, memoryPorts } from "./memory-ports.ts";

const quiet = new AbortController().signal;
const FINAL = 20_000;

/** A ledger whose chain is final up to `FINAL`, with published blocks in it, and an oracle of which one can tell. */
function openFinality(published: readonly { readonly at: number; readonly fork?: string }[]) {
  const [ledger, publisher] = [new MemoryLedger(), new MemoryLog()];
  const cursor = { slot: FINAL, blockId: null, blockTime: null, solPrice: null };
  ledger.cursors.set(finalizedCursorName("model"), cursor);
  for (const { at, fork = "" } of published) {
    const { records } = settleBlock(
      null,
      blockAt(at, at === 0 ? null : at - 1, { fork, swaps: 0 }),
      1,
      linkedRules,
    );
    const record = records[0] ?? emptyRecord("solana", blockAt(at, null).block.slot, "failed");
    const blockId = `block${fork}-${at}`;
    const settlement = writeKeptSettlement({ record, before: { ...cursor, slot: at - 1 } });
    ledger.published.set(`${at} ${blockId}`, { slot: at, blockId, settlement });
  }
  const asked: number[] = [];
  const truths = new Map<number, SlotTruth>();
  const oracle: ChainOracle = {
    judge: async () => "both",
    confirm: async () => null,
    truth: async (at) => {
      asked.push(at);
      return truths.get(at) ?? null;
    },
    finalized: async (_after, through) => ({ through, slots: [] }),
  };
  const ports = memoryPorts({ first: 0, slots: new Map() }, { ledger, publisher });
  const { clock, random, logger } = ports;
  const persistence = { clock, random, health: new PeerHealth("memory", clock, logger), onRetry: () => {} };
  const sender = new SettlementPublisher(publisher, { chain: "solana" }, persistence);
  const settings = { cursorName: "model", everyMs: 2_000 };
  const finality = new Finality(ports, oracle, settings, linkedRules, sender, persistence, () => {});
  const announced = () =>
    publisher.messages.map(({ value }) => decodeBlock(value)).map(({ id, status }) => [id, status]);
  return { finality, ledger, asked, truths, announced };
}

describe("what became final", () => {
  test("is announced beside any number of old blocks of which nobody knows", async () => {
    const old = Array.from({ length: 9_000 }, (_, at) => ({ at }));
    const { finality, ledger, asked, truths, announced } = openFinality([
      ...old,
      { at: FINAL + 1 },
      { at: FINAL + 1, fork: "dead" },
    ]);
    truths.set(FINAL + 1, { kind: "block", id: `block-${FINAL + 1}` });
    await finality.round(FINAL + 1, quiet);
    expect(announced()).toEqual([
      [`block-${FINAL + 1}`, "finalized"],
      [`blockdead-${FINAL + 1}`, "orphaned"],
    ]);
    expect(ledger.published.size).toBe(old.length);
    expect(asked.length).toBeLessThanOrEqual(1 + 200);
  });

  test("is taken in parts where it is more than a round reads", async () => {
    const forks = ["a", "b", "c", "d", "e"];
    const slots = Array.from({ length: 2_000 }, (_, index) => FINAL + 1 + index);
    const { finality, ledger, truths, announced } = openFinality(
      slots.flatMap((at) => forks.map((fork) => ({ at, fork }))),
    );
    for (const at of slots) truths.set(at, { kind: "block", id: `blocka-${at}` });
    const ends: number[] = [];
    while (ledger.published.size > 0 && ends.length < 5) {
      await finality.round(FINAL + 2_000, quiet);
      ends.push(ledger.cursors.get(finalizedCursorName("model"))?.slot ?? 0);
    }
    expect(ends).toEqual([FINAL + 1_599, FINAL + 2_000]);
    expect(announced()).toHaveLength(slots.length * forks.length);
  });
});

test.each([
  { name: "that is reopened", status: "processed" },
  { name: "that is missing", status: "missing" },
] as const)("a slot $name keeps what its block is priced from", async ({ status }) => {
  const at = FINAL + 1;
  const { finality, ledger, truths } = openFinality([{ at, fork: "dead" }]);
  ledger.slots.set(at, { slot: at, status, attempts: 1, reason: null, blockId: `blockdead-${at}` });
  truths.set(at, { kind: "block", id: `block-${at}` });
  await finality.round(at, quiet);
  expect(ledger.slots.get(at)?.status).toBe("missing");
  expect(ledger.published.size).toBe(0);
  expect(ledger.cursors.get(keptCursorName("model", at))?.slot).toBe(FINAL);
});

describe("old blocks", () => {
  test("come in turn, and those without an answer wait", async () => {
    const { finality, asked } = openFinality(Array.from({ length: 500 }, (_, at) => ({ at })));
    for (let round = 0; round < 3; round++) await finality.round(FINAL, quiet);
    expect([...asked].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, at) => at));
    await finality.round(FINAL, quiet);
    expect(asked).toHaveLength(500);
  });

  test("are asked about again after a pause", async () => {
    const { finality, ledger, truths, announced } = openFinality([{ at: 7 }]);
    await finality.round(FINAL, quiet);
    truths.set(7, { kind: "block", id: "block-7" });
    await finality.round(FINAL, quiet);
    expect(announced()).toEqual([]);
    const stop = new AbortController();
    const run = finality.run(() => {
      if (ledger.published.size === 0) stop.abort();
      return FINAL;
    }, stop.signal);
    await run.catch(() => {});
    expect(announced()).toEqual([["block-7", "finalized"]]);
  });
});
