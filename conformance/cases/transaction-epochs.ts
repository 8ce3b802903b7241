import { addOffsetsToTxn } from "../../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { describeProducers } from "../../packages/broker/src/protocol/messages/describe-producers.ts";
import { describeTransactions } from "../../packages/broker/src/protocol/messages/describe-transactions.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { offsetFetch } from "../../packages/broker/src/protocol/messages/offset-fetch.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { EpochProducer } from "../epoch-producer.ts";
import { oneBatch, oneFetch, oneOffset } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import type { Claim } from "../transactional-requests.ts";

const READ_COMMITTED = 1;
const UNKNOWN_ID = "zzzzzzzzzzzzzzzzzzzzzQ";

/** What a reader sees of a partition, under both isolation levels, once its stable end is at `end`. */
async function read(session: Session, topic: string, end: number, step: string): Promise<void> {
  const isThere = ({ topics }: { topics: { partitions: { offset: number }[] }[] }): boolean =>
    topics[0]?.partitions[0]?.offset === end;
  const committed = { isolationLevel: READ_COMMITTED };
  await session.sendUntil(listOffsets, 11, oneOffset(topic, -1, committed), isThere, `${step}: stable end`);
  await session.send(fetch, 12, oneFetch(topic), `${step}: everything`);
  await session.send(fetch, 12, oneFetch(topic, committed), `${step}: committed`);
  await session.send(
    describeProducers,
    0,
    { topics: [{ name: topic, partitionIndexes: [0] }] },
    `${step}: producers`,
  );
}

/** How the transaction stands, when it is ending nowhere. */
async function standing(session: Session, transactionalId: string, step: string): Promise<void> {
  await session.sendUntil(
    describeTransactions,
    0,
    { transactionalIds: [transactionalId] },
    ({ transactionStates }) => transactionStates[0]?.transactionState.startsWith("Prepare") !== true,
    step,
  );
}

function off(claim: Claim, epochs: number): Claim {
  return { ...claim, producerEpoch: claim.producerEpoch + epochs };
}

