import { alterPartitionReassignments } from "../../packages/broker/src/protocol/messages/alter-partition-reassignments.ts";
import { electLeaders } from "../../packages/broker/src/protocol/messages/elect-leaders.ts";
import { listPartitionReassignments } from "../../packages/broker/src/protocol/messages/list-partition-reassignments.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const UNCLEAN = 1;

export const leaderCases = [
  ...area("leaders", {
    "no election is needed": async (session, topic) => {
      await session.createTopic(topic, 2);
      const topicPartitions = [
        { topic, partitions: [0, 1, 7] },
        { topic: `${topic}-unknown`, partitions: [0] },
      ];
      for (const version of versionEnds(electLeaders))
        await session.send(electLeaders, version, { topicPartitions });
      const unclean = { electionType: UNCLEAN, topicPartitions: [{ topic, partitions: [0] }] };
      await session.send(electLeaders, 2, unclean, "unclean");
      const all = await session.ask(electLeaders, 2, { topicPartitions: null });
      const own = all.replicaElectionResults.filter((result) => result.topic === topic);
      session.note("all", { errorCode: all.errorCode, own });
    },
  }),
  ...area("reassignments", {
    "to the only broker": async (session, topic) => {
      await session.createTopic(topic, 2);
      const wanted = [[1], [2], [1, 2], [1, 1], [], null];
      for (const version of versionEnds(alterPartitionReassignments)) {
        for (const replicas of wanted) {
          const partitions = [{ partitionIndex: 1, replicas }];
          const body = { topics: [{ name: topic, partitions }] };
          await session.send(alterPartitionReassignments, version, body, `${version}: ${replicas}`);
        }
      }
      const nowhere = [{ partitionIndex: 7, replicas: [1] }];
      const unknown = { topics: [topic, `${topic}-unknown`].map((name) => ({ name, partitions: nowhere })) };
      await session.send(alterPartitionReassignments, 1, unknown, "unknown");
    },
    "none is under way": async (session, topic) => {
      await session.createTopic(topic);
      const topics = [topic, `${topic}-unknown`].map((name) => ({ name, partitionIndexes: [0, 7] }));
      await session.send(listPartitionReassignments, 0, { topics }, "some");
      await session.send(listPartitionReassignments, 0, { topics: null }, "all");
    },
  }),
];
