import { slot } from "@candlewick/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError, decodeSolanaBlock, decodeSolanaTransaction, TOKEN_PROGRAM } from "../src/index.ts";
import { SOLANA_VENUES } from "../src/solana/venues.ts";
import { DecoderFuzz, fuzzCorpus } from "./fuzz/fuzz-run.ts";
import { checkOutcome } from "./fuzz/invariants.ts";
import { Bytes, type Call, selfCpi, transactionOf } from "./transaction-builder.ts";

const MAX_U64 = (1n << 64n) - 1n;
const SLOT = slot(123);

/** Decodes; only a DecodeError may be thrown. */
function decodeAny(bytes: Uint8Array): void {
  try {
    checkOutcome(decodeSolanaBlock(bytes, SLOT));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });

/** Discriminators (or tags) of the instructions of each venue, and the names of its events. */
const CALLS: Readonly<Record<string, { names: readonly string[]; events: readonly string[] }>> = {
  PumpFun: {
    names: [
      "66063d1201daebea",
      "33e685a4017f83ad",
      "b817ee6167c5d33d",
      "07051dc4f5176550",
      "e19a7516d756f667",
    ],
    events: ["bddb7fd34ee661ee", "6fb06d8b316cd5fb"],
  },
  PumpSwap: {
    names: ["66063d1201daebea", "33e685a4017f83ad", "c2ab1c46684d5b2f", "2b644913e9f66f94"],
    events: ["67f4521f2cf57777", "3e2f370aa503dc2a"],
  },
  RaydiumV4: { names: ["09", "0b", "10", "11"], events: [] },
  RaydiumClmm: {
    names: ["f8c69e91e17587c8", "2b04ed0b1ac91e62", "457d73daf5baf2c4"],
    events: ["40c6cde8260871e2"],
  },
  RaydiumCpmm: { names: ["8fbe5adac41e33de", "37d96256a34ab4ad"], events: ["40c6cde8260871e2"] },
  OrcaWhirlpool: {
    names: ["f8c69e91e17587c8", "2b04ed0b1ac91e62", "c360ed6c44a2dbe6", "ba8fd11dfe02c275"],
    events: ["e1ca49af932ba096"],
  },
  MeteoraDlmm: {
    names: ["f8c69e91e17587c8", "414b3f4ceb5b5b88"],
    events: ["516ce3becdd00ac4", "2e7452d7941b544d"],
  },
  MeteoraDammV1: { names: ["f8c69e91e17587c8"], events: ["516ce3becdd00ac4"] },
  MeteoraDammV2: {
    names: ["f8c69e91e17587c8", "414b3f4ceb5b5b88"],
    events: ["1b3c15d58aaabb93", "bd4233a826507599"],
  },
  RaydiumLaunchLab: {
    names: ["faea0d7bd59c13ec", "18d3742869039938", "9527de9bd37c981a", "5fc8472208090ba6"],
    events: ["bddb7fd34ee661ee"],
  },
  Moonshot: { names: ["66063d1201daebea", "33e685a4017f83ad"], events: ["bddb7fd34ee661ee"] },
  MeteoraDbc: {
    names: ["f8c69e91e17587c8", "414b3f4ceb5b5b88"],
    events: ["1b3c15d58aaabb93", "bd4233a826507599"],
  },
};
/** Few accounts, so that transfers often join those of an instruction. */
const NAMES = ["a", "b", "c", "d"];
const named = fc.constantFrom(...NAMES);
const amount = fc.oneof(fc.bigInt({ min: 0n, max: 1000n }), fc.constantFrom(MAX_U64, MAX_U64 - 1n));
const amounts = fc.array(amount, { minLength: 14, maxLength: 60 });

/** How many numbers stand before the address that an event is about. */
const LEADING: Readonly<Record<string, number>> = { PumpSwap: 14, Moonshot: 5 };

