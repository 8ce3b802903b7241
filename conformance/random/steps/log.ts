import { deleteRecords } from "../../../packages/broker/src/protocol/messages/delete-records.ts";
import { describeProducers } from "../../../packages/broker/src/protocol/messages/describe-producers.ts";
import { fetch } from "../../../packages/broker/src/protocol/messages/fetch.ts";
import { initProducerId } from "../../../packages/broker/src/protocol/messages/init-producer-id.ts";
import { listOffsets } from "../../../packages/broker/src/protocol/messages/list-offsets.ts";
import { offsetForLeaderEpoch } from "../../../packages/broker/src/protocol/messages/offset-for-leader-epoch.ts";
import { produce } from "../../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../../packages/broker/test/batches.ts";
import type { Choice } from "../choice.ts";
import { knownTopic, near, partitionIndex, topicName } from "../pool.ts";
import { type Step, step } from "../step.ts";
import type { KnownProducer, World } from "../world.ts";

/** Times of records are near the clock, as what lies far apart begins a new segment, which ends a fetch. */
const STARTED_MS = Date.now();
const TRANSACTIONAL = 0x10;

function offset(choice: Choice): number {
  return choice.pick(0, 0, 1, 2, 3, 4, 6, 10, -1, -2, 1000);
}

function time(choice: Choice): number {
  return choice.mostly(STARTED_MS + choice.below(5) * 1000, -1, STARTED_MS - 1000, STARTED_MS + 7_200_000);
}

interface Batch {
  readonly index: number;
  readonly values: readonly (string | null)[];
  readonly keys: readonly (string | null)[];
  readonly timestampMs: number;
  readonly sequenceOff: number;
  readonly epochOff: number;
}

function batch(choice: Choice): Batch {
  const values = choice.several(1, 3, () => choice.mostly("value", null, "x".repeat(200)));
  return {
    index: partitionIndex(choice),
    values,
    keys: values.map(() => choice.mostly("key", null, "other")),
    timestampMs: time(choice),
    sequenceOff: choice.mostly(0, 1, -1, -values.length, -values.length, 3),
    epochOff: choice.mostly(0, 0, 0, 1, -1),
  };
}

/** A batch with the producer's number that is due, or a little off. */
function bytesOf(drawn: Batch, topic: string, producer: KnownProducer | undefined, isTransactional: boolean) {
  const { values, keys, timestampMs } = drawn;
  if (producer === undefined) return clientBatch({ values, keys, timestampMs });
  const due = producer.sequences.get(`${topic}/${drawn.index}`) ?? 0;
  return clientBatch({
    values,
    keys,
    timestampMs,
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch + drawn.epochOff,
    sequence: Math.max(0, due + drawn.sequenceOff),
    attributes: isTransactional ? TRANSACTIONAL : 0,
  });
}

/** Records of somebody: of nobody, of an idempotent producer, or in a transaction. */
export function writing(
  choice: Choice,
  who: string | undefined,
  transactionalId: string | null,
  isUnanswered = false,
): Step {
  const version = choice.version(produce);
  const topics = choice.several(1, choice.mostly(1, 2), () => ({
    name: topicName(choice),
    batches: choice.several(1, choice.mostly(1, 2), () => batch(choice)),
  }));
  const acks = isUnanswered ? 0 : choice.mostly(-1, 1, 1, 2, -2);
  const isTransactional = transactionalId !== null && choice.chance(0.95);
  const named = choice.chance(0.95);
  return step(
    produce,
    version,
    (world) => ({
      transactionalId: transactionalId === null || !named ? null : world.name(transactionalId),
      acks,
      timeoutMs: 10_000,
      topicData: topics.map(({ name, batches }) => ({
        name: world.name(name),
        topicId: world.anyTopicId(name),
        partitionData: batches.map((one) => ({
          index: one.index,
          records: bytesOf(one, name, who === undefined ? undefined : world.producer(who), isTransactional),
        })),
      })),
    }),
    {
      isUnanswered,
      learn: ({ responses }, world) => {
        if (who === undefined) return;
        if (isUnanswered) {
          // The connection stays only where everything was taken.
          for (const { name, batches } of topics) {
            for (const one of batches) follow(world, who, `${name}/${one.index}`, one);
          }
          return;
        }
        for (const { name, topicId, partitionResponses } of responses) {
          const isMeant = (topic: { readonly name: string }): boolean =>
            name === "" ? world.anyTopicId(topic.name) === topicId : world.name(topic.name) === name;
          const meant = topics.filter(isMeant);
          const short = meant[0]?.name ?? "";
          const batches = meant.flatMap((topic) => topic.batches);
          for (const { index, errorCode } of partitionResponses) {
            const sent = batches.find((one) => one.index === index);
            if (errorCode === 0 && sent !== undefined) follow(world, who, `${short}/${index}`, sent);
          }
        }
      },
    },
  );
}

/** What was taken and is no repetition moves the number that is due. */
function follow(world: World, who: string, place: string, { values, sequenceOff }: Batch): void {
  const { sequences } = world.producer(who);
  const due = sequences.get(place) ?? 0;
  if (sequenceOff >= 0 || due === 0) sequences.set(place, Math.max(0, due + sequenceOff) + values.length);
}

function send(choice: Choice): Step {
  return writing(choice, undefined, null);
}

function sendOnce(choice: Choice): Step {
  return writing(choice, choice.pick("p1", "p2"), null);
}

/** Nobody hears of it: what became of it is in the log, and in whether the connection stays. */
function throwAway(choice: Choice): Step {
  return writing(choice, choice.pick(undefined, undefined, "p1"), null, true);
}

