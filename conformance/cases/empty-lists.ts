import { alterConfigs } from "../../packages/broker/src/protocol/messages/alter-configs.ts";
import { alterPartitionReassignments } from "../../packages/broker/src/protocol/messages/alter-partition-reassignments.ts";
import { createAcls } from "../../packages/broker/src/protocol/messages/create-acls.ts";
import { createPartitions } from "../../packages/broker/src/protocol/messages/create-partitions.ts";
import { deleteAcls } from "../../packages/broker/src/protocol/messages/delete-acls.ts";
import { deleteGroups } from "../../packages/broker/src/protocol/messages/delete-groups.ts";
import { deleteRecords } from "../../packages/broker/src/protocol/messages/delete-records.ts";
import { deleteTopics } from "../../packages/broker/src/protocol/messages/delete-topics.ts";
import { describeConfigs } from "../../packages/broker/src/protocol/messages/describe-configs.ts";
import { describeGroups } from "../../packages/broker/src/protocol/messages/describe-groups.ts";
import { describeLogDirs } from "../../packages/broker/src/protocol/messages/describe-log-dirs.ts";
import { electLeaders } from "../../packages/broker/src/protocol/messages/elect-leaders.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { findCoordinator } from "../../packages/broker/src/protocol/messages/find-coordinator.ts";
import { incrementalAlterConfigs } from "../../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { listPartitionReassignments } from "../../packages/broker/src/protocol/messages/list-partition-reassignments.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../../packages/broker/src/protocol/messages/offset-fetch.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { area } from "../suite.ts";

const TOPIC = 2;

/** Lists that say nothing: some stand for everything where they are null, and for nothing where they are empty. */
export const emptyListCases = area("empty lists", {
  "of topics": async (session, topic) => {
    await session.createTopic(topic, 2);
    for (const topicPartitions of [null, []]) {
      const election = { electionType: 0, topicPartitions, timeoutMs: 5000 };
      const { errorCode, replicaElectionResults } = await session.ask(electLeaders, 2, election);
      session.note("elections", {
        errorCode,
        ofTopic: replicaElectionResults.filter((result) => result.topic === topic),
      });
    }
    for (const topics of [null, []]) {
      await session.send(listPartitionReassignments, 0, { topics, timeoutMs: 5000 });
    }
    await session.send(listOffsets, 8, { replicaId: -1, topics: [] });
    await session.send(deleteRecords, 2, { topics: [], timeoutMs: 5000 });
    await session.send(deleteTopics, 6, { topics: [], timeoutMs: 5000 });
    await session.send(createPartitions, 3, { topics: [], timeoutMs: 5000, validateOnly: false });
    await session.send(alterPartitionReassignments, 0, { topics: [], timeoutMs: 5000 });
    await session.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [] });
    for (const acks of [-1, 1, 2]) await session.send(produce, 9, { acks, timeoutMs: 5000, topicData: [] });
    await session.send(offsetCommit, 9, { groupId: topic, memberId: "", topics: [] });
  },
  "of places": async (session, topic) => {
    await session.createTopic(topic, 2);
    for (const topics of [null, [], [{ topic, partitions: [] }]]) {
      const { results } = await session.ask(describeLogDirs, 4, { topics });
      const told = results.map(({ errorCode, topics: found }) => ({
        errorCode,
        found: found.filter(({ name }) => name === topic),
      }));
      session.note("folders", told);
    }
    for (const topics of [null, []]) {
      await session.send(offsetFetch, 7, { groupId: topic, topics });
      await session.send(offsetFetch, 8, { groups: [{ groupId: topic, topics }] });
    }
    await session.send(offsetFetch, 8, { groups: [] });
  },
  "of groups, settings and entries": async (session, topic) => {
    await session.createTopic(topic);
    await session.send(describeGroups, 5, { groups: [] });
    await session.send(deleteGroups, 2, { groupsNames: [] });
    await session.send(findCoordinator, 4, { keyType: 0, coordinatorKeys: [] });
    for (const configurationKeys of [null, []]) {
      const resources = [{ resourceType: TOPIC, resourceName: topic, configurationKeys }];
      const { results } = await session.ask(describeConfigs, 4, { resources });
      session.note("so many settings", results[0]?.configs.length);
    }
    await session.send(describeConfigs, 4, { resources: [] });
    await session.send(alterConfigs, 2, { resources: [], validateOnly: false });
    await session.send(incrementalAlterConfigs, 1, { resources: [], validateOnly: false });
    await session.send(createAcls, 3, { creations: [] });
    await session.send(deleteAcls, 3, { filters: [] });
  },
});
