import { slot } from "@candlewick/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DecodedBlock, DecodeError, RAYDIUM_V4_PROGRAM } from "../src/index.ts";
import { PatternSet } from "../src/pattern-set.ts";
import { readWholeBlock } from "../src/solana/block.ts";
import { readCompactBlock } from "../src/solana/compact-block.ts";
import { decodeEntries, decodeSolanaBlock } from "../src/solana/decode-block.ts";
import { BLOCK, BLOCK_SLOT, hasRecordedData, type Json, recorded } from "./recorded-data.ts";
import { accountsAt, Bytes, type Call, transactionOf, transfer } from "./transaction-builder.ts";

const SLOT = slot(BLOCK_SLOT);
const whole = (bytes: Uint8Array) => decodeEntries(readWholeBlock(bytes), SLOT);
const compact = (bytes: Uint8Array) => {
  const entries = readCompactBlock(bytes);
  return entries === null ? null : decodeEntries(entries, SLOT);
};
const bytesOf = (value: unknown, indent?: number) => Buffer.from(JSON.stringify(value, null, indent));

const FACTS = { blockhash: "hash", previousBlockhash: "parent", parentSlot: 1, blockTime: 2, blockHeight: 3 };
const SWAP: Call = {
  program: RAYDIUM_V4_PROGRAM,
  accounts: accountsAt(8, {
    1: "pool",
    3: "coin vault",
    4: "sol vault",
    5: "user sol",
    6: "user coins",
    7: "user",
  }),
  data: new Bytes().u8(16).u64(1, 2).bytes(),
  calls: [transfer("user sol", "sol vault", 10n), transfer("coin vault", "user coins", 20n)],
};
const BALANCES = [
  { account: "sol vault", mint: "sol", before: 1n, after: 11n },
  { account: "coin vault", mint: "coin", before: 100n, after: 80n },
];
const swap = () => transactionOf([SWAP], { balances: BALANCES });
const failed = () => transactionOf([SWAP], { balances: BALANCES, err: { InstructionError: [0, "x"] } });
const other = () => transactionOf([{ program: "Vote", accounts: ["a"], data: Uint8Array.of(1) }]);
/** A log that writes the very bytes that part transactions and name venues. */
const imitation = () => {
  const built = other() as { meta: Json };
  const logMessages = [
    '},{"transaction":{',
    `}],"transactions":[{"meta":{"err":null`,
    RAYDIUM_V4_PROGRAM,
    '\\"},{"meta":{\\',
  ];
  return { ...built, meta: { ...built.meta, logMessages } };
};
const metaFirst = ({ meta, transaction }: Json) => ({ meta, transaction, version: 0 });

