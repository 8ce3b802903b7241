import { DEFAULT_INTERVALS } from "@candlewick/domain";
import type { Reader } from "@candlewick/kafka";
import { CandlewickError, type Clock, ERRORS, Registry, silentLogger } from "@candlewick/runtime";
import type { MarketSnapshot } from "@candlewick/store";
import { expect, test } from "vitest";
import { marketMetrics } from "../src/metrics.ts";
import { runMarket } from "../src/run.ts";

const SNAPSHOT: MarketSnapshot = {
  chain: "solana",
  headSlot: null,
  headTime: null,
  offsets: new Map(),
  pairs: [],
};
const OPTIONS = {
  chain: "solana",
  intervals: DEFAULT_INTERVALS,
  horizonSeconds: 90,
  resyncIntervalMs: 1_000,
} as const;

/** A market whose snapshots fail with these errors first; `reading` resolves once it reads. */
function market(errors: Error[]) {
  const pauses: number[] = [];
  const { promise: reading, resolve: read } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    delay: async (ms) => void pauses.push(ms),
  };
  const reader: Reader = { name: "reader", done: ended, positions: () => new Map(), stop: async () => end() };
  const service = runMarket(OPTIONS, {
    snapshot: () => {
      const error = errors.shift();
      return error === undefined ? Promise.resolve(SNAPSHOT) : Promise.reject(error);
    },
    read: async () => {
      read();
      return reader;
    },
    candles: async () => [],
    blockStarts: async () => new Map(),
    producer: { enqueue: async () => undefined },
    logger: silentLogger,
    metrics: marketMetrics(new Registry()),
    clock,
  });
  return { service, reading, pauses };
}

const away = (): CandlewickError => new CandlewickError(ERRORS.databaseUnreachable, "it is away", "Wait");

test("a database that is away is waited for, with growing pauses", async () => {
  const { service, reading, pauses } = market([away(), away(), away()]);
  await reading;
  expect(pauses).toEqual([100, 200, 400]);
  await service.stop(1_000);
  await service.done;
});

test("what waiting cannot mend ends the market", async () => {
  const { service } = market([new CandlewickError(ERRORS.schemaNewer, "too new", "Update")]);
  await expect(service.done).rejects.toMatchObject({ code: "SCHEMA_NEWER" });
});
