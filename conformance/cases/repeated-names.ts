import { addPartitionsToTxn } from "../../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { alterClientQuotas } from "../../packages/broker/src/protocol/messages/alter-client-quotas.ts";
import { alterReplicaLogDirs } from "../../packages/broker/src/protocol/messages/alter-replica-log-dirs.ts";
import { deleteRecords } from "../../packages/broker/src/protocol/messages/delete-records.ts";
import { describeClientQuotas } from "../../packages/broker/src/protocol/messages/describe-client-quotas.ts";
import { describeLogDirs } from "../../packages/broker/src/protocol/messages/describe-log-dirs.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { listTransactions } from "../../packages/broker/src/protocol/messages/list-transactions.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../../packages/broker/src/protocol/messages/offset-delete.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch, oneFetch, oneOffset } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { TransactionalProducer } from "../transactional-producer.ts";

/** Places of two topics in pieces, of which one is unknown. */
function pieces<T>(topic: string, place: (partitionIndex: number) => T) {
  const unknown = `${topic}-2`;
  return {
    known: [
      { name: topic, partitions: [place(0), place(1)] },
      { name: topic, partitions: [place(1), place(1)] },
    ],
    mixed: [
      { name: topic, partitions: [place(0), place(7)] },
      { name: unknown, partitions: [place(0)] },
      { name: topic, partitions: [place(1), place(7)] },
      { name: unknown, partitions: [place(0), place(1)] },
    ],
  };
}

function commitOf(partitionIndex: number) {
  return { partitionIndex, committedOffset: partitionIndex + 1, committedMetadata: "" };
}

async function withEach<T>(
  forms: Readonly<Record<string, T>>,
  send: (form: T, step: string) => Promise<unknown>,
) {
  for (const [step, form] of Object.entries(forms)) await send(form, step);
}

function readEnds(session: Session, topic: string) {
  const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }));
  return session.send(listOffsets, 8, { replicaId: -1, topics: [{ name: topic, partitions }] }, "the ends");
}

/** Topics in pieces, and what is named twice in one request: found with drawn requests. */
export const repeatedNameCases = area("repeated names", {
  "records of a topic in pieces": async (session, topic) => {
    await session.createTopic(topic, 2);
    const records = (count: number) => clientBatch({ values: Array.from({ length: count }, () => "v") });
    const topicData = [
      {
        name: topic,
        partitionData: [
          { index: 0, records: records(1) },
          { index: 1, records: records(1) },
        ],
      },
      { name: `${topic}-2`, partitionData: [{ index: 0, records: records(1) }] },
      {
        name: topic,
        partitionData: [
          { index: 1, records: records(3) },
          { index: 7, records: records(1) },
        ],
      },
      { name: `${topic}-2`, partitionData: [{ index: 0, records: records(1) }] },
    ];
    for (const acks of [-1, 1]) {
      await session.send(produce, 9, { ...oneBatch(topic, null), acks, topicData });
    }
    await readEnds(session, topic);
    const places = pieces(topic, (partitionIndex) => ({ partitionIndex, offset: partitionIndex + 1 }));
    await withEach(places, (topics, step) =>
      session.send(deleteRecords, 2, { topics, timeoutMs: 5000 }, step),
    );
  },
  "offsets of a topic in pieces": async (session, topic) => {
    await session.createTopic(topic, 2);
    const times = pieces(topic, (partitionIndex) => ({ partitionIndex, timestamp: -1 }));
    await withEach(times, (topics, step) =>
      session.send(listOffsets, 8, { ...oneOffset(topic, -1), topics }, step),
    );
    const places = [0, 0].flatMap(() => oneFetch(topic).topics);
    const fetched = { ...oneFetch(topic, { isolationLevel: 2 }), topics: places };
    await session.send(fetch, 11, fetched, "of an unknown isolation");
    const commit = { groupId: topic, memberId: "" };
    await withEach(pieces(topic, commitOf), async (topics, step) => {
      for (const version of [2, 9]) await session.send(offsetCommit, version, { ...commit, topics }, step);
    });
    const { claim } = await TransactionalProducer.init(session, topic);
    await withEach(pieces(topic, commitOf), (topics, step) =>
      session.send(txnOffsetCommit, 3, { ...claim, ...commit, topics }, `in a transaction: ${step}`),
    );
    await withEach(
      pieces(topic, (partition) => partition),
      (topics, step) => session.send(addPartitionsToTxn, 3, { ...claim, topics }, `into it: ${step}`),
    );
    const nothing = [...Array(2)].map(() => ({ name: "", partitions: [] }));
    await withEach({ ...pieces(topic, (partitionIndex) => ({ partitionIndex })), nothing }, (topics, step) =>
      session.send(offsetDelete, 0, { groupId: topic, topics }, `deleted: ${step}`),
    );
  },
  "moves, states and bounds": async (session, topic) => {
    const topics = pieces(topic, (partition) => partition).mixed;
    await session.send(alterReplicaLogDirs, 2, { dirs: [{ path: "/no/such/folder", topics }] });
    await session.createTopic(topic, 2);
    const places = [[0, 1], [1], [7]].map((partitions) => ({ topic, partitions }));
    await session.send(describeLogDirs, 4, { topics: places });
    const stateFilters = ["None", "Empty", "None"];
    await session.send(listTransactions, 0, { stateFilters, producerIdFilters: [987_654_321] });
    const entity = [{ entityType: "user", entityName: topic }];
    const bound = (value: number) => ({ entity, ops: [{ key: "producer_byte_rate", value, remove: false }] });
    const twice = { entries: [bound(1000), bound(2000)], validateOnly: false };
    await session.send(alterClientQuotas, 1, twice);
    const parts = { entries: [{ ...bound(1), entity: [...entity, ...entity] }], validateOnly: true };
    await session.send(alterClientQuotas, 1, parts, "an entity of the same part twice");
    const client = { entityType: "client-id", entityName: null };
    const [user] = entity;
    const spellings = [
      [[user], [user, user]],
      [
        [user, client],
        [client, user],
      ],
    ];
    for (const [index, spelled] of spellings.entries()) {
      const entries = spelled.map((parts) => ({ ...bound(1), entity: parts.flatMap((part) => part ?? []) }));
      const step = `an entity in two spellings, ${index}`;
      await session.send(alterClientQuotas, 1, { entries, validateOnly: true }, step);
    }
    const components = [{ entityType: "user", matchType: 0, match: topic }];
    const isThere = ({ entries }: { readonly entries: readonly unknown[] | null }): boolean =>
      entries?.length === 1;
    await session.sendUntil(describeClientQuotas, 1, { components, strict: false }, isThere);
  },
});
