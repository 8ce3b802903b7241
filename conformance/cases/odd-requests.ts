import { pbkdf2Sync } from "node:crypto";
import { addOffsetsToTxn } from "../../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { alterClientQuotas } from "../../packages/broker/src/protocol/messages/alter-client-quotas.ts";
import { alterConfigs } from "../../packages/broker/src/protocol/messages/alter-configs.ts";
import { alterUserScramCredentials } from "../../packages/broker/src/protocol/messages/alter-user-scram-credentials.ts";
import { createAcls } from "../../packages/broker/src/protocol/messages/create-acls.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteAcls } from "../../packages/broker/src/protocol/messages/delete-acls.ts";
import { deleteGroups } from "../../packages/broker/src/protocol/messages/delete-groups.ts";
import { describeAcls } from "../../packages/broker/src/protocol/messages/describe-acls.ts";
import { describeConfigs } from "../../packages/broker/src/protocol/messages/describe-configs.ts";
import { describeGroups } from "../../packages/broker/src/protocol/messages/describe-groups.ts";
import { describeTopicPartitions } from "../../packages/broker/src/protocol/messages/describe-topic-partitions.ts";
import { describeTransactions } from "../../packages/broker/src/protocol/messages/describe-transactions.ts";
import { electLeaders } from "../../packages/broker/src/protocol/messages/elect-leaders.ts";
import { endTxn } from "../../packages/broker/src/protocol/messages/end-txn.ts";
import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { incrementalAlterConfigs } from "../../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import { joinGroup } from "../../packages/broker/src/protocol/messages/join-group.ts";
import { listOffsets } from "../../packages/broker/src/protocol/messages/list-offsets.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { txnOffsetCommit } from "../../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { EVERYTHING, entry, Operation, Pattern, Permission, Resource } from "../acls.ts";
import { oneBatch, oneFetch, oneOffset } from "../requests.ts";
import { area } from "../suite.ts";
import { TransactionalProducer } from "../transactional-producer.ts";

const TOPIC = 2;
const CLIENT_METRICS = 16;
const TRANSACTIONAL = 0x10;

function settings(resourceName: string, ...configs: readonly (readonly [name: string, value: string])[]) {
  return { resourceType: TOPIC, resourceName, configs: configs.map(([name, value]) => ({ name, value })) };
}

