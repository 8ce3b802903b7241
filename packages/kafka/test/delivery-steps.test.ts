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
  readAheadRecords: 4,
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

describe("a partition with records enough in hand", () => {
  /** A delivery with two handlers, both busy, and records of these keys behind. Tells what is done next. */
  function behind(keys: readonly string[]) {
    const delivery = deliveryOf(["t"], 0, { concurrency: 2, readAheadRecords: 4 });
    const records = ["a", "b", ...keys].map((key, offset) => recordAt("t", offset, key));
    const arrived = { kind: "arrived", partition: "t:0", records, from: 0, nowMs: 1 } as const;
    const runs = delivery
      .step({ ...arrived, position: records.length })
      .flatMap((command) => (command.kind === "run" ? [command.ticket] : []));
    return { delivery, runs };
  }

  it("is not read on until handlers have begun half of them", () => {
    const { delivery, runs } = behind(["c", "d", "e", "f"]);
    const wanted = [delivery.wants("t:0")];
    let hasRoom = false;
    for (let ticket = runs.shift(); ticket !== undefined; ticket = runs.shift()) {
      for (const command of delivery.step({ kind: "handled", ticket, nowMs: 2 })) {
        if (command.kind === "run") runs.push(command.ticket);
        if (command.kind === "room") hasRoom = true;
      }
      wanted.push(delivery.wants("t:0"));
      expect(hasRoom).toBe(wanted.at(-1));
    }
    expect(wanted).toEqual([false, false, true, true, true, true, true]);
  });

  it("is read on where all of them wait behind one key, for the sake of the others", () => {
    expect(behind(["a", "a", "a", "a", "a"]).delivery.wants("t:0")).toBe(true);
  });

  it("is read on as soon as there are fewer keys than handlers", () => {
    const { delivery, runs } = behind(["a", "a", "a", "c", "d"]);
    expect(delivery.wants("t:0")).toBe(false);
    const [, ticket] = runs;
    if (ticket === undefined) throw new Error("two handlers run");
    const commands = delivery.step({ kind: "handled", ticket, nowMs: 2 });
    expect(commands.map(({ kind }) => kind)).toEqual(["run", "room"]);
    expect(delivery.wants("t:0")).toBe(true);
  });
});

describe("a record that comes to the last retry topic with attempts left", () => {
  const topics = ["t", "t.retry.0", "t.retry.1"];

  /** Lets records arrive in the last retry topic and fail; tells what is commanded, and when the next wakes. */
  function failing(key: string | null, settings: Partial<DeliverySettings>) {
    const delivery = deliveryOf(topics, 0, { delaysMs: [50, 70], concurrency: 1, ...settings });
    const records = [0, 1].map((offset): ConsumedRecord => {
      return { ...recordAt("t.retry.1", offset, "k"), key: key === null ? null : bytes(key) };
    });
    const arrived = { kind: "arrived", partition: "t.retry.1:0", records, from: 0, position: 2 } as const;
    let commands = delivery.step({ ...arrived, nowMs: 10 });
    const fail = (nowMs: number) => {
      const [run] = commands;
      if (run?.kind !== "run") throw new Error("a handler has the record");
      const failure = { kind: "unknown", error: new Error("no"), index: null } as const;
      const [next] = delivery.step({ kind: "failed", ticket: run.ticket, failure, nowMs });
      return { offset: run.ticket.entries[0]?.offset, next };
    };
    const wake = () => {
      const atMs = delivery.wakeAtMs;
      if (atMs !== null) commands = delivery.step({ kind: "clock", nowMs: atMs });
      return atMs;
    };
    return { fail, wake };
  }

  it("waits in place for each of them, before the later ones of its key, and is dead after the last", () => {
    const { fail, wake } = failing("k", {});
    expect(fail(20)).toEqual({ offset: 0, next: undefined });
    expect(wake()).toBe(70);
    expect(fail(80)).toEqual({ offset: 0, next: undefined });
    expect(wake()).toBe(150);
    expect(fail(160)).toMatchObject({ offset: 0, next: { kind: "publish", ticket: { to: "dead" } } });
  });

  it.each([
    { what: "has no key", key: null, order: "key" },
    { what: "is in no order", key: "k", order: "none" },
  ] as const)("holds up nobody when it $what", ({ key, order }) => {
    const moved = failing(key, { order }).fail(20);
    expect(moved).toMatchObject({ next: { kind: "publish", ticket: { to: 2, dueMs: 70 } } });
  });

  it("is not left to wait where failures end the consumer only after all attempts", () => {
    const { fail, wake } = failing("k", { onFailure: "stop" });
    fail(20);
    wake();
    fail(80);
    wake();
    expect(fail(160)).toMatchObject({ next: { kind: "stop" } });
  });
});
