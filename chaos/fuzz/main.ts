// npm run fuzz -- broker [--requests 1000000] [--seed 1]: damaged requests to the embedded broker.
// npm run fuzz -- decode [--cases 1000000] [--first 0]: damaged transactions and blocks to the decoders.
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { fuzzBroker } from "../../packages/broker/test/fuzz/fuzz-run.ts";
import { fuzzDecode } from "./decode.ts";

/** Requests to one broker; what they create (topics, groups, producers) is gone with it. */
const REQUESTS_PER_BROKER = 20_000;
const MAX_PEAK_BYTES = 1 << 30;
/** What may stay in the heap when all brokers are gone, above what stayed after the first. */
const MAX_LEFT_BYTES = 64 << 20;

const [part, ...args] = process.argv.slice(2);
if (part === "decode") {
  await fuzzDecode(args);
  process.exit(0);
}
if (part !== "broker") {
  console.error(`nothing called ${part} can be fuzzed; there are broker and decode`);
  process.exit(1);
}
const options = { requests: { type: "string" }, seed: { type: "string" } } as const;
const { values } = parseArgs({ args, options });
const requests = Number(values.requests ?? 1_000_000);
const began = performance.now();
let survived = 0;
let peakBytes = 0;
let heapAfterFirst = 0;
for (let done = 0, seed = Number(values.seed ?? 1); done < requests; done += REQUESTS_PER_BROKER, seed++) {
  const report = await fuzzBroker(seed, Math.min(REQUESTS_PER_BROKER, requests - done));
  survived += report.survived;
  peakBytes = Math.max(peakBytes, report.peakBytes);
  assert.ok(peakBytes < MAX_PEAK_BYTES, `${peakBytes} bytes of memory with --seed ${seed}`);
  globalThis.gc?.();
  const { heapUsed } = process.memoryUsage();
  if (heapAfterFirst === 0) heapAfterFirst = heapUsed;
  else assert.ok(heapUsed < heapAfterFirst + MAX_LEFT_BYTES, `the heap has grown to ${heapUsed} bytes`);
}
const seconds = Math.round((performance.now() - began) / 1000);
console.log(
  `${requests} mutated requests, ${survived} connections survived, peak ${Math.round(peakBytes / 1e6)} MB, ${seconds} s`,
);
process.exit(0);
