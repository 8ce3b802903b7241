import { decodeBlock, decodeTrades } from "@candlewick/contracts";
import { type FaultRates, startDevnet } from "@candlewick/devnet";
import type { Trade } from "@candlewick/domain";
import { systemClock } from "@candlewick/runtime";
import { expect, test } from "vitest";
import { openDecoder } from "../src/main.ts";
import { IngestRun, type RunSettings } from "../src/run.ts";
import { SolanaRpcSource } from "../src/sources/solana-rpc.ts";
import { linkedRules } from "./chain-model.ts";
import { MemoryLedger, MemoryLog, MemoryLogger, memoryPorts } from "./memory-ports.ts";

const settings: RunSettings = {
  rules: linkedRules,
  window: 8,
  onBadBlock: "skip",
  cursorName: "solana",
  format: {},
  late: { when: "rounds", everyMs: 200, perRound: 8 },
};

/** Follows the node from where the ledger is until the cursor is at `until` and no slot is unsettled. */
async function follow(
  url: string,
  until: number,
  ledger: MemoryLedger,
  log: MemoryLog,
): Promise<MemoryLogger> {
  const logger = new MemoryLogger();
  const source = new SolanaRpcSource({
    rpcUrl: url,
    wsUrl: null,
    commitment: "confirmed",
    startSlot: "first",
    lookbackSlots: 0,
    maxTransactionVersion: 0,
    timeoutMs: 5_000,
    maxResponseBytes: 64_000_000,
    pollMs: 50,
    watchdogMs: 2_000,
    blockAttempts: 4,
    notYetTimeoutMs: 10_000,
    clock: systemClock,
    random: Math.random,
    logger,
    onRpcError: () => {},
  });
  const reached = Promise.withResolvers<void>();
  const check = () => {
    const settled = [...ledger.slots.values()].every(
      ({ status }) => status === "processed" || status === "skipped",
    );
    if (settled && (ledger.cursors.get("solana")?.slot ?? 0) >= until) reached.resolve();
  };
  const { saveCursor, recordSlots } = MemoryLedger.prototype;
  ledger.saveCursor = async (name, cursor) => {
    await saveCursor.call(ledger, name, cursor);
    check();
  };
  ledger.recordSlots = async (chain, entries) => {
    await recordSlots.call(ledger, chain, entries);
    check();
  };
  const { decode } = openDecoder(0);
  const ports = { source, logger, ledger, publisher: log, clock: systemClock, decode };
  const run = new IngestRun(memoryPorts({ first: 0, slots: new Map() }, ports), settings);
  await run.start();
  await Promise.race([reached.promise, run.done]);
  await run.stop(10_000);
  return logger;
}

const faulty: Partial<FaultRates> = {
  rateLimited: 0.02,
  serverError: 0.03,
  cutConnection: 0.05,
  truncatedBody: 0.05,
  cutSubscription: 0.05,
  lateBlock: 0.05,
};
const cases: [string, Partial<FaultRates>][] = [
  ["a node that works", {}],
  ["a node that fails in every way that it can", faulty],
];

test.each(cases)("every trade of %s is published, over a stop and a gap", async (_name, faults) => {
  const chain = { slotMs: 40, tradesPerSlot: 4, votesPerBlock: 1, skippedSlotRate: 0.1, pairs: 16 };
  const node = await startDevnet({ chain, historySlots: 60, faults });
  const ledger = new MemoryLedger();
  const log = new MemoryLog();
  const first = node.chain.options.firstSlot;
  const before = await follow(node.url, first + 50, ledger, log);
  const after = await follow(node.url, node.headSlot() + 20, ledger, log);
  await node.stop();

  const end = ledger.cursors.get("solana")?.slot ?? 0;
  expect([...ledger.slots.keys()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: end - first + 1 }, (_, index) => first + index),
  );
  const published = new Map<string, Trade>();
  for (const { topic, value } of log.messages) {
    if (topic !== "sol-trades") continue;
    for (const trade of decodeTrades(value)) published.set(nameOf(trade.tx, trade.position), trade);
  }
  let expected = 0;
  for (let at = first; at <= end; at++) {
    for (const truth of node.truthOf(at)) {
      expected += 1;
      const trade = published.get(nameOf(truth.tx, truth.position));
      expect(trade).toMatchObject({ pair: truth.pool, venue: truth.venue });
      const buy = trade?.base.mint === truth.assetIn.mint;
      expect(trade?.baseAmount).toBe(buy ? truth.userIn : truth.userOut);
      expect(trade?.tokenAmount).toBe(buy ? truth.userOut : truth.userIn);
    }
  }
  expect(published.size).toBe(expected);
  expect(expected).toBeGreaterThan(100);
  const announced = new Map(
    log.messages
      .filter(({ topic }) => topic === "sol-blocks")
      .map(({ value }) => decodeBlock(value))
      .map((record) => [record.slot, record]),
  );
  for (const [at, { status }] of ledger.slots) {
    const expected = status === "processed" ? /^(confirmed|finalized)$/ : /^skipped$/;
    expect(announced.get(at as never)?.status).toMatch(expected);
  }
  expect([...before.at("error"), ...after.at("error")].filter((line) => line.includes("mismatch"))).toEqual(
    [],
  );
});

function nameOf(tx: string, { outer, inner, hop }: Trade["position"]): string {
  return `${tx} ${outer} ${inner} ${hop}`;
}
