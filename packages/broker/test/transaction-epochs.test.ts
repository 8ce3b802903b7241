import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { addPartitionsToTxn } from "../src/protocol/messages/add-partitions-to-txn.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { describeTransactions } from "../src/protocol/messages/describe-transactions.ts";
import { endTxn } from "../src/protocol/messages/end-txn.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { initProducerId } from "../src/protocol/messages/init-producer-id.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { TRANSACTIONAL_MASK } from "../src/storage/record-batch.ts";
import { clientBatch } from "./batches.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";
import { SmallDisk } from "./small-disk.ts";

const ID = "tx";
const LAST_EPOCH = 32_766;
const JOURNAL = "memory/coordinator.journal";

let disk: SmallDisk;
let clock: ManualClock;
let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  disk = new SmallDisk();
  clock = new ManualClock();
  await start();
  await client.send(createTopics, 5, {
    topics: [{ name: "t", numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
  });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

async function start(): Promise<void> {
  broker = await startBroker({ disk, clock, topicDefaults: { "retention.ms": "-1" } });
  client = await RawClient.connect(broker.port);
}

/** Starts another broker on what is on the disk; the old one is left as it is. */
async function crash(): Promise<void> {
  client.close();
  await start();
}

interface Producer {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

async function init(claim: Partial<Producer> = {}): Promise<Producer & { readonly errorCode: number }> {
  const body = { transactionalId: ID, transactionTimeoutMs: 60_000, ...claim };
  return { transactionalId: ID, ...(await client.send(initProducerId, 5, body)) };
}

async function write(producer: Producer, value: string, sequence: number, index = 0, version = 12) {
  const { transactionalId, ...identity } = producer;
  const attributes = TRANSACTIONAL_MASK;
  const records = clientBatch({ values: [value], ...identity, sequence, attributes });
  const topicData = [{ name: "t", partitionData: [{ index, records }] }];
  const body = { transactionalId, acks: -1, timeoutMs: 1000, topicData };
  return (await client.send(produce, version, body)).responses[0]?.partitionResponses[0]?.errorCode;
}

async function end(producer: Producer, committed: boolean) {
  return await client.send(endTxn, 5, { ...producer, committed });
}

async function standing() {
  const { transactionStates } = await client.send(describeTransactions, 0, { transactionalIds: [ID] });
  return transactionStates[0];
}

async function stableEnd(partition = 0): Promise<number | undefined> {
  const topics = [{ topic: "t", partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 }] }];
  const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, isolationLevel: 1, topics });
  return answer.responses[0]?.partitions[0]?.lastStableOffset;
}

/** Puts the transactional id at an epoch, as the journal of another broker would tell it. */
async function atEpoch(producer: Producer, epoch: number): Promise<Producer> {
  const { producerId } = producer;
  const value = {
    producerId,
    epoch,
    timeoutMs: 60_000,
    state: "CompleteCommit",
    startedMs: 1,
    updatedMs: 1,
    partitions: [],
    offsets: [],
  };
  const payload = Buffer.from(JSON.stringify([{ key: JSON.stringify(["transaction", ID]), value }]));
  const header = Buffer.alloc(8);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  disk.open(JOURNAL).append([header, payload]);
  await crash();
  return { ...producer, producerEpoch: epoch };
}

test("the answer to a lost end is the same after a crash", async () => {
  const first = await init();
  expect(await write(first, "a", 0)).toBe(0);
  const ended = await end(first, true);
  expect(ended).toMatchObject({ errorCode: 0, producerId: first.producerId, producerEpoch: 1 });
  await crash();
  expect(await end(first, true)).toEqual(ended);
  expect(await end(first, false)).toMatchObject({ errorCode: 48, producerId: -1, producerEpoch: -1 });
  expect(await write(first, "late", 1)).toBe(47);
  expect(await write({ ...first, producerEpoch: 1 }, "b", 0)).toBe(0);
});

