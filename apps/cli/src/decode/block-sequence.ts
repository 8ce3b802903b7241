import type { DecodedBlock } from "@candlewick/decode";
import { nextSolPrice, type Slot, type SolPrice, slot, type Trade, tradeOfSwap } from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { inputName } from "../input-file.ts";
import { note } from "../output.ts";
import { usageError } from "../usage.ts";
import { type BlockFile, decodeBlockFile, expandBlockFiles, readBlockBytes } from "./block-file.ts";

/** A block file whose slot is known; the bytes only where they had to be read to know it. */
interface PlacedFile {
  readonly file: string;
  readonly slot: Slot;
  readonly bytes: Buffer | null;
}

/** The blocks of files in the order of their slots, one in memory at a time. */
export async function* decodeInOrder(
  names: readonly string[],
  givenSlot: number | undefined,
): AsyncGenerator<DecodedBlock> {
  const files = expandBlockFiles(names);
  if (givenSlot !== undefined && files.length !== 1) {
    throw usageError(`--slot tells the slot of one block, and ${files.length} files were given`, "decode");
  }
  if (files.filter(({ file }) => file === "-").length > 1)
    throw usageError('"-" can be given once only', "decode");
  const placed: PlacedFile[] = [];
  for (const file of files) placed.push(await place(file, givenSlot));
  placed.sort((a, b) => a.slot - b.slot);
  refuseSameSlot(placed);
  for (const { file, slot: at, bytes } of placed)
    yield decodeBlockFile(file, bytes ?? (await readBlockBytes(file)), at);
}

/** Finds the slot of a block: from the flag, the name, or as the one after its parent's, which is only a guess. */
async function place({ file, slot: named }: BlockFile, givenSlot: number | undefined): Promise<PlacedFile> {
  if (givenSlot !== undefined) return { file, slot: slot(givenSlot), bytes: null };
  if (named !== null) return { file, slot: named, bytes: null };
  const bytes = await readBlockBytes(file);
  const { parentSlot } = decodeBlockFile(file, bytes, slot(0)).block;
  if (parentSlot === null) {
    throw new CandlewickError(
      ERRORS.badInput,
      `the slot of ${inputName(file)} is not known`,
      "Tell it with --slot N",
    );
  }
  note(
    `candlewick: taking ${parentSlot + 1} as the slot of ${inputName(file)}, the one after its parent; --slot N tells another`,
  );
  return { file, slot: slot(parentSlot + 1), bytes };
}

function refuseSameSlot(placed: readonly PlacedFile[]): void {
  placed.forEach((current, index) => {
    const before = placed[index - 1];
    if (before?.slot !== current.slot) return;
    throw new CandlewickError(
      ERRORS.badInput,
      `${before.file} and ${current.file} are both slot ${current.slot}`,
      "Give each block once",
    );
  });
}

/** Makes trades of blocks in order: the price of SOL is carried from block to block. */
export class TradeSequence {
  #solPrice: SolPrice | null = null;

  /** The trades of the next block, in position order. */
  next({ block, swaps }: DecodedBlock): Trade[] {
    this.#solPrice = nextSolPrice(this.#solPrice, block, swaps);
    const usd = this.#solPrice?.usd ?? null;
    const ref = { chain: "solana" as const, id: block.id, slot: block.slot, time: block.time };
    return swaps.map((swap) => tradeOfSwap(swap, ref, usd));
  }
}
