import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { fuzzBroker } from "../../packages/broker/test/fuzz/fuzz-run.ts";
import { countOption } from "../count-option.ts";

/** Requests to one broker; what they create (topics, groups, producers) is gone with it. */
const REQUESTS_PER_BROKER = 20_000;
const MAX_PEAK_BYTES = 1 << 30;
/** What may stay in the heap when all brokers are gone, above what stayed after the first. */
const MAX_LEFT_BYTES = 64 << 20;
/** Enough requests must get through to the code behind the decoders for this to mean something. */
const LEAST_SURVIVING_SHARE = 1 / 4;

/** Rejects where a broker fails, hangs, harms another client, keeps memory, or ends nearly every connection. */
export async function fuzzBrokers(args: readonly string[]): Promise<void> {
  const options = { requests: { type: "string" }, seed: { type: "string" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const requests = countOption("requests", values.requests, 1_000_000);
  const firstSeed = countOption("seed", values.seed, 1, 0);
  const began = performance.now();
  let survived = 0;
  let peakBytes = 0;
  let heapAfterFirst = 0;
  for (let done = 0, seed = firstSeed; done < requests; done += REQUESTS_PER_BROKER, seed++) {
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
  assertSurvival(survived, requests);
}

/** Throws where fewer than a quarter of the connections survived their request. */
export function assertSurvival(survived: number, requests: number): void {
  const isEnough = survived >= requests * LEAST_SURVIVING_SHARE;
  assert.ok(isEnough, `only ${survived} connections survived ${requests} requests`);
}
