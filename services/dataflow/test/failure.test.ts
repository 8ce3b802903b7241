import { deadLetterTopic, encodeTrades, TOPICS, topicSpecs } from "@candlewick/contracts";
import { type ConsumedRecord, deadLetter, startReader } from "@candlewick/kafka";
import { Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { Admin as RecordsAdmin } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { tradeAt } from "../../test-kit/chain.ts";
import { startDatabase, type TestDatabase } from "../../test-kit/database.ts";
import { until } from "../../test-kit/until.ts";
import { dataflowMetrics } from "../src/metrics.ts";
import { Dataflow } from "../src/run.ts";
import { Bench, counted, PARTITIONS } from "./real-parts.ts";

const { trades: TRADES, blocks: BLOCKS } = TOPICS.solana;

let database: TestDatabase;

beforeAll(async () => {
  database = await startDatabase();
});

afterAll(() => database.close());

function tradesOf(bench: Bench, count: number, firstSlot = 1) {
  return Array.from({ length: count }, (_, index) =>
    tradeAt({ block: { prefix: bench.prefix, slot: firstSlot + index, fork: "a" }, txIndex: 0 }),
  );
}

/** All records of a topic, once there are so many. */
async function recordsOf(bench: Bench, topic: string, count: number): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  const reader = await startReader(bench.connection("reader"), {
    ...{ topics: [topic], from: "first" },
    onRecords: (more) => void records.push(...more),
  });
  await until(`${count} records`, () => records.length >= count);
  await reader.stop(1_000);
  return records;
}

async function deadLetters(bench: Bench): Promise<bigint | undefined> {
  const topic = deadLetterTopic(TRADES);
  return (await bench.admin.endOffsets([topic])).get(`${topic}:0`);
}

describe("a record that can never be processed", () => {
  it("goes to the dead-letter topic as it was, says why, and holds nothing up", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const [good] = tradesOf(bench, 1);
    if (good === undefined) throw new Error("no trade");
    const texts = ["[{", "{}", '[{"slot":1}]', null];
    const key = Buffer.from("7");
    for (const text of texts) {
      const value = text === null ? null : Buffer.from(text);
      await bench.send({
        topic: TRADES,
        key,
        value,
        partition: 3,
        headers: { trace: "t1" },
        timestampMs: 42,
      });
    }
    await bench.trades([good], 3);
    await bench.send({ topic: BLOCKS, key: null, value: Buffer.from("no block"), partition: 0 });
    const dataflow = await bench.dataflow();
    await bench.settled();
    const dead = await recordsOf(bench, deadLetterTopic(TRADES), texts.length);
    expect(dead.map(({ value }) => value?.toString() ?? null)).toEqual(texts);
    expect(dead.map((record) => record.key)).toEqual(texts.map(() => key));
    expect(dead.map(({ headers }) => headers.get("kafka_dlt-original-offset")?.readBigInt64BE())).toEqual([
      ...[0n, 1n, 2n, 3n],
    ]);
    const headers = dead[1]?.headers ?? new Map<string, Buffer>();
    expect(headers.get("trace")?.toString()).toBe("t1");
    expect(headers.get("kafka_dlt-original-topic")?.toString()).toBe(TRADES);
    expect(headers.get("kafka_dlt-original-partition")?.readInt32BE()).toBe(3);
    expect(headers.get("kafka_dlt-original-timestamp")?.readBigInt64BE()).toBe(42n);
    expect(headers.get("kafka_dlt-exception-fqcn")?.toString()).toBe("ContractError");
    expect(headers.get("kafka_dlt-exception-message")?.toString()).toBe("message: is not an array of trades");
    expect(await recordsOf(bench, deadLetterTopic(BLOCKS), 1)).toHaveLength(1);
    expect(await bench.account("rejected")).toBe(5n);
    expect(await bench.account("applied")).toBe(1n);
    await dataflow.stop(5_000);
    expect(await counted(dataflow.metrics, "candlewick_dataflow_rejected_records_total")).toBe(5);
    expect(await counted(dataflow.metrics, "candlewick_dataflow_dead_letters_total")).toBe(5);
  });

  it("commits nothing where its dead-letter topic does not exist", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    await bench.admin.deleteTopics([deadLetterTopic(TRADES)]);
    await bench.trades(tradesOf(bench, 1), 0);
    await bench.send({ topic: TRADES, key: null, value: Buffer.from("poison"), partition: 0 });
    const dataflow = await bench.dataflow();
    await expect(dataflow.done).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC",
      message: expect.stringContaining(deadLetterTopic(TRADES)),
    });
    expect(await bench.stored()).toEqual(new Map());
    expect(await bench.account("received")).toBe(0n);
    expect(await bench.admin.committedOffsets(bench.group, [TRADES])).toEqual(new Map());
    await bench.admin.createTopics(topicSpecs("solana", PARTITIONS));
    await bench.dataflow();
    await bench.settled();
    expect([await bench.account("applied"), await bench.account("rejected")]).toEqual([1n, 1n]);
  });

  it("waits, and commits nothing, while its dead-letter topic cannot be written", async () => {
    let refused = 0;
    let open = false;
    const bench = await Bench.start(database, {
      intercept({ apiName, clientId }) {
        if (apiName !== "Produce" || clientId !== "dataflow" || open) return "serve";
        refused++;
        return "close";
      },
    });
    await bench.trades(tradesOf(bench, 1), 0);
    await bench.send({ topic: TRADES, key: null, value: Buffer.from("poison"), partition: 0 });
    await bench.dataflow();
    // More than one attempt of the producer: the batch itself is tried again.
    await until("the batch is tried again", () => refused > 5);
    expect(await bench.stored()).toEqual(new Map());
    open = true;
    await bench.settled();
    expect([await bench.account("applied"), await bench.account("rejected")]).toEqual([1n, 1n]);
    expect(await deadLetters(bench)).toBe(1n);
  });
});