export const transactionEpochCases = [
  ...area("transactions that end an epoch", {
    "records bring their partition in, and each end tells the next epoch": async (session, topic) => {
      await session.createTopic(topic, 2);
      const producer = await EpochProducer.init(session, topic);
      await producer.send(topic, ["a", "b"], "first");
      await producer.send(topic, ["c"], "second");
      await standing(session, topic, "open");
      await producer.send(topic, ["d"], "another partition", { partition: 1 });
      await read(session, topic, 0, "open");
      await producer.end(true, "commit");
      await standing(session, topic, "committed");
      await read(session, topic, 4, "committed");
      await producer.send(topic, ["e"], "in the next");
      await producer.end(false, "abort");
      await read(session, topic, 6, "aborted");
      await producer.send(topic, ["f"], "in the third");
      await producer.end(true, "commit the third");
      await read(session, topic, 8, "all");
    },
    "topics by id": async (session, topic) => {
      const topicId = await session.createTopic(topic);
      const producer = await EpochProducer.init(session, topic);
      const by = (id: string, partition = 0) => ({ version: 13, topicId: id, partition });
      await producer.send("", ["a"], "by id", by(topicId));
      await producer.send("", ["a"], "unknown id", { ...by(UNKNOWN_ID), sequence: 0 });
      await producer.send(topic, ["a"], "the id of zeroes", { version: 13, sequence: 0 });
      await producer.send("", ["a"], "unknown partition", { ...by(topicId, 7), sequence: 0 });
      await producer.end(true);
      await read(session, topic, 2, "committed");
      for (const [step, id, index] of [
        ["known", topicId, 0],
        ["unknown", UNKNOWN_ID, 0],
        ["partition", topicId, 9],
      ] as const) {
        const body = oneBatch("", clientBatch(), { topicId: id, index });
        await session.send(produce, 13, body, `without a transaction, ${step}`);
      }
    },
    "the end is asked for again": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await EpochProducer.init(session, topic);
      const first = producer.claim;
      await producer.send(topic, ["a"]);
      await producer.end(true);
      await producer.endAs(first, true, "again");
      await producer.endAs(first, false, "abort what is committed");
      await producer.endAs(first, true, "in the older protocol", 4);
      await producer.send(topic, ["b"], "in the next");
      await producer.endAs(first, true, "again, when the next is open");
      const second = producer.claim;
      await producer.end(false, "abort");
      await producer.endAs(second, false, "abort again");
      await producer.endAs(second, true, "commit what is aborted");
      await producer.endAs(first, true, "two epochs later");
      await producer.endAs(off(producer.claim, 1), true, "from the future");
      await read(session, topic, 4, "at last");
    },
    "a batch refused for now keeps out those behind it": async (session, topic) => {
      await session.createTopic(topic, 3);
      const producer = await EpochProducer.init(session, topic);
      const older = { version: 11, partition: 0 };
      await producer.send(topic, ["d"], "not in the transaction", { ...older, sequence: 3 });
      const added = { ...producer.claim, topics: [{ name: topic, partitions: [0] }] };
      await session.send(addPartitionsToTxn, 3, added, "added");
      await producer.send(topic, ["f"], "behind the refused", { ...older, sequence: 5 });
      await producer.send(topic, ["c"], "before the refused", { ...older, sequence: 2 });
      await producer.send(topic, ["d"], "the refused", { ...older, sequence: 3 });
      const newer = { version: 12, partition: 1 };
      await producer.send(topic, ["c"], "begins anywhere", { ...newer, sequence: 2 });
      await producer.send(topic, ["b"], "begins before", { ...newer, sequence: 1 });
      await producer.send(topic, ["a"], "begins at zero", { ...newer, sequence: 0 });
      await producer.send(topic, ["b"], "goes on", { ...newer, sequence: 1 });
      const mixed = { partition: 2, sequence: 2 };
      await producer.send(topic, ["c"], "refused to the older", { ...mixed, version: 11 });
      await producer.send(topic, ["c"], "the refused of the older", { ...mixed, version: 12 });
      await producer.end(true);
      await read(session, topic, 3, "committed");
    },
    "ends of nothing": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await EpochProducer.init(session, topic);
      await producer.endAs(producer.claim, true, "commit at the beginning");
      await producer.end(false, "abort at the beginning");
      await standing(session, topic, "aborted");
      await producer.endAs(producer.claim, true, "commit behind it");
      await producer.end(false, "abort behind it");
      await producer.send(topic, ["a"]);
      await producer.end(true, "commit something");
      await producer.endAs(producer.claim, true, "commit nothing behind it");
      await producer.end(false, "abort nothing behind it");
      await standing(session, topic, "at last");
      await read(session, topic, 2, "at last");
    },
    "late records of an epoch that has ended": async (session, topic) => {
      await session.createTopic(topic, 2);
      const producer = await EpochProducer.init(session, topic);
      const first = producer.claim;
      await producer.send(topic, ["a"]);
      await producer.end(false);
      await standing(session, topic, "aborted");
      for (const version of [11, 12]) {
        await producer.send(topic, ["late"], `late, ${version}`, { claim: first, sequence: 1, version });
        const elsewhere = { claim: first, sequence: 0, version, partition: 1 };
        await producer.send(topic, ["late"], `late and elsewhere, ${version}`, elsewhere);
        const early = { claim: off(producer.claim, 1), sequence: 0, version };
        await producer.send(topic, ["early"], `early, ${version}`, early);
      }
      await producer.commitOffset(topic, topic, 5, "a late offset", { claim: first });
      await producer.commitOffset(topic, topic, 5, "an early offset", { claim: off(producer.claim, 1) });
      await standing(session, topic, "still aborted");
      await read(session, topic, 2, "nothing came");
    },
    "numbers of records": async (session, topic) => {
      await session.createTopic(topic, 2);
      const producer = await EpochProducer.init(session, topic);
      await producer.send(topic, ["a"], "not the first", { sequence: 3 });
      await standing(session, topic, "its partition is in");
      await producer.send(topic, ["a"], "the first", { sequence: 0 });
      await producer.send(topic, ["a"], "the first again", { sequence: 0 });
      await producer.send(topic, ["b"], "one left out", { sequence: 5 });
      await producer.end(true);
      await producer.send(topic, ["c"], "not from zero in the next", { sequence: 1 });
      await producer.send(topic, ["c"], "from zero in the next", { sequence: 0 });
      await producer.end(true, "end of the next");
      await read(session, topic, 4, "at last");
    },
    "records that are refused bring their partition in": async (session, topic) => {
      await session.createTopic(topic, 1, { "max.message.bytes": "200" });
      const producer = await EpochProducer.init(session, topic);
      await producer.send(topic, ["x".repeat(300)], "too large");
      await standing(session, topic, "open");
      await producer.end(true);
      await read(session, topic, 1, "a marker alone");
    },
    "both protocols by turns": async (session, topic) => {
      await session.createTopic(topic, 2);
      const producer = await EpochProducer.init(session, topic);
      await producer.send(topic, ["a"], "not added", { version: 11 });
      const topics = [{ name: topic, partitions: [0] }];
      const add = (step: string, version = 3) =>
        session.sendUntil(
          addPartitionsToTxn,
          version,
          { ...producer.claim, topics },
          ({ results }) => results[0]?.resultsByPartition[0]?.partitionErrorCode !== 51,
          step,
        );
      await add("add");
      await producer.send(topic, ["a"], "added", { version: 11, sequence: 0 });
      await producer.send(topic, ["b"], "joins", { partition: 1 });
      await producer.send(topic, ["c"], "in the older words, which joined", {
        version: 11,
        partition: 1,
      });
      const { claim } = producer;
      await producer.endAs(claim, true, "the epoch stays", 4);
      await producer.endAs(claim, true, "again, the epoch stays", 4);
      await read(session, topic, 2, "committed");
      await producer.send(topic, ["d"], "in the same epoch", { sequence: 1 });
      await producer.end(true, "the epoch ends");
      await read(session, topic, 4, "committed again");
      await add("add in the next epoch");
      await producer.send(topic, ["e"], "in the next epoch", { version: 11 });
      await producer.endAs(producer.claim, false, "the epoch stays once more", 3);
      await read(session, topic, 6, "aborted");
    },
    "offsets bring their group in": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await EpochProducer.init(session, topic);
      const first = producer.claim;
      await producer.commitOffset(topic, topic, 3, "not added", { version: 4 });
      await standing(session, topic, "nothing is open");
      await producer.commitOffset(topic, topic, 7);
      await standing(session, topic, "open");
      const groups = [{ groupId: topic, topics: [{ name: topic, partitionIndexes: [0] }] }];
      await session.send(offsetFetch, 9, { groups, requireStable: true }, "open, stable only");
      await producer.end(true);
      const isStable = (answer: {
        groups: { topics: { partitions: { errorCode: number }[] }[] }[];
      }): boolean => answer.groups[0]?.topics[0]?.partitions[0]?.errorCode === 0;
      await session.sendUntil(offsetFetch, 9, { groups, requireStable: true }, isStable, "committed");
      await producer.commitOffset(topic, topic, 9, "an offset in the next");
      await producer.end(false, "abort");
      await session.sendUntil(offsetFetch, 9, { groups, requireStable: true }, isStable, "aborted");
      await producer.commitOffset(topic, `${topic}-unknown`, 9, "an unknown topic");
      await producer.commitOffset("", topic, 9, "no group");
      await producer.commitOffset(topic, topic, 9, "of an old epoch", { claim: first });
      await standing(session, topic, "nothing is open again");
      await producer.commitOffset(topic, topic, 9, "of a generation that there is not", { generationId: 5 });
      await standing(session, topic, "the group is in");
      await session.send(addOffsetsToTxn, 4, { ...producer.claim, groupId: topic }, "in the older words");
      await producer.end(true, "commit nothing");
    },
    "a producer is fenced": async (session, topic) => {
      await session.createTopic(topic);
      const first = await EpochProducer.init(session, topic);
      await first.send(topic, ["a"]);
      const second = await EpochProducer.init(session, topic);
      await first.send(topic, ["b"], "the former one sends");
      await first.endAs(first.claim, true, "the former one ends");
      await first.endAs(first.claim, false, "the former one aborts");
      await second.send(topic, ["c"]);
      await second.end(true);
      await read(session, topic, 4, "at last");
    },
    "a producer begins anew": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await EpochProducer.init(session, topic);
      const first = producer.claim;
      await producer.send(topic, ["a"]);
      await producer.end(true);
      await standing(session, topic, "committed");
      await EpochProducer.init(session, topic, first, "with the epoch that has ended");
      await standing(session, topic, "empty");
      const { claim } = await EpochProducer.init(session, topic, producer.claim, "with its own epoch");
      await EpochProducer.init(session, topic, producer.claim, "the same again");
      await EpochProducer.init(session, topic, first, "with the first epoch");
      await EpochProducer.init(session, topic, off(claim, 4), "from the future");
      const next = await EpochProducer.init(session, topic, claim, "with what it was told");
      await next.send(topic, ["b"]);
      await EpochProducer.init(session, topic, next.claim, "in a transaction");
      await standing(session, topic, "aborted");
      await read(session, topic, 4, "at last");
    },
    "another epoch asks to go on while a transaction is open": async (session, topic) => {
      await session.createTopic(topic);
      const producer = await EpochProducer.init(session, topic);
      await producer.send(topic, ["a"]);
      await EpochProducer.init(session, topic, off(producer.claim, 9), "from the future");
      await standing(session, topic, "afterwards");
      const unknown = { producerId: producer.claim.producerId + 7000, producerEpoch: 0 };
      await EpochProducer.init(session, topic, unknown, "another producer");
    },
    "what brokers ask each other": async (session, topic) => {
      await session.createTopic(topic, 2);
      const { claim } = await EpochProducer.init(session, topic);
      const ask = (
        step: string,
        version: number,
        fields: Readonly<Record<string, unknown>>,
        partitions = [0],
        name = topic,
      ) => {
        const transaction = { ...claim, verifyOnly: true, topics: [{ name, partitions }], ...fields };
        return session.attempt(
          addPartitionsToTxn,
          version,
          { transactions: [transaction], transactionalId: "", producerId: 0, producerEpoch: 0, topics: [] },
          `${step}, ${version}`,
        );
      };
      for (const version of [4, 5]) {
        await ask("not in", version, {});
        await ask("add", version, { verifyOnly: false });
        await ask("in", version, {});
        await ask("one of two in", version, {}, [0, 1]);
        await ask("unknown id", version, { transactionalId: `${topic}-unknown` });
        await ask("no id", version, { transactionalId: "" });
        await ask("another producer", version, { producerId: claim.producerId + 5000 });
        await ask("another epoch", version, { producerEpoch: 7 });
        await ask("unknown topic", version, {}, [0], `${topic}-unknown`);
        await ask("unknown partition", version, { verifyOnly: false }, [0, 9]);
        await ask("nothing", version, {}, []);
        await ask("add nothing", version, { verifyOnly: false }, []);
      }
      await session.attempt(
        addPartitionsToTxn,
        3,
        { ...claim, topics: [{ name: topic, partitions: [] }] },
        "add nothing, 3",
      );
    },
  }),
];
