import { slot } from "@candlewick/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DecodedBlock,
  DecodeError,
  decodeConfirmedBlock,
  decodeSolanaBlock,
  decodeYellowstoneBlock,
  RAYDIUM_V4_PROGRAM,
} from "../src/index.ts";
import { readCompactBlock } from "../src/solana/compact-block.ts";
import { inBase64, inConfirmedBlock, inYellowstone } from "./block-encoders.ts";
import { BLOCK, BLOCK_SLOT, hasRecordedData, type Json, recorded } from "./recorded-data.ts";
import { accountsAt, Bytes, type Call, transactionOf, transfer } from "./transaction-builder.ts";

const SLOT = slot(BLOCK_SLOT);
const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

/** A block in each encoding, decoded. */
function decodings(block: Json): Record<string, DecodedBlock> {
  return {
    base64: decodeSolanaBlock(bytesOf(inBase64(block)), SLOT),
    "base64, spaced": decodeSolanaBlock(Buffer.from(JSON.stringify(inBase64(block), null, 1)), SLOT),
    yellowstone: decodeYellowstoneBlock(inYellowstone(block, SLOT)),
    "yellowstone, in another order": decodeYellowstoneBlock(inYellowstone(block, SLOT, "reverse")),
    "confirmed block": decodeConfirmedBlock(inConfirmedBlock(block), SLOT),
  };
}

const SWAP: Call = {
  program: RAYDIUM_V4_PROGRAM,
  accounts: accountsAt(8, { 1: "pool", 3: "coins", 4: "sols", 5: "user sol", 6: "user coin", 7: "user" }),
  data: new Bytes().u8(16).u64(1, 2).bytes(),
  calls: [transfer("user sol", "sols", 10n), transfer("coins", "user coin", 20n)],
};
const BALANCES = [
  { account: "sols", mint: "sol", before: 1n, after: 11n, owner: "pool" },
  { account: "coins", mint: "coin", before: 100n, after: 80n },
];
const FACTS = {
  blockhash: "hash",
  previousBlockhash: "parent",
  parentSlot: 7,
  blockTime: 2,
  blockHeight: 3,
};
const block = (transactions: readonly Json[], facts: Json = FACTS): Json => ({ ...facts, transactions });
const swap = (loaded = 0) => transactionOf([SWAP], { balances: BALANCES, loaded });
const failed = () => transactionOf([SWAP], { balances: BALANCES, err: { InstructionError: [0, "x"] } });
const other = () => transactionOf([{ program: "Vote", accounts: ["a"], data: Uint8Array.of(1) }]);
const versioned = (entry: Json) => ({ ...entry, version: 0 });

describe("the encodings", () => {
  it.each<[string, Json]>([
    ["nothing", block([])],
    ["swaps between others", block([other(), swap(), failed(), versioned(swap()), other()])],
    ["keys from lookup tables", block([versioned(swap(4)), swap(0), versioned(swap(11))])],
    ["no time and no height", block([swap()], { ...FACTS, blockTime: null, blockHeight: null })],
    ["no metadata", block([{ ...swap(), meta: null }, swap()])],
    ["records without depths", block([transactionOf([SWAP, SWAP], { balances: BALANCES, heights: false })])],
  ])("give the same: %s", (_, of) => {
    const expected = decodeSolanaBlock(bytesOf(of), SLOT);
    for (const [name, found] of Object.entries(decodings(of)))
      expect([name, found]).toEqual([name, expected]);
  });

  it("are read without parsing what no venue touches, base64 too", () => {
    const entries = readCompactBlock(
      bytesOf(inBase64(block([other(), other(), failed(), swap(9), other()]))),
    );
    expect(entries?.entries).toHaveLength(2);
  });
});

describe("bytes that are no block", () => {
  const whole = inYellowstone(block([swap(), other()]), 5);

  it.each<[string, () => unknown, RegExp]>([
    ["nothing", () => decodeYellowstoneBlock(new Uint8Array()), /no bytes/],
    ["no hash", () => decodeConfirmedBlock(Buffer.of(24, 1), SLOT), /no block hash/],
    ["a group", () => decodeConfirmedBlock(Buffer.of(11), SLOT), /wire type 3/],
    ["field zero", () => decodeConfirmedBlock(Buffer.of(0, 1), SLOT), /number 0/],
    ["a cut", () => decodeYellowstoneBlock(whole.subarray(0, 40)), /beyond its end|within a number/],
    [
      "a filter that left transactions out",
      () => decodeYellowstoneBlock(Buffer.concat([whole, Buffer.of(72, 9)])),
      /2 of 9 transactions; subscribe with "include_transactions"/,
    ],
    [
      "an endless number",
      () => decodeConfirmedBlock(Buffer.from([8, ...Array.from({ length: 11 }, () => 0xff)]), SLOT),
      /more than ten bytes/,
    ],
  ])("are refused: %s", (_, decode, message) => {
    expect(decode).toThrow(DecodeError);
    expect(decode).toThrow(message);
  });

  it("are never an error of another kind", () => {
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      remove: fc.nat(4),
      insert: fc.uint8Array({ maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let bytes = whole;
        for (const { at, remove, insert } of changes) {
          bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
        }
        for (const decode of [() => decodeYellowstoneBlock(bytes), () => decodeConfirmedBlock(bytes, SLOT)]) {
          try {
            decode();
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
          }
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe.skipIf(!hasRecordedData)("the recorded block", () => {
  const of = (): Json => JSON.parse(recorded(BLOCK).toString());

  it("is the same in all encodings", () => {
    const expected = decodeSolanaBlock(recorded(BLOCK), SLOT);
    expect(expected.swaps).toHaveLength(28);
    for (const [name, found] of Object.entries(decodings(of()))) {
      expect([name, found]).toEqual([name, expected]);
    }
  });

  it("is read without its votes and failures in base64", () => {
    const read = readCompactBlock(bytesOf(inBase64(of())));
    expect([...(read?.entries ?? [])].length).toBeLessThan(60);
  });
});
