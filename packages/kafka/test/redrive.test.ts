import { type Broker, startBroker } from "@candlewick/broker";
import { deadLetterTopic } from "@candlewick/contracts";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AuditEntry,
  type ConsumedRecord,
  createAdmin,
  createProducer,
  type DeadLetterFilter,
  deadLetter,
  type KafkaConnection,
  openRedrive,
  type Redrive,
  retryTopicSpecs,
} from "../src/index.ts";
import { decodeAudit, encodeAudit, RedriveLedger } from "../src/retry/redrive-ledger.ts";
import { replayMessage } from "../src/retry/replay-message.ts";
import { readAll } from "./reading.ts";
import { bytes, connectionTo, topicSpec, uniqueName } from "./test-cluster.ts";

class PriceError extends Error {
  override readonly name = "PriceError";
}

describe("the redrive of dead letters", () => {
  let broker: Broker;
  let connection: KafkaConnection;
  beforeAll(async () => {
    broker = await startBroker({ autoCreateTopics: false });
    connection = connectionTo([broker.address]);
  });
  afterAll(() => broker.stop());

  /** A topic with dead letters 0 to `count` - 1: values are their numbers, keys k0 to k2, odd ones PriceErrors. */
  async function deadTopic(count: number): Promise<string> {
    const topic = uniqueName("dead");
    const admin = await createAdmin(connection);
    await admin.createTopics([topicSpec(topic, 3), ...retryTopicSpecs(topic, 3, 1)]);
    await admin.close();
    const producer = await createProducer(connection);
    for (let number = 0; number < count; number++) {
      const record: ConsumedRecord = {
        topic,
        partition: number % 3,
        offset: BigInt(1_000 + number),
        timestampMs: 5_000 + number,
        key: bytes(`k${number % 3}`),
        value: bytes(String(number)),
        headers: new Map([["trace", bytes("abc")]]),
      };
      const error = number % 2 === 1 ? new PriceError(`bad price ${number}`) : new Error("away");
      await deadLetter(producer, record, error, 4, "g");
    }
    await producer.close();
    return topic;
  }

  const open = (topic: string, takeOverMs = 60_000): Promise<Redrive> =>
    openRedrive(connection, {
      topic,
      operator: "ann",
      takeOverMs,
      decode: (record) => {
        if (String(record.value) === "3") throw new Error("not a number that I like");
        return Number(record.value);
      },
    });

  const values = async (topic: string, count: number): Promise<string[]> =>
    (await readAll(connection, topic, count)).map(({ value }) => String(value));

  it.each<{ what: string; filter: DeadLetterFilter; found: string[] }>([
    { what: "everything that is dead", filter: {}, found: ["0", "1", "2", "3", "4", "5"] },
    { what: "the class of an error", filter: { error: "priceerr" }, found: ["1", "3", "5"] },
    { what: "an expression on the message", filter: { error: /price [35]$/g }, found: ["3", "5"] },
    { what: "a key", filter: { key: "k1" }, found: ["1", "4"] },
    { what: "an original partition", filter: { originPartition: 2 }, found: ["2", "5"] },
    { what: "places", filter: { ids: [{ partition: 0, offset: 4n }] }, found: ["4"] },
    { what: "a time to come", filter: { fromMs: Date.now() + 1e9 }, found: [] },
    {
      what: "a time until then",
      filter: { untilMs: Date.now() + 1e9, error: "away" },
      found: ["0", "2", "4"],
    },
    { what: "what was dropped", filter: { states: ["dropped"] }, found: [] },
  ])("lists $what", async ({ filter, found }) => {
    const redrive = await open(await deadTopic(6));
    expect((await redrive.list(filter)).map(({ value }) => String(value))).toEqual(found);
    await redrive.close();
  });

  it("lists page by page, and shows a letter whole", async () => {
    const topic = await deadTopic(5);
    const redrive = await open(topic);
    const first = await redrive.list({}, { limit: 2 });
    const rest = await redrive.list({}, { after: first[1]?.id ?? { partition: 0, offset: 0n } });
    expect([first.length, rest.length]).toEqual([2, 3]);
    const shown = await redrive.show({ partition: 0, offset: 1n });
    expect(shown).toMatchObject({
      state: "dead",
      origin: { topic, partition: 1, offset: 1_001n, timestampMs: 5_001, consumerGroup: "g" },
      error: { name: "PriceError", message: "bad price 1", stack: expect.stringContaining("redrive.test") },
      attempts: 4,
      redrives: 0,
      decoded: { kind: "value", value: 1 },
      history: [],
    });
    expect((await redrive.show({ partition: 0, offset: 3n }))?.decoded).toEqual({
      kind: "undecodable",
      reason: "not a number that I like",
    });
    expect(await redrive.show({ partition: 0, offset: 99n })).toBeNull();
    expect(await redrive.show({ partition: 7, offset: 0n })).toBeNull();
    await redrive.close();
  });

  it("replays each letter once, to where it came from, and leaves a trace of it", async () => {
    const topic = await deadTopic(6);
    const redrive = await open(topic);
    expect(await redrive.replay({ dryRun: true })).toMatchObject({ matched: 6, done: 6, dryRun: true });
    expect(await redrive.audit()).toEqual([]);
    expect(await redrive.replay({ filter: { error: "PriceError" }, limit: 2 })).toMatchObject({
      matched: 3,
      done: 2,
      remaining: 1,
    });
    expect(await redrive.replay()).toMatchObject({ matched: 4, done: 4 });
    expect(await redrive.replay()).toMatchObject({ matched: 0, done: 0 });
    const records = await readAll(connection, topic, 6);
    expect(records.map(({ value }) => String(value)).sort()).toEqual(["0", "1", "2", "3", "4", "5"]);
    for (const { partition, value, headers } of records) {
      expect(partition).toBe(Number(value) % 3);
      expect([...headers.keys()].sort()).toEqual([
        "candlewick-redrive-count",
        "candlewick-redrive-id",
        "trace",
      ]);
    }
    expect(await redrive.counts()).toEqual({ dead: 0, replaying: 0, replayed: 6, dropped: 0 });
    const history = (await redrive.show({ partition: 0, offset: 2n }))?.history ?? [];
    expect(history.map(({ kind, operator, target }) => [kind, operator, target?.topic])).toEqual([
      ["intent", "ann", topic],
      ["replayed", "ann", topic],
    ]);
    await redrive.close();
  });

  it("replays to the retry topic as what it was", async () => {
    const topic = await deadTopic(2);
    const redrive = await open(topic);
    expect(await redrive.replay({ to: "retry" })).toMatchObject({ done: 2 });
    const [record] = await readAll(connection, `${topic}.retry.0`, 2);
    expect(record?.headers.get("kafka_dlt-original-topic")?.toString()).toBe(topic);
    expect(record?.headers.get("kafka_dlt-original-consumer-group")?.toString()).toBe("g");
    expect(record?.headers.has("kafka_dlt-exception-message")).toBe(false);
    expect(record?.headers.has("retry_topic-attempts")).toBe(false);
    await redrive.close();
  });

  it.each([
    { what: "before it was sent", isSent: false, done: 1, foundDone: 0 },
    { what: "between sending and saying so", isSent: true, done: 0, foundDone: 1 },
  ])("finds out what a run did that was killed $what", async ({ isSent, done, foundDone }) => {
    const topic = await deadTopic(1);
    const redrive = await open(topic, 1);
    const [letter] = await readAll(connection, deadLetterTopic(topic), 1);
    if (letter === undefined) throw new Error("there is a letter");
    // What the other run had done when it was killed.
    const intent: AuditEntry = {
      kind: "intent",
      run: "killed",
      atMs: Date.now() - 1_000,
      operator: "bob",
      id: { partition: 0, offset: 0n },
      target: { topic, partition: 0, offset: 0n },
      reason: null,
    };
    const admin = await createAdmin(connection);
    await admin.createTopics([topicSpec(`${topic}.dlq.audit`, 1)]);
    await admin.close();
    const producer = await createProducer(connection);
    await producer.send({ topic: `${topic}.dlq.audit`, key: bytes("0:0"), value: encodeAudit(intent) });
    if (isSent) await producer.send(replayMessage(letter, "origin"));
    await producer.close();
    expect(await redrive.counts()).toMatchObject({ replaying: 1, dead: 0 });
    expect(await redrive.replay()).toMatchObject({ matched: 1, done, foundDone });
    expect(await values(topic, 1)).toEqual(["0"]);
    expect(await redrive.counts()).toMatchObject({ replayed: 1 });
    await redrive.close();
  });

  it("leaves letters to a run that is at them", async () => {
    const topic = await deadTopic(1);
    const redrive = await open(topic);
    const id = { partition: 0, offset: 0n };
    const target = { topic, partition: 0, offset: 0n };
    const intent = {
      kind: "intent",
      run: "other",
      atMs: Date.now(),
      operator: "bob",
      id,
      target,
      reason: null,
    } as const;
    await redrive.replay({ dryRun: true });
    const admin = await createAdmin(connection);
    await admin.createTopics([topicSpec(`${topic}.dlq.audit`, 1)]);
    await admin.close();
    const producer = await createProducer(connection);
    await producer.send({ topic: `${topic}.dlq.audit`, key: null, value: encodeAudit(intent) });
    await producer.close();
    expect(await redrive.replay()).toMatchObject({ matched: 1, done: 0, leftToOthers: 1 });
    await redrive.close();
  });

  it("sends each letter once when several run side by side", async () => {
    const topic = await deadTopic(40);
    const redrives = await Promise.all([open(topic), open(topic), open(topic)]);
    const summaries = await Promise.all(redrives.map((redrive) => redrive.replay()));
    expect(summaries.reduce((sum, { done }) => sum + done, 0)).toBe(40);
    await Promise.all(redrives.map((redrive) => redrive.close()));
    const admin = await createAdmin(connection);
    const ends = await admin.endOffsets([topic]);
    await admin.close();
    expect([...ends.values()].reduce((sum, end) => sum + end, 0n)).toBe(40n);
  });

  it("keeps to a rate, and stops at a signal", async () => {
    const topic = await deadTopic(12);
    const redrive = await open(topic);
    const begun = performance.now();
    expect(await redrive.replay({ ratePerSecond: 40, limit: 8 })).toMatchObject({ done: 8 });
    expect(performance.now() - begun).toBeGreaterThan(170);
    const stopped = await redrive.replay({ signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ done: 0, remaining: 4 });
    await expect(redrive.replay({ ratePerSecond: 0 })).rejects.toMatchObject({ code: "BAD_INPUT" });
    await redrive.close();
  });

  it("keeps to a rate that lets less than one letter through per batch, and stops while it waits", async () => {
    const topic = await deadTopic(3);
    const redrive = await open(topic);
    const begun = performance.now();
    expect(await redrive.replay({ ratePerSecond: 0.39, limit: 2 })).toMatchObject({ done: 2 });
    expect(performance.now() - begun).toBeGreaterThan(2_500);
    const stopping = new AbortController();
    const onProgress = () => void setImmediate(() => stopping.abort());
    const again = await open(await deadTopic(2));
    const stopped = await again.replay({ ratePerSecond: 0.001, signal: stopping.signal, onProgress });
    expect(stopped).toMatchObject({ done: 1, remaining: 1 });
    await Promise.all([redrive.close(), again.close()]);
  });

  it("releases what it has not sent when it is stopped, so that the next run goes on at once", async () => {
    const topic = await deadTopic(8);
    const redrive = await open(topic);
    const admin = await createAdmin(connection);
    const written = async (): Promise<bigint> =>
      [...(await admin.endOffsets([topic])).values()].reduce((sum, end) => sum + end, 0n);
    const stopping = new AbortController();
    // All of them are one batch, whose second letter waits for its turn.
    const running = redrive.replay({ ratePerSecond: 2, signal: stopping.signal });
    while ((await written()) === 0n) await new Promise(setImmediate);
    stopping.abort();
    const stopped = await running;
    expect(stopped.done + stopped.remaining).toBe(8);
    expect(stopped.remaining).toBeGreaterThan(0);
    const next = await open(topic);
    expect(await next.counts()).toMatchObject({ dead: stopped.remaining, replaying: 0 });
    expect(await next.replay()).toMatchObject({
      matched: stopped.remaining,
      done: stopped.remaining,
      foundDone: 0,
      leftToOthers: 0,
    });
    expect((await values(topic, 8)).sort()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    expect(await written()).toBe(8n);
    await Promise.all([redrive.close(), next.close(), admin.close()]);
  });

  it("drops letters with a reason, and does not replay them", async () => {
    const topic = await deadTopic(3);
    const redrive = await open(topic);
    expect(await redrive.drop({ filter: { key: "k1" }, reason: "a test" })).toMatchObject({ done: 1 });
    expect(await redrive.counts()).toEqual({ dead: 2, replaying: 0, replayed: 0, dropped: 1 });
    expect(await redrive.replay()).toMatchObject({ matched: 2, done: 2 });
    expect((await redrive.audit()).filter(({ kind }) => kind === "dropped")).toMatchObject([
      { reason: "a test", operator: "ann", target: null },
    ]);
    await redrive.close();
  });

  it("says that there are no dead letters where there is no such topic", async () => {
    await expect(openRedrive(connection, { topic: "nothing", operator: "ann" })).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC",
    });
  });
});

