import { createPartitions } from "../../packages/broker/src/protocol/messages/create-partitions.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteTopics } from "../../packages/broker/src/protocol/messages/delete-topics.ts";
import { findCoordinator } from "../../packages/broker/src/protocol/messages/find-coordinator.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

interface Wanted {
  readonly name: string;
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: readonly {
    readonly partitionIndex: number;
    readonly brokerIds: readonly number[];
  }[];
  readonly configs?: readonly { readonly name: string; readonly value: string | null }[];
}

function wanted(...topics: readonly Wanted[]) {
  return {
    topics: topics.map((topic) => ({
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
      ...topic,
    })),
  };
}

function create(session: Session, step: string, ...topics: readonly Wanted[]) {
  return session.attempt(createTopics, 6, wanted(...topics), step);
}

function assigned(...brokers: readonly (readonly number[])[]): Partial<Wanted> {
  const assignments = brokers.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds }));
  return { numPartitions: -1, replicationFactor: -1, assignments };
}

const UNKNOWN_ID = "zzzzzzzzzzzzzzzzzzzzzQ";

export const topicCases = [
  ...area("create topics", {
    "at both ends": async (session, topic) => {
      for (const version of versionEnds(createTopics)) {
        const configs = [{ name: "retention.ms", value: "60000" }];
        await session.send(
          createTopics,
          version,
          wanted({ name: `${topic}-${version}`, numPartitions: 2, configs }),
        );
        await session.untilLed(`${topic}-${version}`, 2);
        await session.send(metadata, 12, { topics: [{ name: `${topic}-${version}` }] });
      }
    },
    "only looked at": async (session, topic) => {
      await session.send(createTopics, 7, { ...wanted({ name: topic }), validateOnly: true });
      await session.send(metadata, 12, { topics: [{ name: topic }], allowAutoTopicCreation: false });
    },
    names: async (session, topic) => {
      for (const name of ["", ".", "..", "a/b", "a b", "x".repeat(250)])
        await create(session, `'${name}'`, { name });
      await session.ask(findCoordinator, 4, { keyType: 0, coordinatorKeys: [topic] });
      await create(session, "an internal one", { name: "__consumer_offsets" });
      await session.createTopic(`${topic}.a_b`);
      await create(session, "there already", { name: `${topic}.a_b` });
      await create(session, "looks the same in metrics", { name: `${topic}.a.b` });
      await create(
        session,
        "twice",
        { name: `${topic}-twice` },
        { name: `${topic}-twice` },
        { name: `${topic}-once` },
      );
      await create(session, "the same in metrics", { name: `${topic}.c.d` }, { name: `${topic}.c_d` });
    },
    layouts: async (session, topic) => {
      for (const numPartitions of [0, -1, -2]) {
        await create(session, `${numPartitions} partitions`, {
          name: `${topic}-p${numPartitions}`,
          numPartitions,
        });
      }
      for (const replicationFactor of [0, -1, -2, 2, 100]) {
        await create(session, `${replicationFactor} replicas`, {
          name: `${topic}-r${replicationFactor}`,
          replicationFactor,
        });
      }
      await create(session, "assigned", { name: `${topic}-a`, ...assigned([1], [1]) });
      await create(session, "assigned to nobody", { name: `${topic}-b`, ...assigned([]) });
      await create(session, "assigned to a stranger", { name: `${topic}-c`, ...assigned([9]) });
      await create(session, "assigned twice", { name: `${topic}-d`, ...assigned([1, 1]) });
      const gap = [{ partitionIndex: 1, brokerIds: [1] }];
      await create(session, "a gap", { name: `${topic}-e`, ...assigned(), assignments: gap });
      await create(session, "a number as well", { name: `${topic}-f`, ...assigned([1]), numPartitions: 1 });
    },
    settings: async (session, topic) => {
      const set = (step: string, name: string, value: string | null) =>
        create(session, `${step}`, {
          name: `${topic}-${step.replaceAll(" ", "-")}`,
          configs: [{ name, value }],
        });
      await set("unknown", "no.such.setting", "1");
      await set("not a number", "retention.ms", "soon");
      await set("too small", "segment.bytes", "1");
      await set("no value", "retention.ms", null);
      await set("negative", "max.message.bytes", "-1");
      await set("bad policy", "cleanup.policy", "burn");
      await set("both policies", "cleanup.policy", "compact,delete");
      await set("bad flag", "preallocate", "maybe");
      await set("flag in capitals", "preallocate", "TRUE");
      await set("with spaces", "retention.ms", " 5000 ");
      await set("ratio", "min.cleanable.dirty.ratio", "1.5");
      await set("compression", "compression.type", "rar");
      await set("throttled replicas", "leader.replication.throttled.replicas", "*");
      await set("time type", "message.timestamp.type", "logappendtime");
    },
    nothing: async (session) => {
      await session.send(createTopics, 6, { topics: [] });
    },
  }),
  ...area("create partitions", {
    "at both ends": async (session, topic) => {
      await session.createTopic(topic);
      const [oldest = 0, newest = 0] = versionEnds(createPartitions);
      const ask = (count: number, name = topic) => ({
        topics: [{ name, count }],
        timeoutMs: 5000,
        validateOnly: false,
      });
      await session.send(createPartitions, oldest, ask(2));
      await session.untilLed(topic, 2);
      await session.send(createPartitions, newest, ask(3));
      await session.untilLed(topic, 3);
      await session.send(createPartitions, newest, ask(3), "as many as there are");
      await session.send(createPartitions, newest, ask(1), "fewer");
      await session.send(createPartitions, newest, ask(0), "none");
      await session.send(createPartitions, newest, ask(-1), "minus one");
      await session.send(createPartitions, newest, ask(2, `${topic}-unknown`), "unknown topic");
      await session.send(createPartitions, newest, ask(2, "a/b"), "invalid name");
      await session.send(createPartitions, newest, { ...ask(5), validateOnly: true }, "only looked at");
      const twice = { topics: [...ask(5).topics, ...ask(6).topics], timeoutMs: 5000, validateOnly: false };
      await session.send(createPartitions, newest, twice, "twice");
      await session.send(metadata, 12, { topics: [{ name: topic }] });
    },
    assignments: async (session, topic) => {
      await session.createTopic(topic);
      const ask = (count: number, ...brokers: readonly (readonly number[])[]) => ({
        topics: [{ name: topic, count, assignments: brokers.map((brokerIds) => ({ brokerIds })) }],
        timeoutMs: 5000,
        validateOnly: false,
      });
      await session.send(createPartitions, 3, ask(3, [1]), "too few");
      await session.send(createPartitions, 3, ask(2, [9]), "a stranger");
      await session.send(createPartitions, 3, ask(2, []), "nobody");
      await session.send(createPartitions, 3, ask(3, [1], [1]), "right");
    },
  }),
  ...area("delete topics", {
    "at both ends": async (session, topic) => {
      for (const version of versionEnds(deleteTopics)) {
        const name = `${topic}-${version}`;
        await session.createTopic(name);
        await session.send(deleteTopics, version, {
          topics: [{ name }],
          topicNames: [name],
          timeoutMs: 5000,
        });
        await session.sendUntil(
          metadata,
          12,
          { topics: [{ name }], allowAutoTopicCreation: false },
          ({ topics }) => topics[0]?.errorCode === 3,
        );
      }
    },
    "by id": async (session, topic) => {
      const topicId = await session.createTopic(topic);
      await session.send(deleteTopics, 6, {
        topics: [{ name: null, topicId }],
        topicNames: [],
        timeoutMs: 5000,
      });
    },
    "unknown ones": async (session, topic) => {
      const ask = (...topics: { name: string | null; topicId?: string }[]) => ({
        topics,
        topicNames: [],
        timeoutMs: 5000,
      });
      await session.send(deleteTopics, 6, ask({ name: `${topic}-unknown` }), "name");
      await session.send(deleteTopics, 6, ask({ name: null, topicId: UNKNOWN_ID }), "id");
      await session.attempt(deleteTopics, 6, ask({ name: null }), "neither");
      await session.send(deleteTopics, 6, ask({ name: "" }), "no name");
      await session.send(deleteTopics, 6, ask(), "nothing");
      const topicId = await session.createTopic(topic);
      await session.attempt(deleteTopics, 6, ask({ name: topic, topicId }), "both");
      await session.attempt(deleteTopics, 6, ask({ name: topic }, { name: topic }), "twice");
      await session.send(deleteTopics, 5, { topicNames: ["a/b"], timeoutMs: 5000 }, "an invalid name");
    },
  }),
];
