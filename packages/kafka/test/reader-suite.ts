import { Admin as OtherAdmin, Producer as OtherProducer } from "@platformatic/kafka";
import { describe, expect, it } from "vitest";
import { type ConsumedRecord, createProducer, startReader } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { readAll } from "./reading.ts";
import { bytes, topicSpec, uniqueName, until } from "./test-cluster.ts";

/** Removes the records before an offset, as retention does. */
export async function truncate(brokers: readonly string[], topic: string, offset: bigint): Promise<void> {
  const admin = new OtherAdmin({ clientId: "truncate", bootstrapBrokers: [...brokers] });
  await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset }] }] });
  await admin.close();
}

export function readerSuite(bench: Bench): void {
  async function filled(partitions: number, count: number): Promise<string> {
    const topic = uniqueName("read");
    await bench.admin().createTopics([topicSpec(topic, partitions)]);
    const producer = await createProducer(bench.connection());
    const sends = Array.from({ length: count }, (_, index) =>
      producer.send({ topic, key: null, value: bytes(String(index)), partition: index % partitions }),
    );
    await Promise.all(sends);
    await producer.close();
    return topic;
  }

  describe("a reader", () => {
    it("reads all partitions from the first record, then what comes", async () => {
      const topic = await filled(3, 30);
      const values: string[] = [];
      const reader = await startReader(bench.connection(), {
        topics: [topic],
        from: "first",
        maxBatchRecords: 4,
        onRecords(records) {
          expect(records.length).toBeLessThanOrEqual(4);
          values.push(...records.map((record) => String(record.value)));
        },
      });
      await until("the first 30", () => values.length === 30);
      const producer = await createProducer(bench.connection());
      await producer.send({ topic, key: null, value: bytes("late"), partition: 0 });
      await until("the late one", () => values.length === 31);
      await until("its position", () => reader.positions().get(`${topic}:0`) === 11n);
      expect(reader.positions()).toEqual(
        new Map([
          [`${topic}:0`, 11n],
          [`${topic}:1`, 10n],
          [`${topic}:2`, 10n],
        ]),
      );
      await producer.close();
      await reader.stop(1_000);
      await reader.done;
    });

    it("ends where it is told to, also where the log ends with the mark of a transaction", async () => {
      const topic = await filled(2, 20);
      const other = new OtherProducer({
        clientId: "transactions",
        bootstrapBrokers: [...bench.cluster().brokers],
        idempotent: true,
        transactionalId: uniqueName("transaction"),
      });
      const transaction = await other.beginTransaction();
      await transaction.send({ messages: [{ topic, value: bytes("committed"), partition: 0 }] });
      await transaction.commit();
      await other.close();
      // Apache Kafka answers the commit before the mark is in the log.
      let ends = await bench.admin().endOffsets([topic]);
      while (ends.get(`${topic}:0`) !== 12n) ends = await bench.admin().endOffsets([topic]);
      const values: string[] = [];
      const onRecords = (records: readonly ConsumedRecord[]): void => {
        values.push(...records.map(({ value }) => String(value)));
      };
      const connection = bench.connection();
      await (await startReader(connection, { topics: [topic], from: "first", until: ends, onRecords })).done;
      expect(values).toHaveLength(21);
      // Nothing is ahead: it ends before it begins.
      await (await startReader(connection, { topics: [topic], from: ends, until: ends, onRecords })).done;
      expect(values).toHaveLength(21);
    });

    it("goes on at given offsets, and at the first record where none is given", async () => {
      const topic = await filled(2, 20);
      const records: ConsumedRecord[] = [];
      const reader = await startReader(bench.connection(), {
        topics: [topic],
        from: new Map([[`${topic}:0`, 7n]]),
        onRecords: (more) => void records.push(...more),
      });
      await until("13 records", () => records.length === 13);
      expect(records.filter((record) => record.partition === 0).map((record) => record.offset)).toEqual([
        7n,
        8n,
        9n,
      ]);
      await reader.stop(1_000);
    });

    it("that starts at the end gets only what comes later", async () => {
      const topic = await filled(1, 5);
      const offsets: bigint[] = [];
      const reader = await startReader(bench.connection(), {
        topics: [topic],
        from: "last",
        onRecords: (more) => void offsets.push(...more.map((record) => record.offset)),
      });
      const producer = await createProducer(bench.connection());
      await producer.send({ topic, key: null, value: null });
      await until("the new one", () => offsets.length > 0);
      expect(offsets).toEqual([5n]);
      await producer.close();
      await reader.stop(1_000);
    });

    it("ends with the handler's error", async () => {
      const topic = await filled(1, 1);
      const reader = await startReader(bench.connection(), {
        topics: [topic],
        from: "first",
        onRecords() {
          throw new Error("cannot");
        },
      });
      await expect(reader.done).rejects.toThrow("cannot");
      await reader.stop(1_000);
    });

    it.each([
      { what: "below the first one", from: 2n, missing: "the records 2 to 5 are gone" },
      { what: "above the end", from: 11n, missing: "the offsets 10 to 10 were handled once" },
    ])("does not jump from an offset $what", async ({ from, missing }) => {
      const topic = await filled(1, 10);
      await truncate(bench.cluster().brokers, topic, 6n);
      const start = startReader(bench.connection(), {
        topics: [topic],
        from: new Map([[`${topic}:0`, from]]),
        onRecords() {},
      });
      await expect(start).rejects.toMatchObject({
        code: "OFFSET_LOST",
        message: expect.stringContaining(missing),
      });
    });

    it("reads messages that are each larger than a fetch usually asks for", async () => {
      const topic = uniqueName("large");
      await bench.admin().createTopics([topicSpec(topic, 2, { "max.message.bytes": "6000000" })]);
      const producer = await createProducer(bench.connection());
      for (let index = 0; index < 4; index++) {
        await producer.send({
          topic,
          key: null,
          value: Buffer.alloc(5_000_000, index),
          partition: index % 2,
        });
      }
      const records = await readAll(bench.connection(), topic, 4);
      expect(records.map((record) => record.value?.length)).toEqual([5e6, 5e6, 5e6, 5e6]);
      await producer.close();
    });
  });

  describe("the admin", () => {
    it("creates topics once, describes and deletes them", async () => {
      const name = uniqueName("admin");
      const admin = bench.admin();
      await expect(admin.createTopics([topicSpec(name, 5)])).resolves.toEqual({
        created: [name],
        existing: [],
      });
      await expect(admin.createTopics([topicSpec(name, 5)])).resolves.toEqual({
        created: [],
        existing: [name],
      });
      await expect(admin.describeTopics([name])).resolves.toEqual([{ name, partitions: 5 }]);
      await expect(admin.listTopics()).resolves.toContain(name);
      await admin.deleteTopics([name, uniqueName("nowhere")]);
      await expect(admin.describeTopics([name])).rejects.toMatchObject({ code: "UNKNOWN_TOPIC" });
    });

    it("tells the edges of the log", async () => {
      const topic = await filled(2, 10);
      await truncate(bench.cluster().brokers, topic, 3n);
      const starts = await bench.admin().startOffsets([topic]);
      const ends = await bench.admin().endOffsets([topic]);
      expect([...starts.values()]).toEqual([3n, 0n]);
      expect([...ends.values()]).toEqual([5n, 5n]);
      await expect(bench.admin().committedOffsets(uniqueName("group"), [topic])).resolves.toEqual(new Map());
    });

    it("refuses settings that Kafka does not know", async () => {
      const spec = topicSpec(uniqueName("bad"), 1, { "no.such.setting": "1" });
      await expect(bench.admin().createTopics([spec])).rejects.toMatchObject({ code: "KAFKA_REFUSED" });
    });
  });
}
