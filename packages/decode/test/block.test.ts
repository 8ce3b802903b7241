import { slot } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { DecodeError, decodeSolanaBlock, decodeSolanaTransaction } from "../src/index.ts";
import { hasRecordedData, recorded } from "./recorded-data.ts";

const EMPTY = {
  blockhash: "hash",
  previousBlockhash: "parent",
  parentSlot: 41,
  blockTime: 1,
  blockHeight: 2,
};

function decode(value: unknown) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return decodeSolanaBlock(Buffer.from(text), slot(42));
}

describe("a block", () => {
  it("may be empty", () => {
    expect(decode({ ...EMPTY, transactions: [] })).toEqual({
      block: {
        slot: 42,
        id: "hash",
        parentSlot: 41,
        parentId: "parent",
        height: 2,
        time: 1,
        transactions: 0,
      },
      swaps: [],
      poolEvents: [],
      skipped: new Map(),
      skippedEvents: new Map(),
      truncatedLogs: 0,
    });
  });

  it("may not know its time and height, and be laid out as one likes", () => {
    const { blockTime, blockHeight, ...known } = EMPTY;
    const block = { ...known, blockTime: null, transactions: [], rewards: [{ pubkey: '}]{["\\' }] };
    for (const text of [
      JSON.stringify(block),
      JSON.stringify(block, null, 2),
      `\uFEFF ${JSON.stringify(block)}\n`,
    ]) {
      expect(decode(text).block).toMatchObject({ id: "hash", time: null, height: null });
    }
    expect([blockTime, blockHeight]).toEqual([1, 2]);
  });

  const transaction = {
    transaction: { signatures: ["s"], message: { accountKeys: ["a"], instructions: [] } },
    meta: { err: null },
  };
  it.each<[string, unknown, RegExp]>([
    ["nothing", "", /no bytes/],
    ["blank", " \n", /no bytes/],
    ["text", "Too many requests", /not JSON/],
    ["a page", "<html>\n<body>\n</body>\n</html>", /not JSON/],
    ["cut short in the head", '{"blockhash":"ha', /not JSON|cut short/],
    [
      "cut short in a transaction",
      JSON.stringify({ ...EMPTY, transactions: [transaction] }).slice(0, -20),
      /cut short/,
    ],
    [
      "cut short after the transactions",
      JSON.stringify({ ...EMPTY, transactions: [transaction] }).slice(0, -1),
      /cut short/,
    ],
    ["two values", `${JSON.stringify({ ...EMPTY, transactions: [] })} {}`, /not JSON/],
    ["null", "null", /answered null/],
    ["a number", "17", /a number/],
    ["an array", "[]", /an array/],
    ["a response without result", { jsonrpc: "2.0", id: 1 }, /"result" is missing/],
    ["a response with null", { jsonrpc: "2.0", id: 1, result: null }, /answered null/],
    [
      "a response with an error",
      { jsonrpc: "2.0", id: 1, error: { code: -32009, message: "Slot 42 was skipped" } },
      /-32009: Slot 42 was skipped/,
    ],
    ["no block hash", { ...EMPTY, blockhash: undefined, transactions: [] }, /"blockhash" is missing/],
    ["a hash that is no text", { ...EMPTY, blockhash: 1, transactions: [] }, /"blockhash" is a number/],
    [
      "a parent that is no text",
      { ...EMPTY, previousBlockhash: 1, transactions: [] },
      /"previousBlockhash" is a number/,
    ],
    ["a parent slot with a fraction", { ...EMPTY, parentSlot: 1.5, transactions: [] }, /"parentSlot" is 1.5/],
    ["a time as text", { ...EMPTY, blockTime: "1", transactions: [] }, /"blockTime" is "1"/],
    ["a negative height", { ...EMPTY, blockHeight: -1, transactions: [] }, /"blockHeight" is -1/],
    ["no transactions", EMPTY, /"transactionDetails": "full"/],
    ["signatures only", { ...EMPTY, signatures: ["s"] }, /"transactionDetails": "full"/],
    ["something else", { hello: "world" }, /"transactions" is missing/],
    ["transactions that are no array", { ...EMPTY, transactions: {} }, /"transactions" is an object/],
    ["a transaction that is null", { ...EMPTY, transactions: [null] }, /transactions\[0\] is null/],
    [
      "a transaction without its own",
      { ...EMPTY, transactions: [{ meta: { err: null } }] },
      /transactions\[0\] has no field "transaction"/,
    ],
    [
      "accounts only",
      {
        ...EMPTY,
        transactions: [{ meta: null, transaction: { accountKeys: [{ pubkey: "a" }], signatures: [] } }],
      },
      /"transactionDetails": "accounts".*"full"/,
    ],
    [
      "base64 that is no transaction",
      { ...EMPTY, transactions: [{ meta: null, transaction: ["AQ==", "base64"] }] },
      /transactions\[0\] is no transaction: it ends after 1 bytes/,
    ],
    [
      "base64 with compression",
      { ...EMPTY, transactions: [{ meta: null, transaction: ["AQ==", "base64+zstd"] }] },
      /encoded as base64\+zstd.*"encoding": "json"/,
    ],
    [
      "base58",
      { ...EMPTY, transactions: [{ meta: null, transaction: "2VfUX" }] },
      /encoded as base58.*"encoding": "json"/,
    ],
  ])("is refused: %s", (_, value, message) => {
    expect(() => decode(value)).toThrow(DecodeError);
    expect(() => decode(value)).toThrow(message);
    // One sentence for people.
    try {
      decode(value);
    } catch (error) {
      expect(String(error)).not.toContain("\n");
      expect(String(error).length).toBeLessThan(300);
    }
  });

  it("is refused where it is larger than any block", () => {
    const bytes = new Uint8Array(256 * 1024 * 1024 + 1);
    expect(() => decodeSolanaBlock(bytes, slot(42))).toThrow(/268435457 bytes/);
  });

  it("is refused where any single byte is missing at its end", () => {
    const text = JSON.stringify({ ...EMPTY, transactions: [transaction, transaction] });
    for (let length = 0; length < text.length; length++) {
      expect(() => decode(text.slice(0, length))).toThrow(DecodeError);
    }
    expect(decode(text).block.transactions).toBe(2);
  });
});

describe("a transaction", () => {
  it.each([null, undefined, 1, "text", []])("is refused: %j", (value) => {
    expect(() => decodeSolanaTransaction(value, slot(1), 0)).toThrow(DecodeError);
  });
});

describe.skipIf(!hasRecordedData)("recorded blocks without swaps", () => {
  it.each([
    ["18144001", { time: null, height: null, transactions: 89 }],
    ["43200000", { time: 1603254141, height: null, transactions: 208 }],
    ["64800004", { time: 1612972004, height: null, transactions: 11 }],
  ])("%s: an old block", (name, facts) => {
    const bytes = recorded(`blocks/legacy/${name}.getBlock.json.gz`);
    const { block, swaps, skipped } = decodeSolanaBlock(bytes, slot(Number(name)));
    expect(block).toMatchObject(facts);
    expect([swaps, skipped.size]).toEqual([[], 0]);
  });

  it("is the same in all encodings", () => {
    const read = (name: string) =>
      decodeSolanaBlock(recorded(`blocks/encodings/get_block_${name}_encoding.json.gz`), slot(1));
    expect(read("json").block.transactions).toBe(25);
    expect(read("base64")).toEqual(read("json"));
    expect(read("json_parsed")).toEqual(read("json"));
  });
});
