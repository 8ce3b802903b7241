import { addOffsetsToTxn } from "../../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { describeProducers } from "../../packages/broker/src/protocol/messages/describe-producers.ts";
import { describeTransactions } from "../../packages/broker/src/protocol/messages/describe-transactions.ts";
import { endTxn } from "../../packages/broker/src/protocol/messages/end-txn.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { initProducerId } from "../../packages/broker/src/protocol/messages/init-producer-id.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { listTransactions } from "../../packages/broker/src/protocol/messages/list-transactions.ts";
import { offsetFetch } from "../../packages/broker/src/protocol/messages/offset-fetch.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { oneFetch, oneOffset } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { TransactionalProducer } from "../transactional-producer.ts";
import { versionEnds } from "../version-ends.ts";

const READ_COMMITTED = 1;

/** What a reader sees of a partition, under both isolation levels. */
async function read(session: Session, topic: string, step: string): Promise<void> {
  await session.send(fetch, 12, oneFetch(topic), `${step}: everything`);
  await session.send(fetch, 12, oneFetch(topic, { isolationLevel: READ_COMMITTED }), `${step}: committed`);
  await session.send(
    listOffsets,
    8,
    oneOffset(topic, -1, { isolationLevel: READ_COMMITTED }),
    `${step}: stable end`,
  );
}

/** Waits until the marker of an ended transaction is in the log: `end` records and markers. */
async function untilEnded(session: Session, topic: string, end: number): Promise<void> {
  const isThere = ({ topics }: { topics: { partitions: { offset: number }[] }[] }): boolean =>
    topics[0]?.partitions[0]?.offset === end;
  await session.sendUntil(
    listOffsets,
    8,
    oneOffset(topic, -1, { isolationLevel: READ_COMMITTED }),
    isThere,
    "ended",
  );
}

