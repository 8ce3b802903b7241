import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { addOffsetsToTxn } from "../src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../src/protocol/messages/add-partitions-to-txn.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { describeTransactions } from "../src/protocol/messages/describe-transactions.ts";
import { endTxn } from "../src/protocol/messages/end-txn.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { initProducerId } from "../src/protocol/messages/init-producer-id.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../src/protocol/messages/txn-offset-commit.ts";
import { TRANSACTIONAL_MASK } from "../src/storage/record-batch.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";
import { SmallDisk } from "./small-disk.ts";

const ID = "tx";

let disk: SmallDisk;
let clock: ManualClock;
let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  disk = new SmallDisk();
  clock = new ManualClock();
  broker = await startBroker({ disk, clock, topicDefaults: { "retention.ms": "-1" } });
  client = await RawClient.connect(broker.port);
  await client.send(createTopics, 5, {
    topics: [{ name: "t", numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
  });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

interface Producer {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

async function init(): Promise<Producer> {
  const answer = await client.send(initProducerId, 4, { transactionalId: ID, transactionTimeoutMs: 60_000 });
  expect(answer.errorCode).toBe(0);
  const { producerId, producerEpoch } = answer;
  return { transactionalId: ID, producerId, producerEpoch };
}

async function add(producer: Producer, partitions: number[]): Promise<number[]> {
  const answer = await client.send(addPartitionsToTxn, 3, {
    ...producer,
    topics: [{ name: "t", partitions }],
  });
  return answer.results.flatMap(({ resultsByPartition }) =>
    resultsByPartition.map((r) => r.partitionErrorCode),
  );
}

async function write(
  producer: Producer,
  value: string,
  sequence: number,
  index = 0,
): Promise<number | undefined> {
  const { transactionalId, producerId, producerEpoch } = producer;
  const attributes = TRANSACTIONAL_MASK;
  const records = clientBatch({ values: [value], producerId, producerEpoch, sequence, attributes });
  const topicData = [{ name: "t", partitionData: [{ index, records }] }];
  const answer = await client.send(produce, 9, { transactionalId, acks: -1, timeoutMs: 1000, topicData });
  return answer.responses[0]?.partitionResponses[0]?.errorCode;
}

async function end(producer: Producer, committed: boolean): Promise<number> {
  return (await client.send(endTxn, 3, { ...producer, committed })).errorCode;
}

/** What a consumer of the isolation level sees, aborted records filtered as a client filters them. */
async function read(isolationLevel: 0 | 1, partition = 0) {
  const answer = await client.send(fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    isolationLevel,
    topics: [{ topic: "t", partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }],
  });
  const data = answer.responses[0]?.partitions[0];
  const records = data?.records ?? Buffer.alloc(0);
  const values = valuesIn(records)
    .map(({ value }) => value)
    .filter((value) => /^[a-z]/.test(value));
  return { values, aborted: data?.abortedTransactions, lastStableOffset: data?.lastStableOffset };
}

describe("a transaction", () => {
  test("shows its records to read_committed only when it commits", async () => {
    const producer = await init();
    expect(await add(producer, [0, 1])).toEqual([0, 0]);
    expect(await write(producer, "a", 0)).toBe(0);
    expect(await write(producer, "b", 0, 1)).toBe(0);
    expect(await read(0)).toMatchObject({ values: ["a"], lastStableOffset: 0 });
    expect(await read(1)).toMatchObject({ values: [], lastStableOffset: 0 });
    expect(await end(producer, true)).toBe(0);
    expect(await read(1)).toMatchObject({ values: ["a"], aborted: [], lastStableOffset: 2 });
    expect(await read(1, 1)).toMatchObject({ values: ["b"] });
    // The answer to the first attempt may have been lost: the same question has the same answer.
    expect(await end(producer, true)).toBe(0);
    expect(await end(producer, false)).toBe(48);
  });

  test("that aborts is named to read_committed, so that its records can be left out", async () => {
    const producer = await init();
    await add(producer, [0]);
    await write(producer, "a", 0);
    expect(await end(producer, false)).toBe(0);
    const { producerId } = producer;
    expect(await read(1)).toMatchObject({ aborted: [{ producerId, firstOffset: 0 }], lastStableOffset: 2 });
    await add(producer, [0]);
    expect(await write(producer, "b", 1)).toBe(0);
    expect(await end(producer, true)).toBe(0);
    expect((await read(1)).values).toEqual(["a", "b"]);
  });

  test("takes only batches of partitions that were added, from its own producer", async () => {
    const producer = await init();
    expect(await write(producer, "a", 0)).toBe(48);
    await add(producer, [0]);
    expect(await write(producer, "a", 0, 1)).toBe(48);
    expect(await write({ ...producer, producerId: producer.producerId + 1 }, "a", 0)).toBe(49);
    expect(await write({ ...producer, producerEpoch: 5 }, "a", 0)).toBe(47);
    expect(await end(producer, false)).toBe(0);
    expect(await write(producer, "late", 0)).toBe(48);
  });

  test("is all or nothing in the partitions it names", async () => {
    const producer = await init();
    expect(await add(producer, [0, 7])).toEqual([55, 3]);
    expect(await end(producer, true)).toBe(48);
  });
});

describe("fencing", () => {
  test("a new incarnation aborts what the old one left open, and shuts it out", async () => {
    const old = await init();
    await add(old, [0]);
    await write(old, "a", 0);
    const next = await init();
    expect(next).toMatchObject({ producerId: old.producerId, producerEpoch: old.producerEpoch + 2 });
    expect((await read(1)).aborted).toMatchObject([{ producerId: old.producerId }]);
    expect(await write(old, "b", 1)).toBe(47);
    expect(await add(old, [0])).toEqual([90]);
    expect(await end(old, true)).toBe(90);
    await add(next, [0]);
    expect(await write(next, "c", 0)).toBe(0);
    expect(await end(next, true)).toBe(0);
  });

  test("a transaction that takes too long is aborted", async () => {
    const producer = await init();
    await add(producer, [0]);
    await write(producer, "a", 0);
    clock.advance(60_000);
    await expect.poll(async () => (await read(1)).lastStableOffset, { interval: 1 }).toBe(2);
    expect(await end(producer, true)).toBe(90);
  });

  test("a claim to an epoch of the past is refused", async () => {
    const producer = await init();
    await init();
    const answer = await client.send(initProducerId, 4, { ...producer, transactionTimeoutMs: 60_000 });
    expect(answer.errorCode).toBe(90);
  });
});

describe("offsets in a transaction", () => {
  async function commitOffset(producer: Producer, committedOffset: number): Promise<number | undefined> {
    await client.send(addOffsetsToTxn, 3, { ...producer, groupId: "g" });
    const topics = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset }] }];
    const answer = await client.send(txnOffsetCommit, 3, { ...producer, groupId: "g", topics });
    return answer.topics[0]?.partitions[0]?.errorCode;
  }

  async function committed(requireStable = false) {
    const topics = [{ name: "t", partitionIndexes: [0] }];
    const answer = await client.send(offsetFetch, 7, { groupId: "g", topics, requireStable });
    return answer.topics[0]?.partitions[0];
  }

  test.each([
    [true, 5],
    [false, -1],
  ])("become good with a commit only (committed: %s)", async (isCommitted, expected) => {
    const producer = await init();
    expect(await commitOffset(producer, 5)).toBe(0);
    expect(await committed()).toMatchObject({ committedOffset: -1, errorCode: 0 });
    expect(await committed(true)).toMatchObject({ committedOffset: -1, errorCode: 88 });
    expect(await end(producer, isCommitted)).toBe(0);
    expect(await committed(true)).toMatchObject({ committedOffset: expected, errorCode: 0 });
  });
});

