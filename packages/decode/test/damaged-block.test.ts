import { slot } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { type DecodedBlock, DecodeError } from "../src/index.ts";
import { readWholeBlock } from "../src/solana/block.ts";
import { readCompactBlock } from "../src/solana/compact-block.ts";
import { decodeEntries } from "../src/solana/decode-block.ts";
import { inBase64 } from "./block-encoders.ts";
import { fuzzCorpus } from "./fuzz/fuzz-run.ts";
import { Random } from "./fuzz/random.ts";
import type { Json } from "./recorded-data.ts";

const SLOT = slot(5);
const FACTS = { blockhash: "hash", previousBlockhash: "parent", parentSlot: 4, blockTime: 1, blockHeight: 2 };
const CASES = 1_000;
/** What breaks the structure of JSON, or only seems to. */
const INSERTS = ["", "]", '"', "}", ",", "0", "\\", "[", "x", ":", "1", '"]', "{"];

describe("a damaged block", () => {
  it("is not read otherwise by the reader that parses little of it, in either encoding and order", () => {
    // Nodes write the header of every message; some recordings were turned from another encoding without.
    const corpus = fuzzCorpus().filter(hasHeader);
    let compared = 0;
    for (let number = 0; number < CASES; number++) {
      const random = new Random(number);
      const bytes = damaged(corpus, random);
      const whole = decodedOrNull(() => decodeEntries(readWholeBlock(bytes), SLOT));
      const compact = readCompactBlock(bytes);
      // What is refused as a whole may still be read where the damage is passed over.
      if (whole === null || compact === null) continue;
      const found = decodedOrNull(() => decodeEntries(compact, SLOT));
      expect([number, found?.block, found?.swaps]).toEqual([number, whole.block, whole.swaps]);
      compared++;
    }
    expect(compared).toBeGreaterThan(CASES / 3);
  }, 120_000);
});

/** Four transactions, two of them failed, and one change somewhere in their text. */
function damaged(corpus: readonly Json[], random: Random): Buffer {
  const list = [0, 1, 2, 3].map((place) => {
    const entry = random.pick(corpus);
    if (place % 2 === 0) return entry;
    return { ...entry, meta: { ...(entry.meta as Json), err: { InstructionError: [0, "x"] } } };
  });
  const block = random.chance(0.5)
    ? inBase64({ ...FACTS, transactions: list })
    : { ...FACTS, transactions: list };
  if (random.chance(0.5)) block.transactions = (block.transactions as Json[]).map(metaFirst);
  const text = JSON.stringify(block);
  const at = random.below(text.length);
  return Buffer.from(text.slice(0, at) + random.pick(INSERTS) + text.slice(at + random.below(4)));
}

const metaFirst = ({ meta, transaction, version = "legacy" }: Json) => ({ meta, transaction, version });

function hasHeader(entry: Json): boolean {
  return (entry.transaction as { message: { header?: unknown } }).message.header !== undefined;
}

function decodedOrNull(decode: () => DecodedBlock): DecodedBlock | null {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return null;
  }
}