export const transactionCases = [
  ...area("transactions", {
    committed: async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      await producer.addPartition(topic);
      await producer.send(topic, ["a", "b"]);
      await read(session, topic, "open");
      await session.send(describeTransactions, 0, { transactionalIds: [topic] });
      await session.send(describeProducers, 0, { topics: [{ name: topic, partitionIndexes: [0] }] });
      await producer.end(true);
      await untilEnded(session, topic, 3);
      await read(session, topic, "committed");
      await session.send(
        describeProducers,
        0,
        { topics: [{ name: topic, partitionIndexes: [0] }] },
        "producers afterwards",
      );
      await session.sendUntil(
        describeTransactions,
        0,
        { transactionalIds: [topic] },
        ({ transactionStates }) => transactionStates[0]?.transactionState === "CompleteCommit",
        "complete",
      );
      await producer.end(true, "again");
      await producer.end(false, "abort what is committed");
    },
    aborted: async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      await producer.addPartition(topic);
      await producer.send(topic, ["a", "b"]);
      await producer.end(false);
      await untilEnded(session, topic, 3);
      await read(session, topic, "aborted");
      await producer.end(false, "again");
      await producer.end(true, "commit what is aborted");
      await producer.addPartition(topic);
      await producer.send(topic, ["c"]);
      await producer.end(true);
      await untilEnded(session, topic, 5);
      await read(session, topic, "the next one is committed");
      await session.send(
        fetch,
        12,
        oneFetch(topic, { isolationLevel: READ_COMMITTED, fetchOffset: 3 }),
        "behind the aborted one",
      );
    },
    "at the oldest versions": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic, 0);
      await producer.addPartition(topic, 0, 0);
      await session.send(addOffsetsToTxn, 0, { ...producer.claim, groupId: topic });
      const partitions = [{ partitionIndex: 0, committedOffset: 3, committedMetadata: "m" }];
      await session.send(txnOffsetCommit, 0, {
        ...producer.claim,
        groupId: topic,
        topics: [{ name: topic, partitions }],
      });
      await producer.end(true, "end", 0);
    },
    offsets: async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      const partitions = [{ partitionIndex: 0, committedOffset: 7, committedMetadata: "m" }];
      const topics = [{ name: topic, partitions }];
      const commit = { ...producer.claim, groupId: topic, topics };
      await session.send(addOffsetsToTxn, 4, { ...producer.claim, groupId: topic });
      await session.send(txnOffsetCommit, 4, commit);
      const groups = [{ groupId: topic, topics: [{ name: topic, partitionIndexes: [0] }] }];
      await session.send(offsetFetch, 8, { groups }, "open");
      await session.send(offsetFetch, 8, { groups, requireStable: true }, "open, stable only");
      await producer.end(true);
      const isCommitted = (answer: {
        groups: { topics: { partitions: { committedOffset: number }[] }[] }[];
      }): boolean => answer.groups[0]?.topics[0]?.partitions[0]?.committedOffset === 7;
      await session.sendUntil(offsetFetch, 8, { groups, requireStable: true }, isCommitted, "committed");
    },
    "offsets that cannot be": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      await session.attempt(addOffsetsToTxn, 4, { ...producer.claim, groupId: "" }, "no group");
      await session.attempt(addOffsetsToTxn, 4, { ...producer.claim, groupId: topic });
      const commit = (
        step: string,
        fields: Readonly<Record<string, unknown>>,
        name = topic,
        partitionIndex = 0,
      ) => {
        const partitions = [{ partitionIndex, committedOffset: 7, committedMetadata: "m" }];
        const body = { ...producer.claim, groupId: topic, topics: [{ name, partitions }], ...fields };
        return session.attempt(txnOffsetCommit, 4, body, step);
      };
      await commit("no group", { groupId: "" });
      await commit("unknown topic", {}, `${topic}-unknown`);
      await commit("unknown partition", {}, topic, 9);
      await commit("a stranger", { memberId: "nobody", generationId: 5 });
      await commit("a generation of nobody", { generationId: 5 });
      await commit("an old epoch", { producerEpoch: -1 });
      await commit("a future epoch", { producerEpoch: 9 });
    },
    "who may not": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      const { claim } = producer;
      const topics = [{ name: topic, partitions: [0] }];
      for (const version of [0, 3]) {
        const add = (step: string, fields: Readonly<Record<string, unknown>>) =>
          session.attempt(
            addPartitionsToTxn,
            version,
            { ...claim, topics, ...fields },
            `${step}, ${version}`,
          );
        await add("unknown id", { transactionalId: `${topic}-unknown` });
        await add("no id", { transactionalId: "" });
        await add("another producer", { producerId: claim.producerId + 5000 });
        await add("a future epoch", { producerEpoch: 5 });
        await add("epoch -1", { producerEpoch: -1 });
        await add("unknown topic", { topics: [...topics, { name: `${topic}-unknown`, partitions: [0] }] });
        await add("unknown partition", { topics: [{ name: topic, partitions: [0, 8] }] });
        await add("nothing", { topics: [] });
      }
      for (const version of [0, 4]) {
        const end = (step: string, fields: Readonly<Record<string, unknown>>) =>
          session.attempt(
            endTxn,
            version,
            { ...claim, committed: true, ...fields },
            `end: ${step}, ${version}`,
          );
        await end("unknown id", { transactionalId: `${topic}-unknown` });
        await end("no id", { transactionalId: "" });
        await end("another producer", { producerId: claim.producerId + 5000 });
        await end("a future epoch", { producerEpoch: 5 });
      }
    },
    "a producer is fenced": async (session, topic) => {
      await session.createTopic(topic);
      const first = await TransactionalProducer.init(session, topic);
      await first.addPartition(topic);
      await first.send(topic, ["a"]);
      const second = await TransactionalProducer.init(session, topic);
      await first.send(topic, ["b"], "the former one sends");
      await first.addPartition(topic);
      await first.addPartition(topic, 0, 0);
      await first.end(true, "the former one ends");
      await first.end(true, "the former one ends in old words", 0);
      await untilEnded(session, topic, 2);
      await read(session, topic, "aborted for it");
      await second.addPartition(topic);
      await second.send(topic, ["c"]);
      await second.end(true);
      await untilEnded(session, topic, 4);
    },
    "records outside of a transaction": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      await producer.end(true, "nothing was begun");
      await producer.send(topic, ["a"], "a partition that was not added");
    },
    ids: async (session, topic) => {
      const init = (step: string, fields: Readonly<Record<string, unknown>>, version = 4) =>
        session.attempt(
          initProducerId,
          version,
          { transactionalId: topic, transactionTimeoutMs: 5000, ...fields },
          step,
        );
      await init("empty", { transactionalId: "" });
      await init("no time", { transactionTimeoutMs: 0 });
      await init("negative time", { transactionTimeoutMs: -1 });
      await init("too much time", { transactionTimeoutMs: 2 ** 31 - 1 });
      const { producerId, producerEpoch } = await session.send(
        initProducerId,
        4,
        { transactionalId: topic, transactionTimeoutMs: 5000 },
        "first",
      );
      await init("goes on", { producerId, producerEpoch });
      await init("goes on again, from the first epoch", { producerId, producerEpoch });
      await init("another producer", { producerId: producerId + 7000, producerEpoch: 0 });
      await init("a future epoch", { producerId, producerEpoch: 50 });
      await init("a new life", {});
      await init("an old epoch in old words", { producerId, producerEpoch: 0 }, 3);
      await init("half an identity", { producerId, producerEpoch: -1 });
    },
    "listed and described": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await TransactionalProducer.init(session, topic);
      const list = async (
        step: string,
        version: number,
        fields: Readonly<Record<string, unknown>>,
      ): Promise<void> => {
        const body = { stateFilters: [], producerIdFilters: [], ...fields };
        const answer = await session.ask(listTransactions, version, body);
        const own = answer.transactionStates.filter(({ transactionalId }) => transactionalId === topic);
        session.note(step, { ...answer, transactionStates: own });
      };
      await session.send(
        describeTransactions,
        0,
        { transactionalIds: [topic, `${topic}-unknown`, ""] },
        "not begun",
      );
      await list("empty", 0, {});
      await producer.addPartition(topic);
      for (const version of versionEnds(listTransactions)) {
        await list(`ongoing ${version}`, version, {});
        await list(`by state ${version}`, version, { stateFilters: ["Ongoing"] });
        await list(`by another state ${version}`, version, { stateFilters: ["Empty"] });
        await list(`by no state ${version}`, version, { stateFilters: ["Nonsense"] });
        await list(`by producer ${version}`, version, { producerIdFilters: [producer.claim.producerId] });
        await list(`by another producer ${version}`, version, {
          producerIdFilters: [producer.claim.producerId + 5000],
        });
      }
      for (const transactionalIdPattern of [
        "",
        ".*",
        "listed",
        ".*listed.*",
        `${topic}`,
        "(",
        "(?=a)",
        null,
      ]) {
        await list(`by pattern ${transactionalIdPattern}`, 2, { transactionalIdPattern });
      }
      await list("long ago", 1, { durationFilter: 1_000_000 });
      await list("right now", 1, { durationFilter: 0 });
      await session.send(describeTransactions, 0, { transactionalIds: [topic] }, "ongoing");
      await producer.end(false);
    },
    producers: async (session, topic) => {
      await session.createTopic(topic);
      await session.send(
        describeProducers,
        0,
        { topics: [{ name: topic, partitionIndexes: [0, 9] }] },
        "none",
      );
      await session.send(
        describeProducers,
        0,
        { topics: [{ name: `${topic}-unknown`, partitionIndexes: [0] }] },
        "unknown",
      );
      await session.attempt(
        produce,
        9,
        { acks: -1, timeoutMs: 1000, topicData: [{ name: topic, partitionData: [] }] },
        "no partitions",
      );
    },
  }),
];