function eventOf(venue: string, names: readonly string[]): fc.Arbitrary<Uint8Array> {
  // PumpFun's events are about a mint, Moonshot's are about one of the accounts and nothing else helps there.
  const mints = venue === "Moonshot" ? [] : NAMES.map((name) => `mint ${name}`);
  const subject = fc.constantFrom(...NAMES, ...mints);
  const leading = LEADING[venue] ?? 0;
  return fc
    .tuple(fc.constantFrom(...names), subject, amounts, fc.nat(500))
    .map(([name, about, fields, cut]) => {
      const bytes = new Bytes()
        .hex(name)
        .u64(...fields.slice(0, leading))
        .key(...(leading > 0 ? [about, "user"] : [about]))
        .u64(...fields)
        .bytes();
      return cut > 250 ? bytes : bytes.subarray(0, 8 + cut);
    });
}

const tokenCall: fc.Arbitrary<Call> = fc
  .record({ accounts: fc.tuple(named, named, named, named), amount, tag: fc.constantFrom(3, 3, 3, 7, 8, 12) })
  .map((of) => ({
    program: TOKEN_PROGRAM,
    accounts: of.accounts,
    data: new Bytes().u8(of.tag).u64(of.amount).u8(6).bytes(),
  }));

const venueCall: fc.Arbitrary<Call> = fc
  .constantFrom(...SOLANA_VENUES.values())
  .chain(({ program, venue }) => {
    const { names = [], events = [] } = CALLS[venue] ?? {};
    const event = events.length === 0 ? fc.constant(new Uint8Array()) : eventOf(venue, events);
    return fc.record({
      program: fc.constant(program),
      accounts: fc.array(named, { minLength: 6, maxLength: 36 }),
      data: fc
        .tuple(fc.constantFrom(...names), fc.oneof(bytes(0, 40), bytes(34, 50)))
        .map(([name, rest]) => Buffer.concat([Buffer.from(name, "hex"), rest])),
      calls: fc.array(
        fc.oneof(
          tokenCall,
          event.map((left) => selfCpi(program, left)),
        ),
        { maxLength: 6 },
      ),
      logData: fc.array(event, { minLength: venue === "Moonshot" ? 2 : 0, maxLength: 3 }),
    });
  });

describe("the decoders", () => {
  it("take any instruction of a venue", () => {
    const decoded = new Set<string>();
    // Some instructions name a mint among their accounts, others leave it to the vaults' balances.
    const balances = NAMES.flatMap((account) => [
      { account, mint: `mint ${account}`, before: 1000n, after: 1000n },
      { account: `holder of ${account}`, mint: account, before: 1000n, after: 1000n },
    ]);
    fc.assert(
      fc.property(fc.array(venueCall, { minLength: 1, maxLength: 3 }), fc.boolean(), (calls, heights) => {
        const found = decodeSolanaTransaction(transactionOf(calls, { balances, heights }), SLOT, 0);
        checkOutcome(found);
        for (const { venue } of found.swaps) decoded.add(venue);
      }),
      { numRuns: 4000 },
    );
    // The generator is of use only if it makes swaps.
    expect([...decoded].sort()).toEqual(Object.keys(CALLS).sort());
  });

  it("take any bytes for a block", () => {
    fc.assert(fc.property(bytes(0, 300), decodeAny), { numRuns: 1000 });
    fc.assert(
      fc.property(fc.json(), (text) => decodeAny(Buffer.from(text))),
      { numRuns: 1000 },
    );
  });
});

describe("the decoders", () => {
  it("take damaged transactions and blocks in every format", () => {
    const report = new DecoderFuzz(fuzzCorpus()).run(0, 12_000);
    expect(report.swaps).toBeGreaterThan(4_000);
    expect(report.refused).toBeGreaterThan(300);
    // What stands in real bytes is changed into most of what can be wrong.
    expect(report.skipped.size).toBeGreaterThan(6);
  }, 240_000);
});