describe("the audit as judge between runs", () => {
  const entry = fc.record({
    kind: fc.constantFrom(...(["intent", "intent", "intent", "released", "replayed", "dropped"] as const)),
    run: fc.constantFrom("a", "b", "c"),
    afterMs: fc.nat(80),
  });

  it("never lets two runs hold a letter, and never forgets that it was replayed", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), (steps) => {
        const ledger = new RedriveLedger(60);
        const id = { partition: 0, offset: 5n };
        let atMs = 1_000;
        let wasReplayed = false;
        let holder: { run: string; atMs: number } | null = null;
        for (const { kind, run, afterMs } of steps) {
          atMs += afterMs;
          const target = { topic: "t", partition: 0, offset: 0n };
          ledger.add({ kind, run, atMs, operator: "o", id, target, reason: null });
          wasReplayed ||= kind === "replayed";
          const holders: string[] = ["a", "b", "c"].filter((name) => ledger.isHeldBy(id, name));
          expect(holders.length).toBeLessThanOrEqual(1);
          const [now] = holders;
          // A claim passes to another run only when it is old.
          if (now !== undefined && holder !== null && now !== holder.run)
            expect(atMs - holder.atMs).toBeGreaterThanOrEqual(60);
          if (now === undefined) holder = null;
          else if (kind === "intent" && now === run) holder = { run, atMs };
          // Whoever was taken over from may have sent it, whatever the next one says.
          if (ledger.state(id) === "dead") expect(ledger.uncertain(id)).toEqual([]);
          if (kind === "released" && holder !== null) expect(run).not.toBe(holder.run);
          if (wasReplayed) expect(ledger.state(id)).toBe("replayed");
        }
      }),
    );
  });

  it.each([
    {
      what: "of the run that holds it",
      steps: ["a intent", "a released"],
      state: "dead",
      isFree: true,
      before: 0,
    },
    {
      what: "of another run",
      steps: ["a intent", "b released"],
      state: "replaying",
      isFree: false,
      before: 0,
    },
    {
      what: "of one that took over",
      steps: ["a intent", "b intent later", "b released"],
      state: "replaying",
      isFree: true,
      before: 1,
    },
    {
      what: "of one that was taken over from",
      steps: ["a intent", "b intent later", "a released"],
      state: "replaying",
      isFree: false,
      before: 1,
    },
    {
      what: "of what was sent",
      steps: ["a intent", "a replayed", "a released"],
      state: "replayed",
      isFree: false,
      before: 0,
    },
    { what: "of what nobody claimed", steps: ["a released"], state: "dead", isFree: true, before: 0 },
  ])("takes a release $what as what it is", ({ steps, state, isFree, before }) => {
    const ledger = new RedriveLedger(60);
    const id = { partition: 0, offset: 5n };
    let atMs = 1_000;
    for (const step of steps) {
      const [run = "", kind = "", when] = step.split(" ");
      atMs += when === "later" ? 100 : 1;
      const entry = { run, atMs, operator: "o", id, target: null, reason: null };
      const bytesOf = Buffer.from(JSON.stringify({ ...entry, kind, id: { partition: 0, offset: "5" } }));
      const decoded = decodeAudit(bytesOf);
      if (decoded === null) throw new Error(`${kind} is an entry`);
      ledger.add(decoded);
    }
    expect([ledger.state(id), ledger.mayClaim(id, atMs), ledger.uncertain(id).length]).toEqual([
      state,
      isFree,
      before,
    ]);
  });
});
