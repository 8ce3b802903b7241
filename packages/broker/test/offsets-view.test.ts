import { afterEach, beforeEach, expect, test } from "vitest";
import { groupPartition } from "../src/groups/offset-records.ts";
import { type Broker, startBroker } from "../src/index.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteGroups } from "../src/protocol/messages/delete-groups.ts";
import { deleteTopics } from "../src/protocol/messages/delete-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { findCoordinator } from "../src/protocol/messages/find-coordinator.ts";
import { listOffsets } from "../src/protocol/messages/list-offsets.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { Reader } from "../src/protocol/reader.ts";
import { readBatchHeader } from "../src/storage/record-batch.ts";
import { recordsOf } from "../src/storage/records.ts";
import { RawClient } from "./raw-client.ts";

const OFFSETS = "__consumer_offsets";
const BATCH_HEADER_BYTES = 61;

let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  broker = await startBroker({ offsetsTopicPartitions: 2 });
  client = await RawClient.connect(broker.port);
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
  await client.send(findCoordinator, 3, { key: "g" });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

async function commit(groupId: string, committedOffset: number): Promise<void> {
  const partition = { partitionIndex: 0, committedOffset, committedMetadata: "m" };
  const topics = [{ name: "t", partitions: [partition] }];
  const answer = await client.send(offsetCommit, 8, { groupId, memberId: "", topics });
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
}

async function bounds(partitionIndex: number): Promise<number[]> {
  const ends: number[] = [];
  for (const timestamp of [-2, -1]) {
    const topics = [{ name: OFFSETS, partitions: [{ partitionIndex, timestamp }] }];
    const answer = await client.send(listOffsets, 8, { replicaId: -1, topics });
    ends.push(answer.topics[0]?.partitions[0]?.offset ?? -1);
  }
  return ends;
}

/** What the records of one partition say: the last of each key counts. */
async function shown(partition: number): Promise<Record<string, number>> {
  const last = new Map<string, number>();
  const [first = 0, end = 0] = await bounds(partition);
  for (let next = first; next < end; ) {
    const partitions = [{ partition, fetchOffset: next, partitionMaxBytes: 1 << 20 }];
    const topics = [{ topic: OFFSETS, partitions }];
    const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, topics });
    const bytes = answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
    for (let at = 0; at < bytes.length; ) {
      const header = readBatchHeader(bytes, at);
      if (header === undefined) throw new Error("no batch");
      const records = bytes.subarray(at + BATCH_HEADER_BYTES, at + header.sizeBytes);
      for (const { key, value } of recordsOf(records, header)) note(last, key, value);
      at += header.sizeBytes;
      next = header.lastOffset + 1;
    }
  }
  return Object.fromEntries(last);
}

function note(last: Map<string, number>, key: Buffer | null, value: Buffer | null): void {
  const reader = new Reader(key ?? Buffer.alloc(0));
  const version = reader.int16();
  const group = reader.bytes(reader.int16()).toString();
  const name =
    version === 2 ? `group ${group}` : `${group} ${reader.bytes(reader.int16())} ${reader.int32()}`;
  if (value === null) last.delete(name);
  else last.set(name, version === 2 ? 0 : Number(value.readBigInt64BE(2)));
}

test("the partition of a group is Java's", () => {
  // Whose hash is the least of all, which has no positive counterpart.
  expect(groupPartition("polygenelubricants", 50)).toBe(0);
  expect(groupPartition("g", 50)).toBe(103 % 50);
  expect(groupPartition("ab", 50)).toBe((97 * 31 + 98) % 50);
});

test("what was committed is shown, and what is committed later as well", async () => {
  const partition = groupPartition("g", 2);
  await commit("g", 3);
  expect(await shown(partition)).toEqual({ "g t 0": 3 });
  await commit("g", 4);
  await commit("g", 5);
  expect(await shown(partition)).toEqual({ "g t 0": 5 });
  await client.send(deleteGroups, 2, { groupsNames: ["g"] });
  expect(await shown(partition)).toEqual({});
});

test("what is shown stays small, and its offsets go on", async () => {
  const partition = groupPartition("g", 2);
  await commit("other", 1);
  await shown(partition);
  for (let offset = 0; offset < 6000; offset++) await commit("g", offset);
  const [first = 0, end = 0] = await bounds(partition);
  expect(first).toBeGreaterThan(0);
  expect(end).toBeGreaterThan(6000);
  expect((await shown(partition))["g t 0"]).toBe(5999);
});

test("the topic can be deleted, which no offset is lost by, and comes back", async () => {
  await commit("g", 3);
  await shown(0);
  await client.send(deleteTopics, 5, { topicNames: [OFFSETS], topics: [], timeoutMs: 1000 });
  await commit("g", 4);
  const topics = [{ name: OFFSETS }];
  const gone = await client.send(metadata, 9, { topics, allowAutoTopicCreation: false });
  expect(gone.topics[0]).toMatchObject({ errorCode: 3, isInternal: true });
  await client.send(findCoordinator, 3, { key: "g" });
  expect(await shown(groupPartition("g", 2))).toEqual({ "g t 0": 4 });
  const wanted = [{ name: "t", partitionIndexes: [0] }];
  const fetched = await client.send(offsetFetch, 7, { groupId: "g", topics: wanted });
  expect(fetched.topics[0]?.partitions[0]?.committedOffset).toBe(4);
});
