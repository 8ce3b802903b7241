import { startBroker } from "@candlewick/broker";
import { decodeBlock, decodeTrades, TOPICS, topicSpecs } from "@candlewick/contracts";
import { slot, type Trade } from "@candlewick/domain";
import { type ConsumedRecord, createAdmin, createProducer, startReader } from "@candlewick/kafka";
import { silentLogger, systemClock } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PeerHealth } from "../src/backoff.ts";
import { recordMessage, SettlementPublisher, tradeMessages } from "../src/publish.ts";
import { settleBlock, settleFailure } from "../src/settlement.ts";
import { blockAt, linkedRules } from "./chain-model.ts";
import { lineOf } from "./memory-ports.ts";

const settled = settleBlock(null, blockAt(100, 99, { swaps: 12, dollars: 150 }), 1, linkedRules);
const format = { chain: "solana", partitionKey: "slot", maxMessageBytes: 10_000_000 } as const;

function keysOf(trades: readonly Trade[], changed: Partial<Parameters<typeof tradeMessages>[2]>): string[] {
  return tradeMessages(slot(100), trades, { ...format, ...changed }).map(
    ({ key, headers }) => `${key} ${headers?.part}/${headers?.parts}`,
  );
}

describe("the messages of a block's trades", () => {
  test("no trades, no message", () => {
    expect(keysOf([], {})).toEqual([]);
  });

  test("one by slot", () => {
    expect(keysOf(settled.trades, {})).toEqual(["100 1/1"]);
  });

  test("one of each pair by pair, in the order in which pairs appear", () => {
    expect(keysOf(settled.trades, { partitionKey: "pair" })).toEqual([
      "sol-usdc 1/4",
      "pool-1 2/4",
      "pool-2 3/4",
      "pool-0 4/4",
    ]);
  });

  test.each(["slot", "pair"] as const)(
    "by %s they hold every trade once, parts within the bound",
    (partitionKey) => {
      const maxMessageBytes = 3_000;
      const messages = tradeMessages(slot(100), settled.trades, { ...format, partitionKey, maxMessageBytes });
      expect(messages.length).toBeGreaterThan(4);
      expect(messages.every(({ value }) => (value?.length ?? 0) <= maxMessageBytes)).toBe(true);
      expect(messages.map(({ headers }) => headers?.part)).toEqual(
        messages.map((_, index) => String(index + 1)),
      );
      const trades = messages.flatMap(({ value }) => decodeTrades(value));
      const byPosition = (a: Trade, b: Trade) => a.position.txIndex - b.position.txIndex;
      expect(trades.sort(byPosition)).toEqual(settled.trades);
    },
  );

  test("the same block gives the same bytes", () => {
    const again = settleBlock(null, blockAt(100, 99, { swaps: 12, dollars: 150 }), 3, linkedRules);
    const lines = (trades: readonly Trade[]) => tradeMessages(slot(100), trades, format).map(lineOf);
    expect(lines(again.trades)).toEqual(lines(settled.trades));
  });

  test("carry no time stamp, which would expire old blocks on arrival", () => {
    const messages = [
      ...tradeMessages(slot(100), settled.trades, format),
      ...settled.records.map(recordMessage),
    ];
    for (const message of messages) expect(message.timestampMs).toBeUndefined();
  });
});

describe("with a broker", () => {
  let stop: () => Promise<void>;
  let brokers: string[];
  beforeAll(async () => {
    const broker = await startBroker();
    brokers = [broker.address];
    stop = () => broker.stop();
  });
  afterAll(() => stop());

  test("what is sent is what is read, trades before their record", async () => {
    const connection = { brokers, clientId: "test", logger: silentLogger };
    const admin = await createAdmin(connection);
    await admin.createTopics(topicSpecs("solana", 3));
    await admin.close();
    const producer = await createProducer(connection);
    const publisher = new SettlementPublisher(
      producer,
      { maxMessageBytes: 4_000 },
      {
        clock: systemClock,
        random: Math.random,
        health: new PeerHealth("Kafka", systemClock, silentLogger),
        onRetry: () => {},
      },
    );
    const signal = new AbortController().signal;
    const failed = { slot: slot(103), status: "failed", reason: "x", attempts: 1 } as const;
    const gap = settleFailure(settled.cursor, failed, linkedRules, { proved: true });
    await publisher.sendTrades(settled, signal);
    await publisher.sendRecords(settled, signal);
    await publisher.sendRecords(gap, signal);
    await producer.close();

    const expected = settled.trades.length;
    const records: ConsumedRecord[] = [];
    const all = Promise.withResolvers<void>();
    const trades = () =>
      records
        .filter(({ topic }) => topic === TOPICS.solana.trades)
        .flatMap(({ value }) => decodeTrades(value));
    const blocks = () => records.filter(({ topic }) => topic === TOPICS.solana.blocks);
    const reader = await startReader(connection, {
      topics: [TOPICS.solana.trades, TOPICS.solana.blocks],
      from: "first",
      onRecords(some) {
        records.push(...some);
        if (trades().length >= expected && blocks().length >= 4) all.resolve();
      },
    });
    await all.promise;
    await reader.stop(5_000);
    const byPosition = (a: Trade, b: Trade) => a.position.txIndex - b.position.txIndex;
    expect(trades().sort(byPosition)).toEqual(settled.trades);
    const statuses = blocks().map(({ value }) => decodeBlock(value));
    expect(statuses.map((record) => [record.slot, record.status, record.tradeCount]).sort()).toEqual([
      [100, "confirmed", expected],
      [101, "skipped", 0],
      [102, "skipped", 0],
      [103, "failed", 0],
    ]);
    expect(statuses.find((record) => record.slot === 100)?.nativeUsd).toBe(150_000_000_000n);
  });
});
