import { setImmediate as nextTurn } from "node:timers/promises";
import { Producer, stringSerializers } from "@platformatic/kafka";
import { describe, expect, it } from "vitest";
import { type Consumer, type ConsumerOptions, createProducer } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { consume } from "./delivery-settings.ts";
import { readAll } from "./reading.ts";
import { bytes, topicSpec, uniqueName, until } from "./test-cluster.ts";

type StringTransaction = Awaited<ReturnType<Producer<string, string, string, string>["beginTransaction"]>>;

/** Transactions that other producers write into a topic of one partition. */
export function isolationSuite(bench: Bench): void {
  describe("reading what transactions wrote", () => {
    it("hands over what was committed, in the order of the log, and nothing that was aborted", async () => {
      const topic = await newTopic(bench);
      const [first, second] = [writer(bench), writer(bench)];
      const plain = await createProducer(bench.connection());
      const write = (value: string) => plain.send({ topic, key: null, value: bytes(value) });
      await write("plain-0");
      const aborted = await first.beginTransaction();
      await send(aborted, topic, "aborted-0");
      const committed = await second.beginTransaction();
      await send(committed, topic, "committed-0");
      await write("plain-1");
      await send(aborted, topic, "aborted-1");
      await send(committed, topic, "committed-1");
      await aborted.abort();
      await send(committed, topic, "committed-2");
      await committed.commit();
      const again = await first.beginTransaction();
      await send(again, topic, "committed-3");
      await again.commit();
      const last = await second.beginTransaction();
      await send(last, topic, "aborted-2");
      await last.abort();
      await write("plain-2");
      const expected = "plain-0 committed-0 plain-1 committed-1 committed-2 committed-3 plain-2".split(" ");
      expect(await handled(bench, topic, expected.length, {})).toEqual(expected);
      expect(
        (await readAll(bench.connection(), topic, expected.length)).map(({ value }) => String(value)),
      ).toEqual(expected);
      const all = await handled(bench, topic, 10, { isolation: "read_uncommitted" });
      expect(all.filter((value) => value.startsWith("aborted"))).toHaveLength(3);
      await Promise.all([first.close(), second.close(), plain.close()]);
    });

    it("waits at an open transaction, and is not behind meanwhile", async () => {
      const topic = await newTopic(bench);
      const producer = writer(bench);
      const plain = await createProducer(bench.connection());
      await plain.send({ topic, key: null, value: bytes("before") });
      const open = await producer.beginTransaction();
      await send(open, topic, "open");
      await plain.send({ topic, key: null, value: bytes("behind") });
      const seen: string[] = [];
      const consumer = await consume(bench, topic, { handler: ({ value }) => void seen.push(String(value)) });
      // One that begins at the end now begins at the open transaction: its records are not there yet.
      const late: string[] = [];
      const follower = await consume(bench, topic, {
        offset: "last",
        handler: ({ value }) => void late.push(String(value)),
      });
      await until("the first record", () => seen.length > 0);
      await lagOf(consumer, topic, 0n);
      expect(seen).toEqual(["before"]);
      // Nothing is told of a partition before it is known where it starts.
      await lagOf(follower, topic, 0n);
      await open.commit();
      await until("the others", () => seen.length === 3 && late.length === 2);
      expect(seen).toEqual(["before", "open", "behind"]);
      expect(late).toEqual(["open", "behind"]);
      await Promise.all([consumer.stop(5_000), follower.stop(5_000), producer.close(), plain.close()]);
    });
  });
}

async function newTopic(bench: Bench): Promise<string> {
  const topic = uniqueName("transactions");
  await bench.admin().createTopics([topicSpec(topic, 1)]);
  return topic;
}

/** A transactional producer of another client: this package has none. */
function writer(bench: Bench) {
  return new Producer({
    clientId: "writer",
    bootstrapBrokers: [...bench.connection().brokers],
    serializers: stringSerializers,
    acks: -1,
    idempotent: true,
    // Without these the producer asks to go on as producer 0.
    producerId: -1n,
    producerEpoch: -1,
    transactionalId: uniqueName("writer"),
  });
}

async function send(transaction: StringTransaction, topic: string, value: string): Promise<void> {
  await transaction.send({ messages: [{ topic, partition: 0, key: "k", value }] });
}

/** Waits until the consumer of a topic of one partition is so many records behind. */
async function lagOf(consumer: Consumer, topic: string, records: bigint): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const lag = (await consumer.lag()).get(`${topic}:0`)?.records;
    if (lag === records) return;
    await nextTurn();
    if (performance.now() > deadline) throw new Error(`the lag is ${lag}, not ${records}`);
  }
}

async function handled(
  bench: Bench,
  topic: string,
  count: number,
  options: Partial<ConsumerOptions>,
): Promise<string[]> {
  const seen: string[] = [];
  const consumer = await consume(bench, topic, {
    parallelism: "partition",
    ...options,
    handler: ({ value }) => void seen.push(String(value)),
  });
  await until("all records", () => seen.length >= count);
  await lagOf(consumer, topic, 0n);
  await consumer.stop(5_000);
  return seen;
}
