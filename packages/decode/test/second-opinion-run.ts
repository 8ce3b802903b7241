// npm run second-opinion [-- --blocks N --skip SLOTS]: both decoders over simulated blocks. Exit 1 where a difference has no explanation.
import { parseArgs } from "node:util";
import { createChain } from "@candlewick/devnet";
import { Tally } from "./comparison.ts";
import type { Json } from "./recorded-data.ts";

const { values } = parseArgs({
  options: { blocks: { type: "string", default: "10000" }, skip: { type: "string", default: "0" } },
});
const wanted = Number(values.blocks);
const chain = createChain({ genesisUnixMs: 1_760_000_000_000, seed: "opinion", launchEverySlots: 40 });
const tally = new Tally();
let blocks = 0;
for (let slot = chain.options.firstSlot + 5_000 + Number(values.skip); blocks < wanted; slot++) {
  if (!chain.calendar.hasBlock(slot)) continue;
  blocks++;
  for (const [txIndex, transaction] of chain.blockAt(slot).transactions.entries()) {
    if (transaction.meta.err === null) tally.add(transaction as unknown as Json, slot, txIndex);
  }
  if (blocks % 1_000 === 0) console.log(`${blocks} blocks, ${tally.swaps} swaps`);
}
for (const [name, count] of [...tally.counts].sort())
  console.log(`${name.padEnd(46)} ${String(count).padStart(8)}`);
for (const text of tally.unexplained.slice(0, 20)) console.log(`not explained: ${text}`);
console.log(
  `${blocks} blocks, ${tally.swaps} swaps, ${tally.unexplained.length} differences that nothing explains`,
);
process.exit(tally.unexplained.length === 0 ? 0 : 1);
