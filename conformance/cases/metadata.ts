import { handlers } from "../../packages/broker/src/api/index.ts";
import { apiVersions } from "../../packages/broker/src/protocol/messages/api-versions.ts";
import { describeCluster } from "../../packages/broker/src/protocol/messages/describe-cluster.ts";
import { describeLogDirs } from "../../packages/broker/src/protocol/messages/describe-log-dirs.ts";
import { describeTopicPartitions } from "../../packages/broker/src/protocol/messages/describe-topic-partitions.ts";
import { findCoordinator } from "../../packages/broker/src/protocol/messages/find-coordinator.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { oneBatch } from "../requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { OLDEST_IN_KAFKA, versionEnds } from "../version-ends.ts";

const CLIENT = { clientSoftwareName: "conformance", clientSoftwareVersion: "1.0" };
const UNKNOWN_ID = "zzzzzzzzzzzzzzzzzzzzzQ";

/**
 * The embedded broker serves neither share groups nor streams groups, and has neither replicas nor voters beside itself:
 * eligible leaders and further levels of the quorum are Apache Kafka's alone.
 */
const COMPARED_FEATURES: ReadonlySet<string> = new Set([
  "group.version",
  "metadata.version",
  "transaction.version",
]);

/** Puts down, for each API of the embedded broker, whether its versions are offered here too. */
async function noteOffered(session: Session, version: number): Promise<void> {
  const { apiKeys, errorCode } = await session.ask(apiVersions, version, CLIENT);
  session.note(`error ${version}`, errorCode);
  for (const { api } of handlers.values()) {
    const offered = apiKeys.find(({ apiKey }) => apiKey === api.key);
    const oldest = api.key === 0 ? 0 : Math.max(api.minVersion, OLDEST_IN_KAFKA[api.key] ?? 0);
    const isOffered =
      offered !== undefined && offered.minVersion <= oldest && offered.maxVersion >= api.maxVersion;
    session.note(`${api.name} ${oldest}-${api.maxVersion} is offered`, isOffered);
  }
}

