import { describe, expect, it } from "vitest";
import { Delivery } from "../src/delivery/delivery.ts";
import type { DeliverySettings } from "../src/delivery/delivery-events.ts";
import { OffsetRuns } from "../src/delivery/offset-runs.ts";
import type { ConsumedRecord } from "../src/index.ts";
import { bytes } from "./test-cluster.ts";

const SETTINGS: DeliverySettings = {
  groupId: "g",
  parallelism: "key",
  concurrency: 10,
  order: "key",
  delaysMs: [],
  levels: 0,
  jitter: 0,
  batch: { maxRecords: 1, maxBytes: 1_000_000, lingerMs: 0 },
  maxWindowRecords: 100,
  maxWindowBytes: 1_000_000,
  backoff: { firstMs: 1, maxMs: 1 },
  transientForMs: 0,
  onFailure: "dead-letter",
  random: () => 0,
};

function recordAt(topic: string, offset: number, key: string): ConsumedRecord {
  return {
    topic,
    partition: 0,
    offset: BigInt(offset),
    timestampMs: 1,
    key: bytes(key),
    value: bytes("v"),
    headers: new Map(),
  };
}

/** A delivery that has partition 0 of `topics`, by level, from offset `next` on. */
function deliveryOf(topics: readonly string[], next: number, settings: Partial<DeliverySettings>): Delivery {
  const delivery = new Delivery({ ...SETTINGS, levels: topics.length - 1, ...settings });
  for (const [level, topic] of topics.entries()) {
    const partition = { topic, partition: 0, family: "t:0", level, next, finished: new OffsetRuns() };
    delivery.step({ kind: "assigned", partition });
  }
  return delivery;
}

describe("a partition whose log goes on elsewhere", () => {
  it.each([
    { what: "further on", from: 100, to: 500 },
    { what: "at its beginning", from: 100, to: 0 },
    { what: "further back", from: 100, to: 60 },
  ])("is handled and committed $what", ({ from, to }) => {
    const delivery = deliveryOf(["t"], from, {});
    const arrive = (offsets: readonly number[]) => {
      const records = offsets.map((offset) => recordAt("t", offset, `k${offset}`));
      const position = (offsets.at(-1) ?? 0) + 1;
      const [first = 0] = offsets;
      return delivery
        .step({ kind: "arrived", partition: "t:0", records, from: first, position, nowMs: 1 })
        .filter((command) => command.kind === "run");
    };
    const [old] = arrive([from]);
    delivery.step({ kind: "relocated", partition: "t:0", offset: to });
    expect(delivery.committable().map(({ next }) => next)).toEqual([to > from ? from : to]);
    const runs = arrive([to, to + 1, to + 2]);
    expect(runs.map(({ ticket }) => ticket.entries[0]?.offset)).toEqual([to, to + 1, to + 2]);
    // What was in hand before ends later, and counts for nothing in the new log.
    for (const run of [...runs, old])
      if (run !== undefined) delivery.step({ kind: "handled", ticket: run.ticket, nowMs: 2 });
    expect(delivery.committable().map(({ next }) => next)).toEqual([to + 3]);
  });
});