describe("on a full disk", () => {
  test("a decision that cannot be carried out is carried out when there is space again", async () => {
    const producer = await init();
    await add(producer, [0]);
    await write(producer, "a", 0);
    disk.areLogsFull = true;
    expect(await end(producer, true)).toBe(15);
    expect(await end(producer, true)).toBe(51);
    disk.areLogsFull = false;
    clock.advance(1000);
    await expect.poll(async () => (await read(1)).values, { interval: 1 }).toEqual(["a"]);
    await expect.poll(() => end(producer, true), { interval: 1 }).toBe(0);
  });

  test("a decision that cannot be written down is none", async () => {
    const producer = await init();
    await add(producer, [0]);
    await write(producer, "a", 0);
    disk.isJournalFull = true;
    expect(await end(producer, true)).toBe(15);
    disk.isJournalFull = false;
    expect(await end(producer, false)).toBe(0);
    expect(await read(1)).toMatchObject({ aborted: [{ firstOffset: 0 }] });
  });
});

describe("after a crash", () => {
  async function crash(): Promise<void> {
    client.close();
    // The old broker is left as it is: nothing that it still holds in memory may be needed.
    const abandoned = broker;
    broker = await startBroker({ disk, clock, topicDefaults: { "retention.ms": "-1" } });
    client = await RawClient.connect(broker.port);
    void abandoned;
  }

  test("an open transaction goes on, and can be committed", async () => {
    const producer = await init();
    await add(producer, [0]);
    await write(producer, "a", 0);
    await crash();
    expect(await read(1)).toMatchObject({ values: [], lastStableOffset: 0 });
    expect(await write(producer, "b", 1)).toBe(0);
    expect(await end(producer, true)).toBe(0);
    expect((await read(1)).values).toEqual(["a", "b"]);
  });

  test("an open transaction of the past is aborted when its time is over", async () => {
    const producer = await init();
    await add(producer, [0]);
    await write(producer, "a", 0);
    await crash();
    clock.advance(60_000);
    await expect.poll(async () => (await read(1)).lastStableOffset, { interval: 1 }).toBe(2);
    const { producerId } = producer;
    expect((await read(1)).aborted).toEqual([{ producerId, firstOffset: 0 }]);
  });

  test("a decision that was not carried out is carried out", async () => {
    const producer = await init();
    await add(producer, [0, 1]);
    await write(producer, "a", 0);
    await write(producer, "b", 0, 1);
    // The journal as it stands between the decision and the first marker.
    const journal = disk.readFile("memory/coordinator.journal")?.toString("latin1") ?? "";
    expect(journal).toContain('"state":"Ongoing"');
    const { crc32 } = await import("node:zlib");
    const entry = (state: string) => {
      const value = {
        ...producer,
        epoch: producer.producerEpoch,
        timeoutMs: 60_000,
        state,
        startedMs: 1,
        updatedMs: 1,
        partitions: [["t", [0, 1]]],
        offsets: [],
      };
      const payload = Buffer.from(JSON.stringify([{ key: JSON.stringify(["transaction", ID]), value }]));
      const header = Buffer.alloc(8);
      header.writeUInt32BE(payload.length, 0);
      header.writeUInt32BE(crc32(payload), 4);
      return [header, payload];
    };
    disk.open("memory/coordinator.journal").append(entry("PrepareCommit"));
    await crash();
    expect((await read(1)).values).toEqual(["a"]);
    expect((await read(1, 1)).values).toEqual(["b"]);
    const described = await client.send(describeTransactions, 0, { transactionalIds: [ID] });
    expect(described.transactionStates[0]).toMatchObject({
      errorCode: 0,
      transactionState: "CompleteCommit",
    });
  });
});
