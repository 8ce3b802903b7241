import { deleteRecords } from "../../packages/broker/src/protocol/messages/delete-records.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { offsetForLeaderEpoch } from "../../packages/broker/src/protocol/messages/offset-for-leader-epoch.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch, oneFetch, oneOffset } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const UNKNOWN_ID = "zzzzzzzzzzzzzzzzzzzzzQ";

/** A topic with three batches of two records, at the times 1000, 2000 and 3000. Returns its id. */
async function filled(session: Session, topic: string): Promise<string> {
  const topicId = await session.createTopic(topic);
  for (const timestampMs of [1000, 2000, 3000]) {
    await session.ask(produce, 9, oneBatch(topic, clientBatch({ values: ["a", "b"], timestampMs })));
  }
  return topicId;
}

export const fetchCases = [
  ...area("fetch", {
    "at both ends": async (session, topic) => {
      const topicId = await filled(session, topic);
      for (const version of versionEnds(fetch))
        await session.send(fetch, version, oneFetch(topic, { topicId }));
    },
    "places in the log": async (session, topic) => {
      const topicId = await filled(session, topic);
      for (const fetchOffset of [0, 1, 3, 5, 6, 7, 100, -1, -2]) {
        for (const version of [4, 12]) {
          await session.send(
            fetch,
            version,
            oneFetch(topic, { fetchOffset }),
            `offset ${fetchOffset}, ${version}`,
          );
        }
        await session.send(
          fetch,
          13,
          oneFetch(topic, { fetchOffset, topicId }),
          `offset ${fetchOffset}, by id`,
        );
      }
    },
    "the epoch read last": async (session, topic) => {
      await filled(session, topic);
      await session.createTopic(`${topic}-empty`);
      for (const lastFetchedEpoch of [-5, -1, 0, 1, 5]) {
        for (const [name, fetchOffset] of [
          [topic, 0],
          [topic, 6],
          [topic, 9],
          [`${topic}-empty`, 0],
          [`${topic}-empty`, 1],
        ] as const) {
          const step = `epoch ${lastFetchedEpoch}, ${name} at ${fetchOffset}`;
          await session.send(fetch, 12, oneFetch(name, { fetchOffset, lastFetchedEpoch }), step);
        }
      }
    },
    "unknown places": async (session, topic) => {
      const topicId = await filled(session, topic);
      await session.send(fetch, 12, oneFetch(`${topic}-unknown`), "topic");
      await session.send(fetch, 12, oneFetch(topic, { partition: 5 }), "partition");
      await session.send(fetch, 12, oneFetch(topic, { partition: -1 }), "partition -1");
      await session.send(fetch, 13, oneFetch(topic, { topicId: UNKNOWN_ID }), "id");
      await session.send(fetch, 16, oneFetch(topic, { topicId, partition: 5 }), "partition of an id");
      await session.send(fetch, 13, oneFetch(topic), "the id of zeroes");
      await session.send(fetch, 12, oneFetch("a/b"), "an invalid name");
    },
    "leader epochs": async (session, topic) => {
      await filled(session, topic);
      for (const currentLeaderEpoch of [0, 1, -5]) {
        await session.send(fetch, 12, oneFetch(topic, { currentLeaderEpoch }), `epoch ${currentLeaderEpoch}`);
      }
    },
    limits: async (session, topic) => {
      await filled(session, topic);
      for (const partitionMaxBytes of [0, 1, 100, 200]) {
        await session.send(
          fetch,
          12,
          oneFetch(topic, { partitionMaxBytes }),
          `partition bytes ${partitionMaxBytes}`,
        );
      }
      for (const maxBytes of [0, 1, 100, 200]) {
        await session.send(fetch, 12, oneFetch(topic, { maxBytes }), `bytes ${maxBytes}`);
      }
      await session.send(
        fetch,
        12,
        oneFetch(topic, { minBytes: 1 << 30, maxWaitMs: 50 }),
        "more than there is",
      );
      await session.send(fetch, 12, oneFetch(topic, { minBytes: 0, fetchOffset: 6 }), "nothing at once");
      await session.send(fetch, 12, oneFetch(topic, { maxWaitMs: 0, fetchOffset: 6 }), "no time to wait");
    },
    "a waiting fetch ends with what comes": async (session, topic) => {
      await filled(session, topic);
      const waiting = session
        .another()
        .ask(fetch, 12, oneFetch(topic, { fetchOffset: 6, maxWaitMs: 10_000 }));
      await session.ask(produce, 9, oneBatch(topic, clientBatch({ values: ["late"] })));
      const answer = await waiting;
      session.note("records", answer.responses[0]?.partitions[0]?.records);
    },
    "no topics": async (session) => {
      const nothing = { maxWaitMs: 0, minBytes: 0, topics: [] };
      for (const version of versionEnds(fetch)) await session.send(fetch, version, nothing);
    },
    "sessions that never were": async (session, topic) => {
      await filled(session, topic);
      await session.send(fetch, 12, oneFetch(topic, { sessionId: 4711, sessionEpoch: 3 }), "unknown");
      await session.send(fetch, 12, oneFetch(topic, { sessionId: 4711, sessionEpoch: -1 }), "an end");
      await session.send(
        fetch,
        12,
        oneFetch(topic, { sessionId: 0, sessionEpoch: 5 }),
        "an epoch without a session",
      );
    },
    "the same partition twice": async (session, topic) => {
      await filled(session, topic);
      const { topics, ...rest } = oneFetch(topic);
      await session.send(fetch, 12, { ...rest, topics: [...topics, ...topics] });
    },
  }),
  ...area("list offsets", {
    "at both ends": async (session, topic) => {
      await filled(session, topic);
      for (const version of versionEnds(listOffsets))
        await session.send(listOffsets, version, oneOffset(topic, -1));
    },
    times: async (session, topic) => {
      await filled(session, topic);
      for (const timestamp of [-1, -2, -3, -4, -5, -6, -7, 0, 999, 1000, 1500, 3000, 3001, -9]) {
        for (const version of [2, 8, 9, 10, 11]) {
          await session.attempt(
            listOffsets,
            version,
            oneOffset(topic, timestamp),
            `time ${timestamp}, ${version}`,
          );
        }
      }
    },
    "an empty log": async (session, topic) => {
      await session.createTopic(topic);
      for (const timestamp of [-1, -2, -3, -4, -5, -6, 0, 1000])
        await session.send(listOffsets, 11, oneOffset(topic, timestamp), `time ${timestamp}`);
    },
    "unknown places and epochs": async (session, topic) => {
      await filled(session, topic);
      for (const version of versionEnds(listOffsets)) {
        await session.send(listOffsets, version, oneOffset(`${topic}-unknown`, -1), `topic ${version}`);
        await session.send(
          listOffsets,
          version,
          oneOffset(topic, -1, { partitionIndex: 4 }),
          `partition ${version}`,
        );
      }
      for (const currentLeaderEpoch of [0, 3]) {
        await session.send(
          listOffsets,
          8,
          oneOffset(topic, -1, { currentLeaderEpoch }),
          `epoch ${currentLeaderEpoch}`,
        );
      }
      await session.send(listOffsets, 8, { replicaId: -1, topics: [] }, "no topics");
    },
    "the same partition twice": async (session, topic) => {
      await filled(session, topic);
      const { topics, ...rest } = oneOffset(topic, -1);
      const [first] = topics;
      const twice =
        first === undefined ? [] : [{ ...first, partitions: [...first.partitions, ...first.partitions] }];
      await session.send(listOffsets, 8, { ...rest, topics: twice });
    },
  }),
  ...area("delete records", {
    "moves the start": async (session, topic) => {
      await filled(session, topic);
      const before = (offset: number, name = topic, partitionIndex = 0) => ({
        topics: [{ name, partitions: [{ partitionIndex, offset }] }],
        timeoutMs: 5000,
      });
      const [oldest = 0, newest = 0] = versionEnds(deleteRecords);
      await session.send(deleteRecords, oldest, before(3), "to 3");
      await session.send(listOffsets, 8, oneOffset(topic, -2), "start");
      await session.send(fetch, 12, oneFetch(topic, { fetchOffset: 2 }), "before the start");
      await session.send(fetch, 12, oneFetch(topic, { fetchOffset: 3 }), "at the start");
      await session.send(listOffsets, 8, oneOffset(topic, 0), "the first time");
      await session.send(deleteRecords, newest, before(1), "backwards");
      await session.send(deleteRecords, newest, before(9), "beyond the end");
      await session.send(deleteRecords, newest, before(-2), "before all");
      await session.send(deleteRecords, newest, before(0, `${topic}-unknown`), "unknown topic");
      await session.send(deleteRecords, newest, before(0, topic, 3), "unknown partition");
      await session.send(deleteRecords, newest, before(-1), "all");
      await session.send(fetch, 12, oneFetch(topic, { fetchOffset: 6 }), "at the end");
    },
    "of a compacted topic": async (session, topic) => {
      await session.createTopic(topic, 1, { "cleanup.policy": "compact" });
      await session.send(deleteRecords, 2, {
        topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset: 0 }] }],
        timeoutMs: 5000,
      });
    },
  }),
  ...area("leader epochs", {
    "where they end": async (session, topic) => {
      await filled(session, topic);
      const ask = (leaderEpoch: number, currentLeaderEpoch = -1, partition = 0, name = topic) => ({
        topics: [{ topic: name, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }],
      });
      for (const version of versionEnds(offsetForLeaderEpoch)) {
        await session.send(offsetForLeaderEpoch, version, ask(0), `epoch 0, ${version}`);
        await session.send(offsetForLeaderEpoch, version, ask(5), `epoch 5, ${version}`);
        await session.send(offsetForLeaderEpoch, version, ask(-1), `epoch -1, ${version}`);
        await session.send(offsetForLeaderEpoch, version, ask(0, 4), `from the future, ${version}`);
        await session.send(offsetForLeaderEpoch, version, ask(0, -1, 9), `partition, ${version}`);
        await session.send(
          offsetForLeaderEpoch,
          version,
          ask(0, -1, 0, `${topic}-unknown`),
          `topic, ${version}`,
        );
      }
    },
  }),
];
