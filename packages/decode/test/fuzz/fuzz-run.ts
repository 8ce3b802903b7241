import { createChain } from "@candlewick/devnet";
import { slot } from "@candlewick/domain";
import { type BlockFormat, DecodeError, decodeBlock, decodeSolanaTransaction } from "../../src/index.ts";
import { inBase64, inConfirmedBlock, inYellowstone } from "../block-encoders.ts";
import { BLOCK, hasRecordedData, type Json, recorded, recordedTransactions } from "../recorded-data.ts";
import { checkOutcome } from "./invariants.ts";
import { mutateBytes, mutateData, mutateJson } from "./mutation.ts";
import { Random } from "./random.ts";
import { countSwaps } from "./swap-count.ts";

export interface FuzzReport {
  readonly cases: number;
  /** Cases that ended in a DecodeError: the bytes were no block, or no transaction, any more. */
  readonly refused: number;
  readonly swaps: number;
  readonly skipped: ReadonlyMap<string, number>;
}

const SLOT = slot(123);
const FACTS = {
  blockhash: "hash",
  previousBlockhash: "parent",
  parentSlot: 122,
  blockTime: 1,
  blockHeight: 2,
};

/** Real transactions where they are there, and simulated ones of every venue, all with swaps or pools' events. */
export function fuzzCorpus(): Json[] {
  const chain = createChain({ genesisUnixMs: 1_760_000_000_000, seed: "fuzz", launchEverySlots: 20 });
  const simulated: Json[] = [];
  for (let index = 5_000; index < 5_040; index++) {
    const at = chain.options.firstSlot + index;
    if (!chain.calendar.hasBlock(at)) continue;
    for (const entry of chain.blockAt(at).transactions) simulated.push(entry as unknown as Json);
  }
  const real = hasRecordedData
    ? [
        ...(JSON.parse(recorded(BLOCK).toString()) as { transactions: Json[] }).transactions,
        ...recordedTransactions().map(({ result }) => result),
      ]
    : [];
  return [...real, ...simulated].filter((entry) => {
    const { swaps, poolEvents } = decodeSolanaTransaction(entry, SLOT, 0);
    return swaps.length + poolEvents.length > 0;
  });
}

/** Decodes `cases` mutations of the corpus. Throws, with the number of the case, where a law is broken. */
export class DecoderFuzz {
  readonly #texts: readonly string[];
  readonly #blocks: readonly (readonly [BlockFormat, Uint8Array])[];
  #refused = 0;
  #swaps = 0;
  readonly #skipped = new Map<string, number>();

  constructor(corpus: readonly Json[]) {
    this.#texts = corpus.map((entry) => JSON.stringify(entry));
    this.#blocks = blocksOf(corpus);
  }

  run(first: number, cases: number): FuzzReport {
    for (let number = first; number < first + cases; number++) {
      try {
        this.#one(new Random(number));
      } catch (error) {
        throw new Error(`case ${number}: ${String(error)}`, { cause: error });
      }
    }
    return { cases, refused: this.#refused, swaps: this.#swaps, skipped: this.#skipped };
  }

  #one(random: Random): void {
    if (random.chance(0.1)) this.#block(random);
    else this.#transaction(random);
  }

  #transaction(random: Random): void {
    const entry = JSON.parse(random.pick(this.#texts)) as Json;
    const changes = 1 + random.below(3);
    if (random.chance(0.6)) for (let k = 0; k < changes; k++) mutateData(entry, random);
    else for (let k = 0; k < changes; k++) mutateJson(entry, random);
    this.#decode(() => {
      const found = decodeSolanaTransaction(entry, SLOT, 0);
      const counted = [...found.skipped.values()].reduce((sum, count) => sum + count, 0);
      const expected = countSwaps(entry);
      if (found.swaps.length + counted < expected) {
        throw new Error(`${expected} swap instructions, ${found.swaps.length} swaps, ${counted} counted`);
      }
      return found;
    });
  }

  #block(random: Random): void {
    const [format, bytes] = random.pick(this.#blocks);
    let changed = mutateBytes(bytes, random);
    if (random.chance(0.3)) changed = mutateBytes(changed, random);
    this.#decode(() => decodeBlock(format, changed, SLOT));
  }

  #decode(decode: () => ReturnType<typeof decodeSolanaTransaction>): void {
    try {
      const found = decode();
      checkOutcome(found);
      this.#swaps += found.swaps.length;
      for (const [reason, count] of found.skipped) {
        this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + count);
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#refused++;
    }
  }
}

/** Small blocks in every format. */
function blocksOf(corpus: readonly Json[]): (readonly [BlockFormat, Uint8Array])[] {
  const blocks: (readonly [BlockFormat, Uint8Array])[] = [];
  const encodable = corpus.filter((entry) => hasHeader(entry));
  for (let first = 0; first + 2 <= encodable.length && blocks.length < 200; first += 2) {
    const block: Json = { ...FACTS, transactions: encodable.slice(first, first + 2) };
    blocks.push(
      ["json", Buffer.from(JSON.stringify(block))],
      ["json", Buffer.from(JSON.stringify(inBase64(block)))],
      ["yellowstone", inYellowstone(block, SLOT)],
      ["confirmed-block", inConfirmedBlock(block)],
    );
  }
  return blocks;
}

function hasHeader(entry: Json): boolean {
  const { message } = entry.transaction as { message: { header?: unknown } };
  return message.header !== undefined;
}
