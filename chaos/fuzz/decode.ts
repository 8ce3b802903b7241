// npm run fuzz -- decode [--cases 1000000] [--first 0]: damaged transactions and blocks to the decoders.
import { parseArgs } from "node:util";
import { DecoderFuzz, fuzzCorpus } from "../../packages/decode/test/fuzz/fuzz-run.ts";
import { countOption } from "../count-option.ts";

const CASES_PER_LINE = 100_000;

/** Rejects where a decoder throws anything but its own error, gives nonsense, or drops a swap uncounted. */
export async function fuzzDecode(args: readonly string[]): Promise<void> {
  const options = { cases: { type: "string" }, first: { type: "string" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const cases = countOption("cases", values.cases, 1_000_000);
  let first = countOption("first", values.first, 0, 0);
  const corpus = fuzzCorpus();
  const fuzz = new DecoderFuzz(corpus);
  console.log(`${corpus.length} transactions to damage`);
  const began = performance.now();
  for (const end = first + cases; first < end; first += CASES_PER_LINE) {
    const report = fuzz.run(first, Math.min(CASES_PER_LINE, end - first));
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(
      `up to case ${first + report.cases}: ${report.swaps} swaps, ${report.refused} refused, ${seconds} s`,
    );
    if (first + CASES_PER_LINE >= end) {
      for (const [reason, count] of [...report.skipped].sort()) console.log(`  ${reason}: ${count}`);
    }
  }
}
