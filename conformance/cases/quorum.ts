import { alterReplicaLogDirs } from "../../packages/broker/src/protocol/messages/alter-replica-log-dirs.ts";
import { describeLogDirs } from "../../packages/broker/src/protocol/messages/describe-log-dirs.ts";
import { describeQuorum } from "../../packages/broker/src/protocol/messages/describe-quorum.ts";
import { listConfigResources } from "../../packages/broker/src/protocol/messages/list-config-resources.ts";
import { updateFeatures } from "../../packages/broker/src/protocol/messages/update-features.ts";
import type { Decoded } from "../../packages/broker/src/protocol/schema.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const METADATA = "__cluster_metadata";

export const quorumCases = [
  ...area("quorum", {
    "of one": async (session) => {
      const topics = [{ topicName: METADATA, partitions: [{ partitionIndex: 0 }] }];
      for (const version of versionEnds(describeQuorum)) {
        const answer = await session.ask(describeQuorum, version, { topics });
        session.note(`version ${version}`, withoutCounts(answer));
      }
    },
    "of nothing": async (session, topic) => {
      await session.createTopic(topic);
      const none = { partitionIndex: 0 };
      for (const topics of [
        [{ topicName: topic, partitions: [none] }],
        [{ topicName: METADATA, partitions: [{ partitionIndex: 1 }] }],
        [],
      ]) {
        await session.send(describeQuorum, 2, { topics });
      }
    },
  }),
  ...area("features", {
    "levels stay": async (session) => {
      const updates = {
        none: [],
        "an unknown one": [{ feature: "starship.version", maxVersionLevel: 1 }],
        "the same level": [{ feature: "group.version", maxVersionLevel: 1 }],
        "beyond all levels": [{ feature: "group.version", maxVersionLevel: 99 }],
        "the same level of transactions": [{ feature: "transaction.version", maxVersionLevel: 2 }],
        "beyond all levels of transactions": [{ feature: "transaction.version", maxVersionLevel: 3 }],
      };
      for (const version of versionEnds(updateFeatures)) {
        for (const [step, featureUpdates] of Object.entries(updates)) {
          const body = { featureUpdates, ...(version > 0 ? { validateOnly: true } : {}) };
          await session.send(updateFeatures, version, body, `${version}: ${step}`);
        }
      }
    },
  }),
  ...area("resources with settings", {
    "by kind": async (session, topic) => {
      await session.createTopic(topic);
      await session.send(listConfigResources, 0, {});
      for (const resourceTypes of [[4], [8], [16], [4, 4, 16], [99], [2, 99]]) {
        await session.send(listConfigResources, 1, { resourceTypes }, `kinds ${resourceTypes.join()}`);
      }
      for (const resourceTypes of [[], [2]]) {
        const { configResources } = await session.ask(listConfigResources, 1, { resourceTypes });
        const kinds = new Set(configResources.map(({ resourceType }) => resourceType));
        // Groups have settings on one side already, from other cases.
        kinds.delete(32);
        session.note(`kinds of ${resourceTypes.join()}`, [...kinds].sort());
        session.note(
          "the topic",
          configResources.some(({ resourceName }) => resourceName === topic),
        );
      }
    },
  }),
  ...area("log folders", {
    "nothing is moved": async (session, topic) => {
      await session.createTopic(topic, 2);
      const described = await session.ask(describeLogDirs, 4, { topics: [] });
      const [folder] = described.results;
      const path = folder?.logDir ?? "";
      for (const version of versionEnds(alterReplicaLogDirs)) {
        await moves(session, version, topic, path);
        await moves(session, version, topic, "/no/such/folder");
        await moves(session, version, `${topic}-unknown`, path);
      }
    },
  }),
];

/** How long the log of the metadata is, and where its leader listens, is each broker's own. */
function withoutCounts({ topics, nodes, ...answer }: Decoded<(typeof describeQuorum)["response"]>) {
  return {
    ...answer,
    topics: topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) => ({
        ...partition,
        highWatermark: partition.highWatermark > 0,
        currentVoters: partition.currentVoters.map((voter) => ({
          ...voter,
          logEndOffset: voter.logEndOffset === partition.highWatermark,
        })),
      })),
    })),
    nodes: nodes.map(({ nodeId, listeners }) => ({ nodeId, names: listeners.map(({ name }) => name) })),
  };
}

async function moves(session: Session, version: number, name: string, path: string): Promise<void> {
  const dirs = [{ path, topics: [{ name, partitions: [0, 1, 7] }] }];
  const isThere = path !== "/no/such/folder";
  await session.send(
    alterReplicaLogDirs,
    version,
    { dirs },
    `${version}: ${name} to ${isThere ? "its own" : "none"}`,
  );
}