describe("a zombie", () => {
  it("is fenced, writes nothing, and goes on from what the owner has stored", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const instance = () =>
      new Dataflow(
        { chain: "solana", group: bench.group, intervals: [{ name: "1m", ms: 60_000 }] },
        {
          ...{ store: bench.store, logStarts: bench.admin, clock: systemClock, logger: silentLogger },
          deadLetters: { send: (record, error) => deadLetter(bench.producer, record, error, 1) },
          metrics: dataflowMetrics(new Registry()),
        },
      );
    const partition = { topic: TRADES, partition: 0 };
    const records = tradesOf(bench, 4).map((trade, offset) => ({
      ...partition,
      ...{ offset: BigInt(offset), timestampMs: 0, key: null, headers: new Map() },
      value: encodeTrades([trade]),
    }));
    const [owner, zombie] = [instance(), instance()];
    for (const one of [owner, zombie]) {
      expect(await one.resume([partition])).toEqual(new Map([[`${TRADES}:0`, 0n]]));
    }
    await owner.handle(records.slice(0, 2));
    // The same records, fewer, more, and only later ones: none of them may go through.
    for (const [from, to] of [
      [0, 2],
      [0, 1],
      [0, 4],
      [2, 4],
    ]) {
      await expect(zombie.handle(records.slice(from, to))).rejects.toMatchObject({
        code: "FENCED",
        retry: "refresh",
      });
    }
    expect(await bench.account("received")).toBe(2n);
    expect(await bench.stored()).toEqual(new Map([[`${TRADES}:0`, 2n]]));
    expect(await zombie.resume([partition])).toEqual(new Map([[`${TRADES}:0`, 2n]]));
    await zombie.handle(records.slice(2));
    await expect(owner.handle(records.slice(2))).rejects.toMatchObject({ code: "FENCED" });
    expect(await bench.account("received")).toBe(4n);
    expect(await bench.account("duplicate")).toBe(0n);
  });
});

