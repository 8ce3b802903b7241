import assert from "node:assert/strict";
import { createTopics } from "../../src/protocol/messages/create-topics.ts";
import { fetch } from "../../src/protocol/messages/fetch.ts";
import { initProducerId } from "../../src/protocol/messages/init-producer-id.ts";
import { produce } from "../../src/protocol/messages/produce.ts";
import {
  type BatchHeader,
  isControl,
  isTransactional,
  readBatchHeader,
} from "../../src/storage/record-batch.ts";
import { type BatchRecord, openRecords, recordsOf } from "../../src/storage/records.ts";
import type { RawClient } from "../raw-client.ts";

const CONCURRENT_TRANSACTIONS = 51;

export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** Creates a topic that must not be there. */
export async function createTopic(
  client: RawClient,
  name: string,
  numPartitions: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
  const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs }];
  const answer = await client.send(createTopics, 5, { topics });
  assert.equal(answer.topics[0]?.errorCode, 0);
}

/** An identity for idempotence, or with an id for transactions: what the id had open is aborted then. */
export async function initProducer(
  client: RawClient,
  transactionalId: string | null,
): Promise<ProducerIdentity> {
  for (;;) {
    const answer = await client.send(initProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 });
    if (answer.errorCode === CONCURRENT_TRANSACTIONS) continue;
    assert.equal(answer.errorCode, 0, "InitProducerId");
    return answer;
  }
}

/** Produces one batch to one partition and returns its base offset. */
export async function produceBatch(
  client: RawClient,
  topic: string,
  index: number,
  records: Buffer,
  { acks = -1, transactionalId = null }: { acks?: number; transactionalId?: string | null } = {},
): Promise<number> {
  const topicData = [{ name: topic, partitionData: [{ index, records }] }];
  const answer = await client.send(produce, 9, { transactionalId, acks, timeoutMs: 1000, topicData });
  const result = answer.responses[0]?.partitionResponses[0];
  assert.equal(result?.errorCode, 0, `produce to ${topic}-${index}`);
  return result?.baseOffset ?? -1;
}

/** The records of a partition that a consumer would see, from the beginning to the end that is visible. */
export async function readPartition(
  client: RawClient,
  topic: string,
  partition: number,
  isolationLevel: 0 | 1 = 0,
): Promise<BatchRecord[]> {
  const seen: BatchRecord[] = [];
  for (let fetchOffset = 0; ; ) {
    const partitions = [{ partition, fetchOffset, partitionMaxBytes: 1 << 20 }];
    const answer = await client.send(fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      isolationLevel,
      topics: [{ topic, partitions }],
    });
    const data = answer.responses[0]?.partitions[0];
    assert.equal(data?.errorCode, 0, `fetch of ${topic}-${partition} from ${fetchOffset}`);
    if (isolationLevel === 1) {
      assert.equal(data?.lastStableOffset, data?.highWatermark, "nothing stays undecided after a start");
    }
    const found = visibleRecords(data?.records ?? Buffer.alloc(0), data?.abortedTransactions ?? []);
    if (found.next === undefined) return seen;
    seen.push(...found.records.filter(({ offset }) => offset >= fetchOffset));
    fetchOffset = found.next;
  }
}

interface Aborted {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** Leaves out what a consumer leaves out: markers, and the records of aborted transactions. */
function visibleRecords(
  bytes: Buffer,
  aborted: readonly Aborted[],
): { records: BatchRecord[]; next: number | undefined } {
  const records: BatchRecord[] = [];
  const pending = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<number>();
  let next: number | undefined;
  for (let at = 0; at < bytes.length; ) {
    const header: BatchHeader | undefined = readBatchHeader(bytes, at);
    if (header === undefined) throw new Error("an answer that holds half a batch");
    const batch = bytes.subarray(at, at + header.sizeBytes);
    at += header.sizeBytes;
    next = header.lastOffset + 1;
    while ((pending[0]?.firstOffset ?? Number.POSITIVE_INFINITY) <= header.lastOffset) {
      aborting.add(pending.shift()?.producerId ?? -1);
    }
    if (isControl(header)) aborting.delete(header.producerId);
    else if (!isTransactional(header) || !aborting.has(header.producerId)) {
      const opened = openRecords(batch, header);
      if (opened !== undefined) records.push(...recordsOf(opened, header));
    }
  }
  return { records, next };
}
