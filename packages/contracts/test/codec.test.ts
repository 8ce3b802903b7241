import { type BlockRecord, rawAmount, slot, type Trade, WSOL_MINT } from "@candlewick/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ContractError,
  decodeBlock,
  decodeTrades,
  decodeTradesOf,
  encodeBlock,
  encodeTradeMessages,
  encodeTrades,
  topicSpecs,
  tradeWithPair,
} from "../src/index.ts";

/** Texts that PostgreSQL can hold. */
const isPlain = (text: string) => !text.includes("\0");
const amount = fc.bigInt({ min: 0n, max: 2n ** 128n }).map(rawAmount);
const trades: fc.Arbitrary<Trade> = fc
  .record({
    slot: fc.integer({ min: 0, max: 2 ** 53 - 1 }).map(slot),
    time: fc.option(fc.integer({ min: 0, max: 8_640_000_000 })),
    txIndex: fc.integer({ min: 0, max: 0xffffff }),
    outer: fc.integer({ min: 0, max: 0xffff }),
    inner: fc.option(fc.integer({ min: 0, max: 0xfffe })),
    hop: fc.integer({ min: 0, max: 0xff }),
    amounts: fc.tuple(amount, amount, amount, amount),
    reserve: fc.option(amount),
    baseUsd: fc.option(fc.bigInt({ min: 1n, max: 1_000_000n * 10n ** 9n - 1n })),
    decimals: fc.integer({ min: 0, max: 20 }),
    maker: fc.string({ minLength: 1 }),
    clamp: fc.option(fc.boolean()),
    facts: fc.option(
      fc.record({
        baseSymbol: fc.constant("SOL"),
        tokenSymbol: fc.option(fc.string({ minLength: 1, maxLength: 64 }).filter(isPlain)),
        // With a name there is something to know.
        tokenName: fc.string({ minLength: 1, maxLength: 64 }).filter(isPlain),
        tokenSupply: fc.option(amount),
        createdSlot: fc.option(fc.integer({ min: 0, max: 2 ** 53 - 1 }).map(slot)),
        createdTime: fc.option(fc.integer({ min: 0, max: 8_640_000_000 })),
      }),
    ),
  })
  .map((r) => ({
    block: { chain: "solana", id: "hash", slot: r.slot, time: r.time },
    tx: "signature",
    position: { slot: r.slot, txIndex: r.txIndex, outer: r.outer, inner: r.inner, hop: r.hop },
    venue: "PumpFun",
    program: "program",
    pair: "pair",
    side: "sell",
    base: { mint: WSOL_MINT, decimals: 9 },
    token: { mint: "token", decimals: r.decimals },
    baseAmount: r.amounts[0],
    tokenAmount: r.amounts[1],
    poolBaseAmount: r.amounts[2],
    poolTokenAmount: r.amounts[3],
    baseReserve: r.reserve,
    tokenReserve: null,
    baseUsd: r.baseUsd,
    maker: r.maker,
    recipient: null,
    routeId: null,
    ...(r.clamp === null ? {} : { clamp: r.clamp }),
    ...(r.facts === null ? {} : { facts: r.facts }),
  }));

