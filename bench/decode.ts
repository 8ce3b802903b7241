import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { decodeSolanaBlock } from "@candlewick/decode";
import { createChain } from "@candlewick/devnet";
import { slot } from "@candlewick/domain";
import { median, report } from "./statistics.ts";

const ROUNDS = 41;

/** From a block's bytes to its swaps, against JSON.parse of the same bytes, alternating in one process. */
export async function benchDecode(): Promise<void> {
  const { bytes, number, name } = block();
  const ours: number[] = [];
  const parse: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(timed(() => decodeSolanaBlock(bytes, slot(number))));
    parse.push(timed(() => JSON.parse(bytes.toString("utf8"))));
  }
  // The first rounds warm the compiler up.
  const [decodeMs, parseMs] = [median(ours.slice(10)), median(parse.slice(10))];
  console.log(`block: ${name}, ${bytes.length} bytes`);
  report("bytes to swaps, median", decodeMs, "ms");
  report("JSON.parse of the same bytes, text included, median", parseMs, "ms");
  report("ratio", decodeMs / parseMs, "x JSON.parse");
}

function timed(run: () => unknown): number {
  const began = performance.now();
  run();
  return performance.now() - began;
}

/** The recorded mainnet block where it is there, else a simulated one. */
function block(): { bytes: Buffer; number: number; name: string } {
  const recorded = fileURLToPath(
    new URL("../../shared/data/solana/blocks/332254855.getBlock.json.gz", import.meta.url),
  );
  if (existsSync(recorded)) {
    return {
      bytes: gunzipSync(readFileSync(recorded)),
      number: 332_254_855,
      name: "mainnet 332254855 (recorded)",
    };
  }
  const chain = createChain({
    genesisUnixMs: 1_700_000_000_000,
    tradesPerSlot: 40,
    votesPerBlock: 1_000,
    skippedSlotRate: 0,
  });
  const number = chain.options.firstSlot + 100;
  return { bytes: Buffer.from(JSON.stringify(chain.blockAt(number))), number, name: "simulated" };
}