/** Where several things are wrong at once, and what no client sends: found by the random comparison. */
export const oddRequestCases = area("odd requests", {
  "entries of ACLs that are of no kind": async (session, topic) => {
    const one = entry({ resourceType: Resource.TOPIC, resourceName: topic });
    const none = [{ resourceType: 0 }, { resourcePatternType: 0 }, { operation: 0 }, { permissionType: 0 }];
    for (const odd of none) await session.attempt(createAcls, 3, { creations: [one, { ...one, ...odd }] });
    for (const odd of [{ resourceTypeFilter: 0 }, { patternTypeFilter: 0 }, { operation: 0 }]) {
      await session.attempt(describeAcls, 3, { ...EVERYTHING, ...odd });
      await session.attempt(deleteAcls, 3, {
        filters: [{ ...EVERYTHING, resourceNameFilter: topic, ...odd }],
      });
    }
  },
  "entries of ACLs that are of any kind spoil the others": async (session, topic) => {
    const one = entry({ resourceType: Resource.TOPIC, resourceName: topic });
    const any = [
      { operation: Operation.ANY },
      { permissionType: Permission.ANY },
      { resourcePatternType: Pattern.MATCH },
    ];
    for (const odd of any) await session.send(createAcls, 3, { creations: [one, { ...one, ...odd }] });
    await session.send(
      createAcls,
      3,
      { creations: [{ ...one, principal: ":" }] },
      "a principal without a name",
    );
    const isThere = ({ resources }: { resources: unknown[] }): boolean => resources.length > 0;
    const ours = { ...EVERYTHING, resourceNameFilter: topic };
    await session.sendUntil(describeAcls, 3, ours, isThere);
    await session.send(deleteAcls, 3, { filters: [ours] });
  },
  "settings of what is not there": async (session, topic) => {
    const resources = [settings(topic, ["retention.ms", "x"]), settings(`${topic}-2`, ["retention.ms", "5"])];
    await session.send(alterConfigs, 2, { resources, validateOnly: false });
    await session.send(alterConfigs, 2, { resources: [settings("a/b")], validateOnly: false }, "a name");
    const changes = resources.map((resource) => ({
      ...resource,
      configs: resource.configs.map((config) => ({ ...config, configOperation: 0 })),
    }));
    await session.send(incrementalAlterConfigs, 1, { resources: changes, validateOnly: false });
    const metrics = [{ resourceType: CLIENT_METRICS, resourceName: "m", configurationKeys: ["none"] }];
    await session.send(describeConfigs, 4, { resources: metrics });
  },
  "settings of what cannot be": async (session) => {
    const unfit = { name: "segment.ms", value: "1", configOperation: 3 };
    const wrong = { name: "segment.ms", value: "x", configOperation: 0 };
    for (const resourceName of ["", "a/b"]) {
      for (const config of [unfit, wrong]) {
        const resources = [{ resourceType: TOPIC, resourceName, configs: [config] }];
        await session.send(incrementalAlterConfigs, 1, { resources, validateOnly: false });
      }
    }
  },
  "settings of a resource that is named twice": async (session, topic) => {
    // Apache Kafka never answers the older request, which is the same otherwise.
    const resources = [settings(topic), settings(topic), settings(`${topic}-2`)];
    const changes = resources.map((resource) => ({ ...resource, configs: [] }));
    await session.send(incrementalAlterConfigs, 1, { resources: changes, validateOnly: false });
  },
  "a topic with a wrong setting and a wrong number": async (session, topic) => {
    const configs = [{ name: "segment.ms", value: "x" }];
    const topics = [{ name: topic, numPartitions: 0, replicationFactor: 7, assignments: [], configs }];
    await session.send(createTopics, 7, { topics });
  },
  "a group that is named twice": async (session, topic) => {
    await session.send(deleteGroups, 2, { groupsNames: [topic, topic] });
  },
  "a group that its first member may not join": async (session, topic) => {
    const claim = { groupId: topic, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: "" };
    await session.send(joinGroup, 9, { ...claim, protocolType: "consumer", protocols: [] });
    await session.send(describeGroups, 6, { groups: [topic] });
    await session.send(deleteGroups, 2, { groupsNames: [topic] });
  },
  "operations on what is not there": async (session, topic) => {
    for (const version of [5, 6]) {
      await session.send(describeGroups, version, { groups: [topic], includeAuthorizedOperations: true });
    }
    const look = { topics: [{ name: topic }], allowAutoTopicCreation: false };
    await session.send(metadata, 12, { ...look, includeTopicAuthorizedOperations: true });
  },
  "commits of unknown places by unknown members": async (session, topic) => {
    await session.createTopic(topic);
    const partition = { committedOffset: 1, committedMetadata: "" };
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, ...partition }));
    const topics = [topic, `${topic}-2`].map((name) => ({ name, partitions }));
    const claim = { groupId: topic, memberId: "nobody", generationIdOrMemberEpoch: 3 };
    for (const version of [2, 9]) await session.send(offsetCommit, version, { ...claim, topics });
  },
  "a commit of which nothing is taken": async (session, topic) => {
    await session.createTopic(topic);
    const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: "x".repeat(5000) };
    const topics = [{ name: topic, partitions: [partition] }];
    await session.send(offsetCommit, 9, { groupId: topic, memberId: "", topics });
    await session.send(deleteGroups, 2, { groupsNames: [topic] });
  },
  "a transaction with offsets, described": async (session, topic) => {
    const { claim } = await TransactionalProducer.init(session, topic);
    await session.send(addOffsetsToTxn, 3, { ...claim, groupId: topic });
    await session.send(describeTransactions, 0, { transactionalIds: [topic] });
    await session.send(endTxn, 3, { ...claim, committed: false });
  },
  "a leader epoch before the first": async (session, topic) => {
    await session.createTopic(topic);
    await session.send(fetch, 12, oneFetch(topic, { currentLeaderEpoch: -2 }));
    await session.send(listOffsets, 8, oneOffset(topic, -1, { currentLeaderEpoch: -2 }));
  },
  "acks and places that are both wrong": async (session, topic) => {
    await session.createTopic(topic);
    const batch = clientBatch();
    await session.send(produce, 9, oneBatch(topic, batch, { acks: 2, index: 3 }));
    await session.send(produce, 9, oneBatch(topic, batch, { acks: 2 }));
  },
  "a transactional batch of nobody": async (session, topic) => {
    await session.createTopic(topic);
    const batch = clientBatch({ attributes: TRANSACTIONAL });
    await session.send(produce, 9, oneBatch(topic, batch, { transactionalId: topic }));
  },
  "a topic without a name among others": async (session, topic) => {
    const topics = [topic, ""].map((name) => ({ name }));
    await session.send(describeTopicPartitions, 0, { topics, responsePartitionLimit: 10, cursor: null });
  },
  "an id of a member, and then an instance": async (session, topic) => {
    const protocols = [{ name: "range", metadata: Buffer.from("x") }];
    const times = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 };
    const join = { groupId: topic, ...times, protocolType: "consumer", protocols };
    const { memberId } = await session.send(joinGroup, 9, { ...join, memberId: "" });
    await session.send(joinGroup, 9, { ...join, memberId, groupInstanceId: "i" });
  },
  "an election of no kind": async (session, topic) => {
    await session.createTopic(topic);
    const topicPartitions = [{ topic, partitions: [0, 7] }];
    for (const some of [topicPartitions, [{ topic, partitions: [] }], [], null]) {
      await session.send(electLeaders, 2, { electionType: 2, topicPartitions: some, timeoutMs: 5000 });
    }
  },
  "an isolation level that nobody knows": async (session, topic) => {
    const topicId = await session.createTopic(topic);
    await session.send(listOffsets, 8, oneOffset(topic, -1, { isolationLevel: 2 }));
    for (const version of [4, 12, 16])
      await session.send(fetch, version, oneFetch(topic, { topicId, isolationLevel: 2 }));
  },
  "offsets in a transaction that has not begun": async (session, topic) => {
    await session.createTopic(topic);
    const { claim } = await TransactionalProducer.init(session, topic);
    const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
    const topics = [{ name: topic, partitions: [partition] }];
    const commit = { ...claim, groupId: topic, memberId: "" };
    for (const version of [3, 4]) await session.send(txnOffsetCommit, version, { ...commit, topics });
    const nothing = [topic, `${topic}-2`].map((name) => ({ name, partitions: [] }));
    await session.send(txnOffsetCommit, 4, { ...commit, topics: nothing }, "topics without partitions");
  },
  "credentials with several faults": async (session, topic) => {
    const salt = Buffer.from("salt of a user");
    const saltedPassword = pbkdf2Sync("secret", salt, 4096, 32, "sha256");
    const good = { name: topic, mechanism: 1, iterations: 4096, salt, saltedPassword };
    const unknown = { name: topic, mechanism: 1 };
    await session.send(alterUserScramCredentials, 0, { deletions: [unknown], upsertions: [good] });
    await session.send(alterUserScramCredentials, 0, {
      deletions: [{ ...unknown, name: "" }],
      upsertions: [],
    });
    const keyless = { ...good, saltedPassword: Buffer.alloc(0) };
    for (const upsertions of [[keyless], [keyless, keyless], [{ ...keyless, mechanism: 7 }]])
      await session.send(alterUserScramCredentials, 0, { deletions: [], upsertions });
  },
  "a bound beyond whole numbers": async (session, topic) => {
    const entity = [{ entityType: "user", entityName: topic }];
    const ops = [{ key: "producer_byte_rate", value: 1e300, remove: false }];
    await session.send(alterClientQuotas, 1, { entries: [{ entity, ops }], validateOnly: false });
  },
});