describe("a database that goes away", () => {
  /** Resolves when some batch failed so often more. */
  async function failuresOf(bench: Bench, more: number): Promise<void> {
    const failures = () => bench.log.filter(({ message }) => /a batch failed/.test(message)).length;
    const before = failures();
    await until("the batch is tried again and again", () => failures() >= before + more);
  }

  it("in the midst of work is waited for: nothing is lost and nothing is stored twice", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    const dataflow = await bench.dataflow({ config: { maxBatchRecords: 5 } });
    const trades = tradesOf(bench, 60);
    await Promise.all(trades.slice(0, 30).map((trade, index) => bench.trades([trade], index % PARTITIONS)));
    await bench.received(1n);
    await database.stopServer();
    await Promise.all(trades.slice(30).map((trade, index) => bench.trades([trade], index % PARTITIONS)));
    await failuresOf(bench, 2);
    expect(dataflow.assignment()).toHaveLength(2 * PARTITIONS);
    await database.startServer();
    await bench.settled();
    expect(await bench.account("received")).toBe(60n);
    expect(await bench.account("duplicate")).toBe(0n);
    await dataflow.stop(5_000);
    await dataflow.done;
    expect(bench.log.filter(({ level }) => level === "error")).toEqual([]);
  });

  it("does not make a batch send its dead letters with every attempt", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    await bench.dataflow();
    await bench.trades(tradesOf(bench, 1), 0);
    await bench.settled();
    await database.stopServer();
    await bench.send({ topic: TRADES, key: null, value: Buffer.from("poison"), partition: 0 });
    await failuresOf(bench, 3);
    expect(await deadLetters(bench)).toBe(1n);
    await database.startServer();
    await bench.settled();
    expect(await bench.account("rejected")).toBe(1n);
    expect(await deadLetters(bench)).toBe(1n);
  });
});

describe("an offset that Kafka no longer has", () => {
  async function deleteRecords(bench: Bench, offset: bigint): Promise<void> {
    const admin = new RecordsAdmin({ clientId: "test", bootstrapBrokers: [bench.broker.address] });
    await admin.deleteRecords({ topics: [{ name: TRADES, partitions: [{ partition: 0, offset }] }] });
    await admin.close();
  }

  /** Three records are stored; then so many more come while dataflow is down. */
  async function downAfterThree(bench: Bench, more: number): Promise<void> {
    const dataflow = await bench.dataflow();
    for (const trade of tradesOf(bench, 3)) await bench.trades([trade], 0);
    await bench.settled();
    await dataflow.stop(5_000);
    for (const trade of tradesOf(bench, more, 100)) await bench.trades([trade], 0);
  }

  it("ends dataflow with the range that is missing; accepted, it is an error in the log", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    await downAfterThree(bench, 4);
    await deleteRecords(bench, 5n);
    const refusing = await bench.dataflow();
    await expect(refusing.done).rejects.toMatchObject({
      code: "OFFSET_LOST",
      message: expect.stringContaining("the records 3 to 4 are gone"),
      advice: expect.stringContaining("dataflow.acceptLostOffsets"),
    });
    expect(await bench.account("received")).toBe(3n);
    expect(bench.log.filter(({ level }) => level === "error")).toEqual([]);
    await bench.dataflow({ config: { acceptLostOffsets: true } });
    await bench.settled();
    expect(await bench.account("received")).toBe(5n);
    const errors = bench.log.filter(({ level }) => level === "error");
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining("the records 3 to 4 are gone"),
    ]);
  });

  it("begins where the log begins when nothing was ever stored", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    for (const trade of tradesOf(bench, 3)) await bench.trades([trade], 0);
    await deleteRecords(bench, 2n);
    await bench.dataflow();
    await bench.settled();
    expect(await bench.account("received")).toBe(1n);
  });

  it("of a topic that was made anew ends dataflow and is read under another group", async () => {
    const bench = await Bench.start(database);
    onTestFinished(() => bench.stop());
    await downAfterThree(bench, 0);
    await bench.admin.deleteTopics([TRADES]);
    await bench.admin.createTopics(topicSpecs("solana", PARTITIONS));
    const refusing = await bench.dataflow();
    await expect(refusing.done).rejects.toMatchObject({
      code: "OFFSET_LOST",
      message: expect.stringContaining("the offsets 0 to 2 were handled once and do not exist now"),
    });
    for (const trade of tradesOf(bench, 1, 200)) await bench.trades([trade], 0);
    // Its records have offsets that were stored already: passing over them would lose them.
    const accepting = await bench.dataflow({ config: { acceptLostOffsets: true } });
    await expect(accepting.done).rejects.toMatchObject({
      code: "OFFSET_LOST",
      message: expect.stringContaining("the topic was made anew"),
      advice: expect.stringContaining("dataflow.group"),
    });
    expect(await bench.account("received")).toBe(3n);
    const group = `${bench.group}-anew`;
    await bench.dataflow({ config: { group } });
    await until("it is stored", async () => {
      const accounts = (await bench.store.status()).accounting.get(group);
      return accounts?.get("received") === 1n && accounts.get("duplicate") === undefined;
    });
  });
});
