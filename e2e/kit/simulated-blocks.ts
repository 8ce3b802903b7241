import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { createChain } from "@candlewick/devnet";

/** Writes the first blocks of a simulated chain as recorded getBlock results; returns how many trades they hold. */
export function writeSimulatedBlocks(folder: string, slots: number, seed: string): number {
  const chain = createChain({ seed, genesisUnixMs: 1_700_000_000_000 });
  const first = chain.options.firstSlot;
  let trades = 0;
  for (let slot = first; slot < first + slots; slot++) {
    if (!chain.calendar.hasBlock(slot)) continue;
    trades += chain.truthOf(slot).length;
    const file = join(folder, `${slot}.getBlock.json.gz`);
    writeFileSync(file, gzipSync(JSON.stringify(chain.blockAt(slot)), { level: 1 }));
  }
  return trades;
}