describe("the reader of compactly written blocks", () => {
  it.each<[string, Json[]]>([
    ["one swap", [swap()]],
    ["swaps between others", [other(), swap(), failed(), other(), swap(), failed(), swap()]],
    ["no swap", [other(), other()]],
    ["a swap at the end", [failed(), swap()]],
    ["texts that look like structure", [imitation(), swap(), imitation(), failed(), imitation()]],
  ])("finds what parsing the whole finds: %s", (_, transactions) => {
    for (const ordered of [transactions, transactions.map(metaFirst)]) {
      for (const block of [
        { ...FACTS, transactions: ordered },
        { transactions: ordered, ...FACTS, rewards: [{ pubkey: "x", list: [] }] },
        { jsonrpc: "2.0", result: { ...FACTS, transactions: ordered }, id: 1 },
      ]) {
        const bytes = bytesOf(block);
        expect(compact(bytes)).toEqual(whole(bytes));
        expect(compact(bytes)?.block.transactions).toBe(ordered.length);
      }
    }
  });

  it.each<[string, Buffer]>([
    ["spaces", bytesOf({ ...FACTS, transactions: [swap()] }, 1)],
    ["an empty block", bytesOf({ ...FACTS, transactions: [] })],
    [
      "a list of that name elsewhere",
      bytesOf({ x: { transactions: [swap()] }, ...FACTS, transactions: [other()] }),
    ],
    ["another first field", bytesOf({ ...FACTS, transactions: [{ version: 0, ...swap() }] })],
    ...[",  {", " ,{", ",\t{", ", {"].map((border): [string, Buffer] => [
      `one border written as ${JSON.stringify(border)}`,
      Buffer.from(
        JSON.stringify({ ...FACTS, transactions: [other(), failed(), failed(), other(), swap()] }).replace(
          /\},\{("transaction":.*?)\},\{("transaction":)/,
          `},{$1}${border}$2`,
        ),
      ),
    ]),
    ["mixed first fields", bytesOf({ ...FACTS, transactions: [swap(), metaFirst(swap()), swap()] })],
  ])("leaves to the other what is laid out otherwise: %s", (_, bytes) => {
    expect(compact(bytes)).toBeNull();
    expect(decodeSolanaBlock(bytes, SLOT)).toEqual(whole(bytes));
  });

  it("agrees on what is changed at random, or looks at less of it", () => {
    const text = JSON.stringify({ ...FACTS, transactions: [other(), swap(), failed(), swap(), other()] });
    const change = fc.record({
      at: fc.nat(text.length - 1),
      remove: fc.nat(3),
      insert: fc.string({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(change, ({ at, remove, insert }) => {
        const bytes = Buffer.from(text.slice(0, at) + insert + text.slice(at + remove));
        const [found, expected] = [() => decodeSolanaBlock(bytes, SLOT), () => whole(bytes)].map(outcome);
        // What is damaged in a failed transaction is only noticed where that is parsed at all.
        if (expected === null) return;
        expect(found?.block).toEqual(expected?.block);
        expect(found?.swaps).toEqual(expected?.swaps);
        for (const [reason, count] of found?.skipped ?? []) {
          expect(count).toBeLessThanOrEqual(expected?.skipped.get(reason) ?? 0);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

function outcome(decode: () => DecodedBlock): DecodedBlock | null {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return null;
  }
}

describe("a set of patterns", () => {
  it("finds the first of them, as a search for each does", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 60 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(
        text,
        fc.array(pattern, { minLength: 1, maxLength: 4 }),
        fc.nat(10),
        (hay, needles, from) => {
          const offsets = needles
            .map((needle) => hay.indexOf(needle, from))
            .filter((offset) => offset !== -1);
          const expected = offsets.length === 0 ? -1 : Math.min(...offsets);
          expect(new PatternSet(needles).find(Buffer.from(hay), from, hay.length)).toBe(expected);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("does not find what ends behind the end", () => {
    expect(new PatternSet(["abc"]).find(Buffer.from("xabc"), 0, 3)).toBe(-1);
    expect(() => new PatternSet(["a"])).toThrow(RangeError);
  });
});

describe.skipIf(!hasRecordedData)("recorded blocks", () => {
  const names = [BLOCK, "blocks/encodings/get_block_json_encoding.json.gz"];
  const legacy = ["18144001", "43200000", "64800004"].map((name) => `blocks/legacy/${name}.getBlock.json.gz`);

  it.each([...names, ...legacy])("%s: both readers find the same", (name) => {
    const bytes = recorded(name);
    expect(compact(bytes)).toEqual(whole(bytes));
  });

  it("is read the same with the fields in the order of nodes, and with spaces", () => {
    const { transactions, ...facts } = JSON.parse(recorded(BLOCK).toString());
    const expected = whole(recorded(BLOCK));
    const turned = bytesOf({ ...facts, transactions: transactions.map(metaFirst) });
    expect(compact(turned)).toEqual(expected);
    const spaced = bytesOf({ ...facts, transactions }, 1);
    expect(compact(spaced)).toBeNull();
    expect(decodeSolanaBlock(spaced, SLOT)).toEqual(expected);
  });

  it("has few transactions that are parsed at all", () => {
    const read = readCompactBlock(recorded(BLOCK));
    expect([...(read?.entries ?? [])].length).toBeLessThan(60);
  });
});
