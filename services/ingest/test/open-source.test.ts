import { ERRORS, silentLogger, systemClock } from "@candlewick/runtime";
import { expect, test } from "vitest";
import { ingestSchema } from "../src/index.ts";
import { noMetrics } from "../src/metrics.ts";
import { openSource, type SourceDeps } from "../src/open-source.ts";
import { MemoryLedger } from "./memory-ports.ts";

const deps: SourceDeps = {
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
  metrics: noMetrics,
  store: new MemoryLedger(),
};

test("a stream of processed blocks wants JSON-RPC beside it", async () => {
  const streaming = { source: "yellowstone", commitment: "processed" } as const;
  await expect(openSource(ingestSchema.parse(streaming), deps)).rejects.toMatchObject({
    code: ERRORS.configuration.code,
    message: expect.stringContaining("ingest.grpcFallback"),
  });
});

test.each([
  { commitment: "processed", grpcFallback: true },
  { commitment: "confirmed", grpcFallback: false },
  { commitment: "finalized", grpcFallback: false },
])("a stream of $commitment blocks with grpcFallback $grpcFallback is opened", async (streaming) => {
  const source = await openSource(ingestSchema.parse({ source: "yellowstone", ...streaming }), deps);
  expect(source.continuity).toBe("linked");
  await source.close();
});
