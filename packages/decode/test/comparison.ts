import { type Swap, slot as slotOf } from "@candlewick/domain";
import { base58 } from "@scure/base";
import { decodeSolanaTransaction } from "../src/index.ts";
import type { Json } from "./recorded-data.ts";
import { compare, explain, otherTrades } from "./second-opinion.ts";

/** What the two decoders made of many transactions. */
export class Tally {
  /** By venue and verdict or explanation. */
  readonly counts = new Map<string, number>();
  /** What the other one names and we do not decode. */
  readonly others = new Map<string, number>();
  /** Differences that no rule explains. */
  readonly unexplained: string[] = [];
  swaps = 0;

  /** Compares one successful transaction in `json` encoding. */
  add(transaction: Json, slot: number, txIndex: number): void {
    const { swaps } = decodeSolanaTransaction(transaction, slotOf(slot), txIndex);
    const theirs = otherTrades(transaction, slot, this.others);
    this.swaps += swaps.length;
    for (const comparison of compare(swaps, theirs)) {
      const { verdict, venue } = comparison;
      const name =
        verdict === "equal"
          ? "equal"
          : explain(comparison, swaps, theirs.length, { of: (swap) => nameOf(transaction, swap) });
      if (name === null) this.unexplained.push(describe(slot, txIndex, comparison));
      const key = `${venue}: ${name ?? verdict}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    }
  }
}

interface Wire {
  transaction: { message: { instructions: { data: string }[] } };
  meta: { innerInstructions?: { index: number; instructions: { data: string }[] }[] };
}

/** The first eight bytes of the instruction that gave a swap. */
function nameOf(transaction: Json, { position }: Swap): string {
  const { transaction: of, meta } = transaction as unknown as Wire;
  const call =
    position.inner === null
      ? of.message.instructions[position.outer]
      : meta.innerInstructions?.find(({ index }) => index === position.outer)?.instructions[position.inner];
  return Buffer.from(base58.decode(call?.data ?? ""))
    .toString("hex")
    .slice(0, 16);
}

function describe(slot: number, txIndex: number, comparison: object): string {
  const plain = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
  return `slot ${slot}, transaction ${txIndex}: ${JSON.stringify(comparison, plain)}`;
}