function identify(choice: Choice): Step {
  const version = choice.version(initProducerId);
  const who = choice.pick("p1", "p2");
  const form = choice.mostly("new", "own", "unknown", "half");
  return step(
    initProducerId,
    version,
    (world) => {
      const { producerId, producerEpoch } = world.producer(who);
      const claim = {
        new: {},
        own: { producerId, producerEpoch },
        unknown: { producerId: 987_654_321, producerEpoch: 3 },
        half: { producerId: -1, producerEpoch: 3 },
      }[form];
      return { transactionalId: null, transactionTimeoutMs: -1, ...claim };
    },
    {
      learn: ({ errorCode, producerId, producerEpoch }, world) => {
        if (errorCode !== 0) return;
        const known = world.producer(who);
        if (known.producerId !== producerId) known.sequences.clear();
        Object.assign(known, { producerId, producerEpoch });
      },
    },
  );
}

function read(choice: Choice): Step {
  const version = choice.version(fetch);
  const topics = choice.several(choice.mostly(1, 0), 2, () => ({
    name: topicName(choice),
    partitions: choice.several(1, choice.mostly(1, 2), () => ({
      partition: partitionIndex(choice),
      currentLeaderEpoch: choice.mostly(-1, 0, 1, -2),
      fetchOffset: offset(choice),
      lastFetchedEpoch: choice.mostly(-1, 0, 5),
      partitionMaxBytes: choice.mostly(1 << 20, 1, 0, 150),
    })),
  }));
  const fields = {
    maxWaitMs: choice.pick(0, 10),
    minBytes: choice.pick(0, 1, 1, 1000),
    maxBytes: choice.mostly(1 << 20, 1, 150, 0),
    isolationLevel: choice.mostly(choice.pick(0, 1), 2),
    sessionId: choice.mostly(0, 77),
    sessionEpoch: choice.mostly(-1, 5),
    replicaId: choice.mostly(-1, -1, -2),
  };
  return step(
    fetch,
    version,
    (world) => ({
      ...fields,
      topics: topics.map(({ name, partitions }) => ({
        topic: world.name(name),
        topicId: world.anyTopicId(name),
        partitions,
      })),
    }),
    { isRead: true },
  );
}

/** Everything, so that nothing that two logs hold differently stays hidden. */
export function readAll(name: string, partition: number, isolationLevel: number): Step {
  const wanted = { partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 };
  const fields = { maxWaitMs: 0, minBytes: 0, isolationLevel };
  return step(
    fetch,
    12,
    (world) => ({ ...fields, topics: [{ topic: world.name(name), topicId: "", partitions: [wanted] }] }),
    { isRead: true },
  );
}

function whole(choice: Choice): Step {
  return readAll(knownTopic(choice), choice.pick(0, 0, 1, 2), choice.pick(0, 1));
}

function find(choice: Choice): Step {
  const version = choice.version(listOffsets);
  const topics = choice.several(1, choice.mostly(1, 2), () => ({
    name: topicName(choice),
    partitions: choice.several(1, choice.mostly(1, 2), () => ({
      partitionIndex: partitionIndex(choice),
      currentLeaderEpoch: choice.mostly(-1, 0, 1, -2),
      timestamp: choice.pick(-1, -2, -3, -4, -5, -6, -7, 0, STARTED_MS + choice.below(6) * 1000),
    })),
  }));
  const replicaId = choice.mostly(-1, -2, 1);
  const isolationLevel = choice.mostly(choice.pick(0, 1), 2);
  return step(
    listOffsets,
    version,
    (world) => ({
      replicaId,
      isolationLevel,
      topics: topics.map(({ name, partitions }) => ({ name: world.name(name), partitions })),
    }),
    { isRead: true },
  );
}

function cut(choice: Choice): Step {
  const version = choice.version(deleteRecords);
  const topics = choice.several(1, choice.mostly(1, 2), () => ({
    name: topicName(choice),
    partitions: choice.several(1, choice.mostly(1, 2), () => ({
      partitionIndex: partitionIndex(choice),
      offset: offset(choice),
    })),
  }));
  return step(deleteRecords, version, (world) => ({
    topics: topics.map(({ name, partitions }) => ({ name: world.name(name), partitions })),
    timeoutMs: 10_000,
  }));
}

function epochEnd(choice: Choice): Step {
  const version = choice.version(offsetForLeaderEpoch);
  const name = topicName(choice);
  const partitions = choice.several(1, 2, () => ({
    partition: partitionIndex(choice),
    currentLeaderEpoch: choice.mostly(-1, 0, 1, -2),
    leaderEpoch: near(choice, 0),
  }));
  const replicaId = choice.mostly(-1, -2, 1);
  return step(
    offsetForLeaderEpoch,
    version,
    (world) => ({ replicaId, topics: [{ topic: world.name(name), partitions }] }),
    { isRead: true },
  );
}

function producers(choice: Choice): Step {
  const topics = choice.several(choice.mostly(1, 0), 2, () => ({
    name: topicName(choice),
    partitionIndexes: choice.several(choice.mostly(1, 0), 2, () => partitionIndex(choice)),
  }));
  return step(
    describeProducers,
    0,
    (world) => ({ topics: topics.map((topic) => ({ ...topic, name: world.name(topic.name) })) }),
    { isRead: true },
  );
}

export const logSteps = [
  send,
  send,
  sendOnce,
  sendOnce,
  sendOnce,
  throwAway,
  identify,
  read,
  read,
  whole,
  find,
  find,
  cut,
  epochEnd,
  producers,
] as const;