describe("trades", () => {
  test("what is read is what was written, bit for bit", () => {
    fc.assert(
      fc.property(fc.array(trades, { maxLength: 5 }), (list) => {
        expect(decodeTrades(encodeTrades(list))).toEqual(list);
      }),
    );
  });

  test("a large block is split into parts that hold every trade once, in order", () => {
    fc.assert(
      fc.property(fc.array(trades, { minLength: 1, maxLength: 20 }), (list) => {
        const parts = encodeTradeMessages(list, 5_000);
        expect(parts.every((part) => part.length <= 5_000)).toBe(true);
        expect(parts.flatMap(decodeTrades)).toEqual(list);
      }),
      { numRuns: 30 },
    );
    const [one] = fc.sample(trades, 1);
    expect(() => encodeTradeMessages(one === undefined ? [] : [one], 100)).toThrow(/exceeds 100/);
  });

  test("facts of the pair give symbols, supply, creation and values; without them these are null", () => {
    const [sample] = fc.sample(trades, 1);
    if (sample === undefined) throw new Error("no sample");
    const { facts: _, clamp: __, ...bare } = sample;
    const trade: Trade = {
      ...bare,
      token: { mint: "token", decimals: 6 },
      poolBaseAmount: rawAmount(2n * 10n ** 9n),
      poolTokenAmount: rawAmount(10n ** 12n),
      baseUsd: 150n * 10n ** 9n,
    };
    const facts = {
      baseSymbol: "SOL",
      tokenSymbol: "COIN",
      tokenName: "A coin",
      tokenSupply: rawAmount(10n ** 15n),
      createdSlot: slot(7),
      createdTime: 1_700_000_000,
    };
    const known = tradeWithPair({ ...trade, facts, clamp: true });
    // 2 SOL of 150 dollars for a million coins, of which there are a thousand million.
    expect(known).toMatchObject({ fdv: 300_000, mcap: 300_000, clamp: true });
    expect(known.pair_info).toMatchObject({
      name: "COIN/SOL",
      token_symbol: "COIN",
      token_name: "A coin",
      token_total_supply: 1e9,
      token_total_supply_int: 1e15,
      block_num: 7,
      block_time: 1_700_000_000,
    });
    const unknown = tradeWithPair(trade);
    expect(unknown).toMatchObject({ fdv: null, mcap: null, clamp: null });
    expect(unknown.pair_info).toMatchObject({
      name: null,
      token_symbol: null,
      token_total_supply: null,
      block_num: null,
    });
  });

  test("amounts above 2^53 are written as strings", () => {
    const [trade] = fc.sample(trades, 1);
    if (trade === undefined) throw new Error("no sample");
    const message = tradeWithPair({
      ...trade,
      baseAmount: rawAmount(2n ** 53n),
      tokenAmount: rawAmount(2n ** 53n - 1n),
    });
    expect(message.base_token_amount_int).toBe("9007199254740992");
    expect(message.token_amount_int).toBe(9007199254740991);
  });

  test.each([
    ["no value", null, "message: has no value"],
    ["no JSON", "[{", "message: is not JSON"],
    ["no array", "{}", "message: is not an array of trades"],
    ["no object", "[1]", "[0]: is not an object"],
    ["a missing field", "[{}]", "[0].pair_info: is not an object"],
    ["an unknown chain", '[{"pair_info":{},"chain_id_int":7}]', "[0].chain_id_int: is not a known chain"],
  ])("%s is a contract error that names the field", (_name, text, problem) => {
    const value = text === null ? null : Buffer.from(text);
    expect(() => decodeTrades(value)).toThrow(new RegExp(problem.replace(/[[\].]/g, "\\$&")));
    expect(() => decodeTrades(value)).toThrow(ContractError);
  });

  test.each([
    ["one that PostgreSQL cannot hold", "a\0b", "[0].maker: holds a NUL character"],
    ["one of endless length", "x".repeat(257), "[0].maker: is a text of more than 256 characters"],
  ])("a text is no text of a chain: %s", (_name, maker, problem) => {
    const [trade] = fc.sample(trades, 1);
    if (trade === undefined) throw new Error("no sample");
    expect(() => decodeTrades(encodeTrades([{ ...trade, maker }]))).toThrow(problem);
  });

  test("a topic of one chain does not take the trades of another", () => {
    const [trade] = fc.sample(trades, 1);
    if (trade === undefined) throw new Error("no sample");
    const stranger: Trade = { ...trade, block: { ...trade.block, chain: "ethereum" } };
    const message = encodeTrades([trade, stranger]);
    expect(decodeTradesOf("solana", encodeTrades([trade]))).toEqual([trade]);
    expect(() => decodeTradesOf("solana", message)).toThrow("[1].chain_id_int: is not that of solana");
  });

  test("mutated messages never end in anything but a contract error", () => {
    const [trade] = fc.sample(trades, { numRuns: 1, seed: 7 });
    if (trade === undefined) throw new Error("no sample");
    const bytes = encodeTrades([trade]);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const mutated = Buffer.from(bytes);
        mutated[at] = byte;
        try {
          decodeTrades(mutated);
        } catch (error) {
          expect(error).toBeInstanceOf(ContractError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("block records", () => {
  const record: BlockRecord = {
    chain: "solana",
    slot: slot(332_254_855),
    status: "confirmed",
    id: "hash",
    parentSlot: slot(332_254_854),
    parentId: "parent",
    height: 310_000_000,
    time: 1_744_174_462,
    tradeCount: 28,
    nativeUsd: 105_634_218_123n,
    nativeUsdSlot: slot(332_254_855),
  };

  test.each([
    record,
    {
      ...record,
      status: "skipped",
      id: null,
      parentSlot: null,
      parentId: null,
      height: null,
      time: null,
      nativeUsd: null,
      nativeUsdSlot: null,
    },
  ] as BlockRecord[])("round trip %#", (block) => {
    expect(decodeBlock(encodeBlock(block))).toEqual(block);
  });

  test("an unknown status is refused", () => {
    const text = encodeBlock(record).toString().replace("confirmed", "perhaps");
    expect(() => decodeBlock(Buffer.from(text))).toThrow(/block.status: is not one of processed, confirmed/);
  });
});

test("every topic of a chain is created with room for the largest message", () => {
  const specs = topicSpecs("solana", 8);
  expect(specs.map(({ name }) => name)).toEqual([
    "sol-trades",
    "sol-blocks",
    "sol-klines",
    "sol-pair-price-change",
    "sol-trades.dlq",
    "sol-blocks.dlq",
  ]);
});
