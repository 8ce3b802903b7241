import { encodeBlock, encodeTrades, TOPICS } from "@candlewick/contracts";
import type { BlockRecord, Trade } from "@candlewick/domain";
import type { ConsumedRecord } from "@candlewick/kafka";
import { describe, expect, test } from "vitest";
import { recordOf, type TestBlock, tradeAt } from "../../test-kit/chain.ts";
import { readBatch } from "../src/step.ts";

const { trades: TRADES, blocks: BLOCKS } = TOPICS.solana;
const BLOCK: TestBlock = { prefix: "step", slot: 5, fork: "a" };
const TRADE = tradeAt({ block: BLOCK, txIndex: 0 });
const ZERO = tradeAt({ block: BLOCK, txIndex: 1, base: 0n });
const TIMELESS: Trade = { ...TRADE, block: { ...TRADE.block, time: null } };
const STRANGER: Trade = { ...TRADE, block: { ...TRADE.block, chain: "ethereum" } };
const RECORD = recordOf(BLOCK, "processed", 1);

function consumed(
  topic: string,
  value: Buffer | string | null,
  at: { offset?: bigint; partition?: number } = {},
): ConsumedRecord {
  const { offset = 0n, partition = 0 } = at;
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return { topic, partition, offset, timestampMs: 0, key: null, value: bytes, headers: new Map() };
}

const tradesOf = (...trades: Trade[]) => consumed(TRADES, encodeTrades(trades));
const blockOf = (block: BlockRecord) => consumed(BLOCKS, encodeBlock(block));

describe("what a record comes to", () => {
  test.each([
    ["a trade", tradesOf(TRADE), { trades: [TRADE] }],
    ["an empty message", tradesOf(), {}],
    ["a trade twice: the store knows identities", tradesOf(TRADE, TRADE), { trades: [TRADE, TRADE] }],
    ["a zero side: stored, without a price", tradesOf(ZERO, TRADE), { trades: [ZERO, TRADE], unpriced: 1 }],
    [
      "no block time: not stored",
      tradesOf(TIMELESS, TRADE, TIMELESS),
      { trades: [TRADE], skipped: { "no-block-time": 2 } },
    ],
    ["a block", blockOf(RECORD), { blocks: [RECORD] }],
    [
      "an orphaned block without a time",
      blockOf({ ...RECORD, time: null, status: "orphaned" }),
      { blocks: [{ ...RECORD, time: null, status: "orphaned" }] },
    ],
  ])("%s", (_name, record, expected) => {
    const content = readBatch("solana", [record], new Map());
    expect({ ...content, skipped: Object.fromEntries(content.skipped) }).toEqual({
      ...{ trades: [], blocks: [], skipped: {}, unpriced: 0, rejected: [], repeated: [] },
      ...expected,
      next: new Map([[`${record.topic}:0`, 1n]]),
    });
  });

  test.each([
    ["no value", consumed(TRADES, null), "message: has no value"],
    ["no JSON", consumed(TRADES, "[{"), "message: is not JSON"],
    ["no array", consumed(TRADES, "{}"), "message: is not an array of trades"],
    ["missing fields", consumed(TRADES, '[{"slot":1}]'), "[0].pair_info: is not an object"],
    ["a NUL character", tradesOf({ ...TRADE, maker: "a\0" }), "[0].maker: holds a NUL character"],
    ["one bad trade among good ones", tradesOf(TRADE, { ...TRADE, tx: "" }), "[1].tx_hash: is not a text"],
    ["a trade of another chain", tradesOf(STRANGER), "[0].chain_id_int: is not that of solana"],
    ["trades among the blocks", consumed(BLOCKS, encodeTrades([TRADE])), "block: is not an object"],
    [
      "a block of another chain",
      blockOf({ ...RECORD, chain: "ethereum" }),
      "block.chain_id_int: is not that of solana",
    ],
    ["a block without value", consumed(BLOCKS, null), "message: has no value"],
  ])("poison: %s", (_name, record, problem) => {
    const content = readBatch("solana", [record], new Map());
    expect(content.rejected.map(({ error }) => error.message)).toEqual([problem]);
    expect(content.rejected[0]?.record).toBe(record);
    // The offset moves on: a record that can never be processed holds nothing up.
    expect(content).toMatchObject({ trades: [], blocks: [], next: new Map([[`${record.topic}:0`, 1n]]) });
  });
});

describe("offsets", () => {
  const at = (offset: bigint, partition = 0) =>
    consumed(TRADES, encodeTrades([TRADE]), { offset, partition });

  test.each([
    ["nothing stored yet", null, [0n, 1n, 7n], 3, 8n],
    ["all new", 5n, [5n, 6n], 2, 7n],
    ["below the stored offset", 5n, [3n, 4n, 5n], 1, 6n],
    ["only below the stored offset", 5n, [3n, 4n], 0, undefined],
  ])("%s", (_name, stored, offsets, taken, next) => {
    const records = offsets.map((offset) => at(offset));
    const content = readBatch("solana", records, new Map([[`${TRADES}:0`, stored]]));
    expect(content.trades).toHaveLength(taken);
    expect(content.repeated).toEqual(records.slice(0, records.length - taken));
    expect(content.next.get(`${TRADES}:0`)).toBe(next);
  });

  test("each partition has its own", () => {
    const stored = new Map([[`${TRADES}:1`, 9n]]);
    const content = readBatch("solana", [at(2n), at(8n, 1), at(9n, 1), at(3n)], stored);
    expect(content.next).toEqual(
      new Map([
        [`${TRADES}:0`, 4n],
        [`${TRADES}:1`, 10n],
      ]),
    );
    expect(content.repeated.map(({ offset }) => offset)).toEqual([8n]);
  });
});