test("a producer whose epochs run out gets a new id, over a crash as well", async () => {
  const last = await atEpoch(await init(), LAST_EPOCH);
  expect(await write(last, "a", 0)).toBe(0);
  const next = await end(last, true);
  expect(next).toMatchObject({ errorCode: 0, producerEpoch: 0 });
  expect(next.producerId).not.toBe(last.producerId);
  await crash();
  expect(await end(last, true)).toEqual(next);
  const { producerId, producerEpoch } = next;
  expect(await init({ producerId: last.producerId, producerEpoch: LAST_EPOCH })).toMatchObject({
    errorCode: 90,
  });
  expect(await write({ transactionalId: ID, producerId, producerEpoch }, "b", 0)).toBe(0);
  expect(await write(last, "late", 1)).toBe(47);
  expect(await end({ transactionalId: ID, producerId, producerEpoch }, true)).toMatchObject({
    errorCode: 0,
    producerId,
    producerEpoch: 1,
  });
  expect(await stableEnd()).toBe(4);
});

test("a partition whose records reached the disk before the journal did belongs to the transaction", async () => {
  const producer = await init();
  const journal = disk.readFile(JOURNAL) ?? Buffer.alloc(0);
  expect(await write(producer, "a", 0)).toBe(0);
  // What the power cut has left of the journal knows nothing of the transaction.
  disk.replaceFile(JOURNAL, journal);
  await crash();
  expect(await standing()).toMatchObject({
    transactionState: "Ongoing",
    topics: [{ topic: "t", partitions: [0] }],
  });
  expect(await end(producer, false)).toMatchObject({ errorCode: 0 });
  expect(await stableEnd()).toBe(2);
});

test("records are not taken while the journal cannot take their partition", async () => {
  const producer = await init();
  disk.isJournalFull = true;
  expect(await write(producer, "a", 0)).toBe(19);
  disk.isJournalFull = false;
  expect(await write(producer, "a", 0)).toBe(0);
  disk.isJournalFull = true;
  expect(await end(producer, true)).toMatchObject({ errorCode: 15 });
  disk.isJournalFull = false;
  // Nothing was decided, so that the epoch has not ended either.
  expect(await end(producer, true)).toMatchObject({ errorCode: 0, producerEpoch: 1 });
  expect(await stableEnd()).toBe(2);
});

test("a transaction of too long ends its epoch, which its producer may go on from", async () => {
  const producer = await init();
  await write(producer, "a", 0);
  clock.advance(60_000);
  await expect.poll(() => stableEnd(), { interval: 1 }).toBe(2);
  expect(await write(producer, "b", 1)).toBe(47);
  expect(await end(producer, true)).toMatchObject({ errorCode: 48 });
  const { producerId, producerEpoch } = producer;
  expect(await init({ producerId, producerEpoch })).toMatchObject({ errorCode: 0, producerEpoch: 1 });
});

test("several partitions of a request come in together, whatever becomes of their records", async () => {
  const { transactionalId, producerId, producerEpoch } = await init();
  const sound = { producerId, producerEpoch, sequence: 0, attributes: TRANSACTIONAL_MASK };
  const topicData = [
    {
      name: "t",
      partitionData: [
        { index: 0, records: clientBatch(sound) },
        { index: 1, records: clientBatch({ ...sound, sequence: 7 }) },
        { index: 9, records: clientBatch(sound) },
      ],
    },
  ];
  const answer = await client.send(produce, 12, { transactionalId, acks: -1, timeoutMs: 1000, topicData });
  expect(answer.responses[0]?.partitionResponses.map(({ errorCode }) => errorCode)).toEqual([0, 45, 3]);
  expect((await standing())?.topics).toEqual([{ topic: "t", partitions: [0, 1] }]);
});

test("brokers that ask are told which partitions are in", async () => {
  const producer = await init();
  await write(producer, "a", 0);
  const topics = [{ name: "t", partitions: [0, 1] }];
  const body = { transactions: [{ ...producer, verifyOnly: true, topics }] };
  const answer = await client.send(addPartitionsToTxn, 5, body);
  expect(answer.resultsByTransaction[0]?.topicResults[0]?.resultsByPartition).toEqual([
    { partitionIndex: 0, partitionErrorCode: 0 },
    { partitionIndex: 1, partitionErrorCode: 120 },
  ]);
});