export const metadataCases = [
  ...area("api versions", {
    "the served versions are a part of Kafka's": async (session) => {
      for (const version of versionEnds(apiVersions)) await noteOffered(session, version);
    },
    features: async (session) => {
      for (const version of [0, 3, 4]) {
        const { supportedFeatures, finalizedFeatures } = await session.ask(apiVersions, version, CLIENT);
        const levels = [
          ...supportedFeatures.map((one) => ({ ...one, kind: "supported" })),
          ...finalizedFeatures.map((one) => ({ ...one, kind: "finalized" })),
        ];
        session.note(
          `features ${version}`,
          levels.filter(({ name }) => COMPARED_FEATURES.has(name)),
        );
      }
    },
    "a version from the future": async (session) => {
      for (const version of [99, 5 + 100]) {
        // Answered in the oldest form; how many APIs come with it is up to the broker.
        session.note(
          `version ${version}`,
          await session.ask(apiVersions, version, CLIENT).then(
            ({ errorCode }) => errorCode,
            () => "not answered in version 0",
          ),
        );
      }
    },
    "a client without a name": async (session) => {
      const nameless = await session.ask(apiVersions, 3, {
        clientSoftwareName: "",
        clientSoftwareVersion: "",
      });
      session.note("error", nameless.errorCode);
      const odd = await session.ask(apiVersions, 3, {
        clientSoftwareName: "a b!",
        clientSoftwareVersion: "1",
      });
      session.note("error of an odd name", odd.errorCode);
    },
  }),
  ...area("metadata", {
    "a topic at both ends": async (session, topic) => {
      await session.createTopic(topic, 3);
      for (const version of versionEnds(metadata)) {
        await session.send(metadata, version, { topics: [{ name: topic }], allowAutoTopicCreation: false });
      }
    },
    "no topics": async (session) => {
      for (const version of [1, 9, 12, 13]) await session.send(metadata, version, { topics: [] });
    },
    "all topics": async (session, topic) => {
      await session.createTopic(topic, 2);
      for (const [version, topics] of [
        [0, []],
        [1, null],
        [12, null],
      ] as const) {
        const answer = await session.ask(metadata, version, { topics });
        session.note(
          `own topic ${version}`,
          answer.topics.filter(({ name }) => name === topic),
        );
      }
    },
    "unknown topics": async (session, topic) => {
      for (const version of [4, 12]) {
        const topics = [{ name: `${topic}-unknown` }];
        await session.send(metadata, version, { topics, allowAutoTopicCreation: false });
      }
    },
    "invalid names": async (session) => {
      for (const name of ["", ".", "..", "a/b", "ä", "x".repeat(250)]) {
        for (const allowAutoTopicCreation of [true, false]) {
          await session.send(
            metadata,
            9,
            { topics: [{ name }], allowAutoTopicCreation },
            `'${name}' ${allowAutoTopicCreation}`,
          );
        }
      }
    },
    "by id": async (session, topic) => {
      const topicId = await session.createTopic(topic);
      await session.send(metadata, 12, { topics: [{ name: null, topicId }] });
      await session.send(metadata, 12, { topics: [{ name: null, topicId: UNKNOWN_ID }] }, "unknown id");
      await session.attempt(metadata, 11, { topics: [{ name: null, topicId }] }, "before ids are allowed");
      await session.send(metadata, 13, { topics: [{ name: null, topicId: UNKNOWN_ID }] }, "unknown id, 13");
      await session.send(metadata, 12, { topics: [{ name: "", topicId }] }, "with an empty name");
      await session.send(metadata, 12, { topics: [{ name: `${topic}-x`, topicId }] }, "with another name");
      const other = await session.createTopic(`${topic}-2`);
      const mixed = [{ name: topic }, { name: null, topicId: other }, { name: topic, topicId: other }];
      await session.send(metadata, 12, { topics: mixed }, "names and ids");
      for (const version of [12, 13]) {
        const step = `neither name nor id, ${version}`;
        await session.attempt(metadata, version, { topics: [{ name: null }] }, step);
      }
    },
    "the same topic twice": async (session, topic) => {
      await session.createTopic(topic);
      await session.send(metadata, 12, { topics: [{ name: topic }, { name: topic }] });
    },
    "a topic comes into being when it is asked for": async (session, topic) => {
      const first = await session.ask(metadata, 4, {
        topics: [{ name: topic }],
        allowAutoTopicCreation: true,
      });
      session.note("first answer", first);
      await session.untilLed(topic, 1);
      await session.send(metadata, 4, { topics: [{ name: topic }], allowAutoTopicCreation: true });
    },
    "a topic whose name collides does not": async (session, topic) => {
      await session.createTopic(`${topic}.x`);
      const topics = [{ name: `${topic}_x` }];
      for (const step of ["first", "again"])
        await session.send(metadata, 12, { topics, allowAutoTopicCreation: true }, step);
    },
    "authorized operations": async (session, topic) => {
      await session.createTopic(topic);
      const both = { includeClusterAuthorizedOperations: true, includeTopicAuthorizedOperations: true };
      for (const version of [8, 10, 12])
        await session.send(metadata, version, { topics: [{ name: topic }], ...both });
    },
  }),
  ...area("cluster", {
    "describe at both ends": async (session) => {
      for (const version of versionEnds(describeCluster)) {
        await session.send(describeCluster, version, { includeClusterAuthorizedOperations: false });
      }
      const fenced = { includeClusterAuthorizedOperations: false, includeFencedBrokers: true };
      await session.send(describeCluster, 2, fenced, "with fenced brokers");
    },
    "authorized operations": async (session) => {
      await session.send(describeCluster, 1, { includeClusterAuthorizedOperations: true });
    },
    "other endpoints": async (session) => {
      for (const endpointType of [0, 2, 9]) {
        const body = { includeClusterAuthorizedOperations: false, endpointType };
        await session.send(describeCluster, 1, body, `endpoint type ${endpointType}`);
      }
    },
    "coordinators at both ends": async (session) => {
      for (const version of versionEnds(findCoordinator)) {
        await session.send(findCoordinator, version, { key: "warm", coordinatorKeys: ["warm", "b"] });
      }
      for (const version of [1, 4, 6]) {
        const body = { key: "warm", keyType: 1, coordinatorKeys: ["warm"] };
        await session.send(findCoordinator, version, body, `transactions ${version}`);
      }
    },
    "odd coordinators": async (session) => {
      for (const version of [2, 4]) {
        await session.attempt(
          findCoordinator,
          version,
          { key: "x", keyType: 7, coordinatorKeys: ["x"] },
          `kind 7 ${version}`,
        );
        await session.attempt(
          findCoordinator,
          version,
          { key: "", coordinatorKeys: [""] },
          `empty group ${version}`,
        );
        await session.attempt(
          findCoordinator,
          version,
          { key: "", keyType: 1, coordinatorKeys: [""] },
          `empty id ${version}`,
        );
        await session.attempt(
          findCoordinator,
          version,
          { key: "share", keyType: 2, coordinatorKeys: ["share"] },
          `share ${version}`,
        );
      }
      await session.send(findCoordinator, 4, { coordinatorKeys: [] }, "no keys");
    },
  }),
  ...area("topic partitions", {
    "in pages": async (session, topic) => {
      await session.createTopic(`${topic}-a`, 3);
      await session.createTopic(`${topic}-b`, 2);
      const topics = [{ name: `${topic}-b` }, { name: `${topic}-a` }];
      await session.send(describeTopicPartitions, 0, { topics }, "whole");
      await session.send(describeTopicPartitions, 0, { topics, responsePartitionLimit: 2 }, "first page");
      await session.send(
        describeTopicPartitions,
        0,
        { topics, responsePartitionLimit: 3 },
        "a page that ends with a topic",
      );
      const cursor = { topicName: `${topic}-a`, partitionIndex: 2 };
      await session.send(
        describeTopicPartitions,
        0,
        { topics, responsePartitionLimit: 2, cursor },
        "second page",
      );
      const beyond = { topicName: `${topic}-a`, partitionIndex: 9 };
      await session.send(describeTopicPartitions, 0, { topics, cursor: beyond }, "beyond the end");
      await session.attempt(
        describeTopicPartitions,
        0,
        { topics, cursor: { topicName: `${topic}-a`, partitionIndex: -1 } },
        "before the start",
      );
      await session.send(
        describeTopicPartitions,
        0,
        { topics, cursor: { topicName: `${topic}-ab`, partitionIndex: 1 } },
        "a cursor between topics",
      );
    },
    "unknown and invalid": async (session, topic) => {
      const topics = [{ name: `${topic}-unknown` }, { name: "a/b" }];
      await session.send(describeTopicPartitions, 0, { topics });
      const nameless = { topics: [...topics, { name: "" }], cursor: { topicName: "", partitionIndex: 0 } };
      await session.send(describeTopicPartitions, 0, nameless, "behind no name");
    },
  }),
  ...area("log folders", {
    "sizes at both ends": async (session, topic) => {
      await session.createTopic(topic, 2);
      await session.send(produce, 9, oneBatch(topic, clientBatch({ values: ["a", "b"] })));
      for (const version of versionEnds(describeLogDirs)) {
        await session.send(describeLogDirs, version, { topics: [{ topic, partitions: [0, 1] }] });
      }
    },
    "unknown topics": async (session, topic) => {
      await session.send(describeLogDirs, 4, { topics: [{ topic: `${topic}-unknown`, partitions: [0] }] });
      await session.send(describeLogDirs, 4, { topics: [] }, "no topics");
    },
  }),
];
