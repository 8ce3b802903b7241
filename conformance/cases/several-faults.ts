import { addOffsetsToTxn } from "../../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { alterReplicaLogDirs } from "../../packages/broker/src/protocol/messages/alter-replica-log-dirs.ts";
import { alterUserScramCredentials } from "../../packages/broker/src/protocol/messages/alter-user-scram-credentials.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteRecords } from "../../packages/broker/src/protocol/messages/delete-records.ts";
import { deleteTopics } from "../../packages/broker/src/protocol/messages/delete-topics.ts";
import { describeTopicPartitions } from "../../packages/broker/src/protocol/messages/describe-topic-partitions.ts";
import { endTxn } from "../../packages/broker/src/protocol/messages/end-txn.ts";
import { initProducerId } from "../../packages/broker/src/protocol/messages/init-producer-id.ts";
import { joinGroup } from "../../packages/broker/src/protocol/messages/join-group.ts";
import { leaveGroup } from "../../packages/broker/src/protocol/messages/leave-group.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { listTransactions } from "../../packages/broker/src/protocol/messages/list-transactions.ts";
import { offsetDelete } from "../../packages/broker/src/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../../packages/broker/src/protocol/messages/offset-fetch.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { updateFeatures } from "../../packages/broker/src/protocol/messages/update-features.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { Member } from "../member.ts";
import { oneBatch, oneOffset } from "../requests.ts";
import { area } from "../suite.ts";
import { TransactionalProducer } from "../transactional-producer.ts";

const CONCURRENT_TRANSACTIONS = 51;
const TRANSACTIONAL = 0x10;
const APPEND_TIME = 0x08;
const AN_HOUR_MS = 3_600_000;

/** Which of several faults is told, and what is said of what is in order beside it: found with drawn requests. */
export const severalFaultsCases = area("several faults", {
  "records without a key and out of time": async (session, topic) => {
    const limits = { "message.timestamp.after.max.ms": String(AN_HOUR_MS) };
    await session.createTopic(topic, 1, { ...limits, "cleanup.policy": "compact" });
    const timestampMs = Date.now() + 2 * AN_HOUR_MS;
    for (const keys of [[null, "key"], [null, null], ["key"]]) {
      const values = keys.map(() => "value");
      await session.send(produce, 9, oneBatch(topic, clientBatch({ keys, values, timestampMs })));
    }
    const noSequence = clientBatch({ keys: [null], timestampMs, producerId: 1_000_000, producerEpoch: 0 });
    await session.send(produce, 9, oneBatch(topic, noSequence), "without a sequence number");
  },
  "records of no epoch, and of the first one behind them": async (session, topic) => {
    await session.createTopic(topic);
    for (const [producerEpoch, sequence] of [
      [-1, 0],
      [0, 5],
      [0, 6],
      [1, 9],
      [-1, 1],
    ] as const) {
      const batch = clientBatch({ producerId: 1_000_000, producerEpoch, sequence });
      const step = `epoch ${producerEpoch}, sequence ${sequence}`;
      await session.send(produce, 9, oneBatch(topic, batch), step);
    }
  },
  "records of no epoch where the topic has a codec of its own": async (session, topic) => {
    for (const codec of ["producer", "uncompressed", "gzip"]) {
      const name = `${topic}-${codec}`;
      await session.createTopic(name, 1, { "compression.type": codec });
      const sequences = { producerId: 1_000_000, sequence: 0 };
      await session.send(produce, 9, oneBatch(name, clientBatch(sequences)), `${codec}: no epoch`);
      const late = { ...sequences, timestampMs: Date.now() + 2 * AN_HOUR_MS };
      await session.send(produce, 9, oneBatch(name, clientBatch(late)), `${codec}: out of time as well`);
      const stranger = { producerEpoch: -2, producerId: 2_000_000, sequence: 0 };
      await session.send(produce, 9, oneBatch(name, clientBatch(stranger)), `${codec}: a strange epoch`);
      const nobody = { producerEpoch: 0, sequence: 0 };
      await session.send(produce, 9, oneBatch(name, clientBatch(nobody)), `${codec}: no producer`);
    }
  },
  "a batch that says it is stamped": async (session, topic) => {
    const stamped = clientBatch({ attributes: APPEND_TIME, timestampMs: Date.now() });
    const timeless = clientBatch({ attributes: APPEND_TIME, timestampMs: -1 });
    await session.createTopic(topic, 1, { "message.timestamp.type": "LogAppendTime" });
    await session.createTopic(`${topic}-2`);
    await session.send(produce, 9, oneBatch(topic, stamped));
    await session.send(produce, 9, oneBatch(`${topic}-2`, timeless));
  },
  "a transactional batch that is wrong, of a producer who may not write": async (session, topic) => {
    await session.createTopic(topic, 1, { "cleanup.policy": "compact" });
    const { claim } = await TransactionalProducer.init(session, topic);
    const batch = clientBatch({ ...claim, keys: [null], sequence: 0, attributes: TRANSACTIONAL });
    const request = oneBatch(topic, batch, { transactionalId: topic });
    await session.send(produce, 11, request, "not in the transaction");
    await session.send(produce, 11, { ...request, acks: 3 }, "nor with these acks");
  },
  "a transaction of several producers": async (session, topic) => {
    await session.createTopic(topic, 2);
    const producer = await TransactionalProducer.init(session, topic);
    await producer.addPartition(topic);
    const { claim } = producer;
    const partitionData = [0, 1, 7].map((index) => {
      const producerEpoch = claim.producerEpoch + index;
      return {
        index,
        records: clientBatch({ ...claim, producerEpoch, sequence: 0, attributes: TRANSACTIONAL }),
      };
    });
    const request = { ...oneBatch(topic, null), transactionalId: topic };
    await session.send(produce, 11, { ...request, topicData: [{ name: topic, partitionData }] });
    const known = partitionData.toSpliced(1, 1);
    await session.send(
      produce,
      11,
      { ...request, topicData: [{ name: topic, partitionData: known }] },
      "one of them unknown",
    );
    await producer.end(false);
  },
  "credentials of several mechanisms of one user": async (session, topic) => {
    const salted = { salt: Buffer.from("salt"), saltedPassword: Buffer.alloc(32, 1), iterations: 4096 };
    const [first, second] = [1, 2].map((mechanism) => ({ name: topic, mechanism, ...salted }));
    const both = [first, second].flatMap((one) => one ?? []);
    await session.send(alterUserScramCredentials, 0, { deletions: [], upsertions: both });
    await session.send(alterUserScramCredentials, 0, { deletions: [], upsertions: both.slice(0, 1) });
    const deletions = [{ name: topic, mechanism: 1 }];
    await session.send(alterUserScramCredentials, 0, { deletions, upsertions: both.slice(1) });
    await session.send(alterUserScramCredentials, 0, { deletions, upsertions: [] });
  },
  "the largest of no times, and one before the log's start": async (session, topic) => {
    await session.createTopic(topic);
    await session.send(listOffsets, 8, oneOffset(topic, -3), "nothing there");
    for (const timestampMs of [-1, -1])
      await session.ask(produce, 9, oneBatch(topic, clientBatch({ timestampMs })));
    await session.send(listOffsets, 8, oneOffset(topic, -3), "no times");
    const nowMs = Date.now();
    for (const agoMs of [0, 2000, 1000]) {
      await session.ask(produce, 9, oneBatch(topic, clientBatch({ timestampMs: nowMs - agoMs })));
    }
    const after = async (offset: number): Promise<void> => {
      const topics = [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }];
      await session.ask(deleteRecords, 2, { topics, timeoutMs: 5000 });
      const { topics: found } = await session.ask(listOffsets, 8, oneOffset(topic, -3));
      session.note(`from ${offset} on`, found[0]?.partitions[0]?.offset);
    };
    for (const offset of [1, 2, 3, 4, 5]) await after(offset);
  },
  "transactions that have not begun, by their time": async (session, topic) => {
    const { claim } = await TransactionalProducer.init(session, topic);
    for (const durationFilter of [-1, 0, 600_000]) {
      const filter = { stateFilters: [], producerIdFilters: [claim.producerId], durationFilter };
      await session.send(listTransactions, 1, filter, `for ${durationFilter}`);
    }
  },
  "offsets of a group beside the one in the transaction": async (session, topic) => {
    await session.createTopic(topic);
    const { claim } = await TransactionalProducer.init(session, topic);
    await session.send(addOffsetsToTxn, 3, { ...claim, groupId: topic });
    const partition = { committedOffset: 1, committedMetadata: "", partitionIndex: 0 };
    const topics = [{ name: topic, partitions: [partition] }];
    const commit = { ...claim, groupId: `${topic}-2`, memberId: "", topics };
    await session.send(txnOffsetCommit, 3, commit, "kept in the same place");
    await session.sendUntil(
      endTxn,
      3,
      { ...claim, committed: true },
      ({ errorCode }) => errorCode !== CONCURRENT_TRANSACTIONS,
    );
    const fetched = { groups: [{ groupId: `${topic}-2`, topics: null }] };
    const isThere = ({ groups }: { groups: readonly { topics: readonly unknown[] }[] }): boolean =>
      groups[0]?.topics.length === 1;
    await session.sendUntil(offsetFetch, 9, fetched, isThere);
  },
  "a former producer that is half known": async (session, topic) => {
    for (const [producerId, producerEpoch] of [
      [-1, -2],
      [-2, -1],
      [-2, -2],
      [7, -1],
      [-1, 0],
      [-2, 0],
    ]) {
      const claim = { transactionalId: topic, transactionTimeoutMs: 60_000, producerId, producerEpoch };
      await session.send(initProducerId, 5, claim, `${producerId} ${producerEpoch}`);
    }
  },
  "topics to delete that are named by nothing, by both, and twice": async (session, topic) => {
    const topicId = await session.createTopic(topic);
    const other = await session.createTopic(`${topic}-2`);
    const nothing = { name: null };
    await session.send(deleteTopics, 6, {
      topics: [nothing, nothing, { name: topic, topicId }],
      timeoutMs: 30_000,
    });
    const named = { name: topic };
    await session.send(deleteTopics, 6, {
      topics: [named, named, { name: null, topicId: other }],
      timeoutMs: 30_000,
    });
    await session.send(
      deleteTopics,
      6,
      { topics: [{ name: null, topicId }, named], timeoutMs: 30_000 },
      "by name and by id",
    );
    await session.send(deleteTopics, 6, { topics: [named], timeoutMs: 30_000 }, "is still there");
  },
  "an upgrade of a feature that is of no kind": async (session) => {
    for (const upgradeType of [0, 4, 3, 1]) {
      const featureUpdates = [{ feature: "group.version", maxVersionLevel: 1, upgradeType }];
      await session.send(updateFeatures, 2, { featureUpdates, validateOnly: true }, `type ${upgradeType}`);
    }
  },
  "moves of a topic with a long name": async (session) => {
    for (const length of [213, 214, 215]) {
      const topics = [{ name: "x".repeat(length), partitions: [0, -1, 10] }];
      await session.send(alterReplicaLogDirs, 2, { dirs: [{ path: "/no/such/folder", topics }] });
    }
  },
  "a transaction with topics without partitions": async (session, topic) => {
    await session.createTopic(topic, 2);
    const { claim } = await TransactionalProducer.init(session, topic);
    const topics = [
      { name: `${topic}-2`, partitions: [] },
      { name: topic, partitions: [1, 0, 1] },
    ];
    await session.send(addPartitionsToTxn, 3, { ...claim, topics });
    await session.send(addPartitionsToTxn, 3, { ...claim, topics: topics.slice(0, 1) });
    await session.send(addPartitionsToTxn, 3, { ...claim, producerId: 987_654, topics });
    const unknown = { name: topic, partitions: [0, 0, 7, 7] };
    await session.send(addPartitionsToTxn, 3, { ...claim, topics: [...topics, unknown] });
  },
  "a producer that asks for its epoch again": async (session, topic) => {
    const isFinal = ({ errorCode }: { readonly errorCode: number }): boolean =>
      errorCode !== CONCURRENT_TRANSACTIONS;
    const claim = { transactionalId: topic, transactionTimeoutMs: 60_000 };
    const { producerId } = await session.sendUntil(initProducerId, 5, claim, isFinal, "new");
    const init = (producerEpoch: number, step: string) =>
      session.sendUntil(initProducerId, 5, { ...claim, producerId, producerEpoch }, isFinal, step);
    const open = (producerEpoch: number) =>
      session.ask(addOffsetsToTxn, 3, { transactionalId: topic, producerId, producerEpoch, groupId: topic });
    await open(0);
    await init(0, "with an open transaction");
    for (const epoch of [0, 1]) await init(epoch, `again with ${epoch}`);
    await session.sendUntil(initProducerId, 5, claim, isFinal, "without a claim");
    await open(3);
    await session.sendUntil(initProducerId, 5, claim, isFinal, "without a claim, with an open transaction");
    await open(5);
    await init(5, "once more");
    for (const epoch of [4, 5, 6]) await init(epoch, `once more with ${epoch}`);
  },
  "a topic with wrong numbers": async (session, topic) => {
    for (const replicationFactor of [0, -2, 7]) {
      const numbers = { numPartitions: -2, replicationFactor };
      await session.send(createTopics, 7, {
        topics: [{ name: topic, ...numbers, assignments: [], configs: [] }],
      });
    }
  },
  "a topic without a name before the cursor": async (session, topic) => {
    const topics = [topic, "", "."].map((name) => ({ name }));
    const cursor = { topicName: topic, partitionIndex: 0 };
    await session.send(describeTopicPartitions, 0, { topics, responsePartitionLimit: 10, cursor });
  },
  "states of transactions that nobody sees": async (session) => {
    const stateFilters = ["Dead", "PrepareEpochFence", "dead", ""];
    await session.send(listTransactions, 0, { stateFilters, producerIdFilters: [] });
  },
  "offsets of a topic that somebody is about to read": async (session, topic) => {
    await session.createTopic(topic);
    const member = new Member(session, topic, { topics: [`${topic}-2`] });
    const answer = await member.join();
    const other = new Member(session, topic, { topics: [topic] });
    const joining = other.join();
    await member.untilRebalance();
    const partitions = [{ partitionIndex: 0 }];
    const topics = [topic, `${topic}-2`].map((name) => ({ name, partitions }));
    await session.send(offsetDelete, 0, { groupId: topic, topics });
    session.note("joined", answer.errorCode);
    await member.join();
    session.note("the other joined", (await joining).errorCode);
    await session.send(offsetDelete, 0, { groupId: topic, topics }, "once it reads");
  },
  "somebody leaves who has only been told an id": async (session, topic) => {
    const joining = { groupId: topic, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: "" };
    const protocols = [{ name: "range", metadata: Buffer.from("range") }];
    const { memberId } = await session.ask(joinGroup, 9, { ...joining, protocolType: "consumer", protocols });
    const member = new Member(session, topic, { version: 0 });
    await member.join();
    await session.send(leaveGroup, 5, { groupId: topic, members: [{ memberId }] });
    session.note("the other syncs", await member.sync([[member.memberId, "all"]]));
  },
  "offsets of no partitions": async (session, topic) => {
    await session.createTopic(topic);
    const member = new Member(session, topic, { topics: [topic] });
    await member.join();
    const topics = [topic, `${topic}-2`].map((name) => ({ name, partitions: [] }));
    await session.send(offsetDelete, 0, { groupId: topic, topics });
  },
});
