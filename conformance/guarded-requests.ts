import { addOffsetsToTxn } from "../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { alterClientQuotas } from "../packages/broker/src/protocol/messages/alter-client-quotas.ts";
import { alterConfigs } from "../packages/broker/src/protocol/messages/alter-configs.ts";
import { alterReplicaLogDirs } from "../packages/broker/src/protocol/messages/alter-replica-log-dirs.ts";
import { alterUserScramCredentials } from "../packages/broker/src/protocol/messages/alter-user-scram-credentials.ts";
import { consumerGroupDescribe } from "../packages/broker/src/protocol/messages/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../packages/broker/src/protocol/messages/consumer-group-heartbeat.ts";
import { createAcls } from "../packages/broker/src/protocol/messages/create-acls.ts";
import { createPartitions } from "../packages/broker/src/protocol/messages/create-partitions.ts";
import { createTopics } from "../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteAcls } from "../packages/broker/src/protocol/messages/delete-acls.ts";
import { deleteGroups } from "../packages/broker/src/protocol/messages/delete-groups.ts";
import { deleteRecords } from "../packages/broker/src/protocol/messages/delete-records.ts";
import { describeAcls } from "../packages/broker/src/protocol/messages/describe-acls.ts";
import { describeClientQuotas } from "../packages/broker/src/protocol/messages/describe-client-quotas.ts";
import { describeCluster } from "../packages/broker/src/protocol/messages/describe-cluster.ts";
import { describeConfigs } from "../packages/broker/src/protocol/messages/describe-configs.ts";
import { describeGroups } from "../packages/broker/src/protocol/messages/describe-groups.ts";
import { describeLogDirs } from "../packages/broker/src/protocol/messages/describe-log-dirs.ts";
import { describeProducers } from "../packages/broker/src/protocol/messages/describe-producers.ts";
import { describeQuorum } from "../packages/broker/src/protocol/messages/describe-quorum.ts";
import { describeTopicPartitions } from "../packages/broker/src/protocol/messages/describe-topic-partitions.ts";
import { describeTransactions } from "../packages/broker/src/protocol/messages/describe-transactions.ts";
import { describeUserScramCredentials } from "../packages/broker/src/protocol/messages/describe-user-scram-credentials.ts";
import { electLeaders } from "../packages/broker/src/protocol/messages/elect-leaders.ts";
import { endTxn } from "../packages/broker/src/protocol/messages/end-txn.ts";
import { fetch } from "../packages/broker/src/protocol/messages/fetch.ts";
import { findCoordinator } from "../packages/broker/src/protocol/messages/find-coordinator.ts";
import { heartbeat } from "../packages/broker/src/protocol/messages/heartbeat.ts";
import { incrementalAlterConfigs } from "../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import { initProducerId } from "../packages/broker/src/protocol/messages/init-producer-id.ts";
import { joinGroup } from "../packages/broker/src/protocol/messages/join-group.ts";
import { leaveGroup } from "../packages/broker/src/protocol/messages/leave-group.ts";
import { listConfigResources } from "../packages/broker/src/protocol/messages/list-config-resources.ts";
import { listGroups } from "../packages/broker/src/protocol/messages/list-groups.ts";
import { listOffsets } from "../packages/broker/src/protocol/messages/list-offsets.ts";
import { listTransactions } from "../packages/broker/src/protocol/messages/list-transactions.ts";
import { metadata } from "../packages/broker/src/protocol/messages/metadata.ts";
import { offsetCommit } from "../packages/broker/src/protocol/messages/offset-commit.ts";
import { offsetDelete } from "../packages/broker/src/protocol/messages/offset-delete.ts";
import { offsetFetch } from "../packages/broker/src/protocol/messages/offset-fetch.ts";
import { offsetForLeaderEpoch } from "../packages/broker/src/protocol/messages/offset-for-leader-epoch.ts";
import { produce } from "../packages/broker/src/protocol/messages/produce.ts";
import { syncGroup } from "../packages/broker/src/protocol/messages/sync-group.ts";
import { txnOffsetCommit } from "../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import { updateFeatures } from "../packages/broker/src/protocol/messages/update-features.ts";
import { clientBatch } from "../packages/broker/test/batches.ts";
import { EVERYTHING, entry, Resource } from "./acls.ts";
import { oneBatch, oneFetch, oneOffset } from "./requests.ts";
import type { Session } from "./session.ts";

const UNKNOWN_TOPIC = 3;
const NO_LEADER = 5;
const TRANSACTIONAL = 0x10;
const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;

/** Everything that asks for a right to a topic. */
export async function topicRequests(client: Session, name: string, topicId: string): Promise<void> {
  const partitions = [{ partitionIndex: 0 }];
  await client.attempt(metadata, 12, { topics: [{ name }], includeTopicAuthorizedOperations: true });
  await client.attempt(metadata, 12, { topics: [{ name: null, topicId }] }, "metadata by id");
  const known = await client.ask(metadata, 12, { topics: null });
  client.note(
    "among all topics",
    known.topics.some((topic) => topic.name === name),
  );
  await client.attempt(produce, 11, oneBatch(name, clientBatch()));
  await client.attempt(produce, 13, oneBatch("", clientBatch(), { topicId }), "produce by id");
  await client.attempt(fetch, 12, oneFetch(name));
  await client.attempt(fetch, 16, oneFetch(name, { topicId }), "fetch by id");
  await client.attempt(listOffsets, 8, oneOffset(name, -1));
  const epochs = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: 0 }];
  await client.attempt(offsetForLeaderEpoch, 4, {
    replicaId: -1,
    topics: [{ topic: name, partitions: epochs }],
  });
  await client.attempt(describeTopicPartitions, 0, {
    topics: [{ name }],
    responsePartitionLimit: 10,
    cursor: null,
  });
  await client.attempt(describeProducers, 0, { topics: [{ name, partitionIndexes: [0] }] });
  const resource = { resourceType: TOPIC, resourceName: name };
  const configurationKeys = ["cleanup.policy"];
  await client.attempt(describeConfigs, 4, { resources: [{ ...resource, configurationKeys }] });
  const config = { name: "retention.ms", value: "1000000" };
  await client.attempt(alterConfigs, 2, {
    resources: [{ ...resource, configs: [config] }],
    validateOnly: true,
  });
  const change = { ...config, configOperation: 0 };
  const resources = [{ ...resource, configs: [change] }];
  await client.attempt(incrementalAlterConfigs, 1, { resources, validateOnly: true });
  const larger = { topics: [{ name, count: 9 }], timeoutMs: 5000, validateOnly: true };
  await client.attempt(createPartitions, 3, larger);
  const records = [{ name, partitions: [{ partitionIndex: 0, offset: 0 }] }];
  await client.attempt(deleteRecords, 2, { topics: records, timeoutMs: 5000 });
  const committed = { name, partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }] };
  const group = { groupId: `${name}-free`, memberId: "" };
  await client.attempt(offsetCommit, 8, { ...group, topics: [committed] });
  const groups = [{ groupId: `${name}-free`, topics: [{ name, partitionIndexes: [0] }] }];
  await client.attempt(offsetFetch, 8, { groups });
  const byId = { ...committed, name: "", topicId };
  await client.attempt(offsetCommit, 10, { ...group, topics: [byId] }, "commit by id");
  const wanted = [{ name: "", topicId, partitionIndexes: [0] }];
  const ofFree = { groupId: `${name}-free`, topics: wanted };
  await client.attempt(offsetFetch, 10, { groups: [ofFree] }, "offsets by id");
  await client.attempt(offsetFetch, 10, { groups: [{ ...ofFree, topics: null }] }, "all offsets, told by id");
  await client.attempt(
    offsetFetch,
    8,
    { groups: [{ groupId: `${name}-free`, topics: null }] },
    "all offsets",
  );
  await client.attempt(offsetDelete, 0, { groupId: `${name}-free`, topics: [{ name, partitions }] });
  const joining = { groupId: `${name}-new`, memberId: "m", memberEpoch: 0, rebalanceTimeoutMs: 1000 };
  const subscribed = { ...joining, subscribedTopicNames: [name], topicPartitions: [] };
  await client.attempt(consumerGroupHeartbeat, 1, subscribed);
  await client.attempt(createTopics, 7, creation(name), "create");
}

export function creation(name: string) {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  return { topics: [topic], timeoutMs: 5000, validateOnly: true };
}

/** Everything that asks for a right to a group. */
export async function groupRequests(client: Session, groupId: string, topic: string): Promise<void> {
  await client.attempt(findCoordinator, 3, { key: groupId });
  await client.attempt(findCoordinator, 6, { coordinatorKeys: [groupId, "other"] });
  const identity = { groupId, memberId: "m", generationId: 1 };
  const join = { groupId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 1000, memberId: "m" };
  const protocols = [{ name: "range", metadata: Buffer.from("x") }];
  await client.attempt(joinGroup, 9, { ...join, protocolType: "consumer", protocols });
  await client.attempt(joinGroup, 5, { ...join, protocolType: "consumer", protocols }, "join 5");
  const sync = { ...identity, protocolType: "consumer", protocolName: "range", assignments: [] };
  await client.attempt(syncGroup, 5, sync);
  await client.attempt(heartbeat, 4, identity);
  await client.attempt(leaveGroup, 5, { groupId, members: [{ memberId: "m" }] });
  await client.attempt(describeGroups, 5, { groups: [groupId], includeAuthorizedOperations: true });
  const described = { groupIds: [groupId], includeAuthorizedOperations: true };
  await client.attempt(consumerGroupDescribe, 1, described);
  const beat = { groupId, memberId: "m", memberEpoch: 3, rebalanceTimeoutMs: -1 };
  await client.attempt(consumerGroupHeartbeat, 1, beat);
  const listed = await client.ask(listGroups, 4, {});
  client.note(
    "among all groups",
    listed.groups.some((group) => group.groupId === groupId),
  );
  const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
  const topics = [{ name: topic, partitions: [partition] }];
  await client.attempt(offsetCommit, 9, { groupId, memberId: "", topics });
  await client.attempt(offsetFetch, 7, { groupId, topics: [{ name: topic, partitionIndexes: [0] }] });
  await client.attempt(offsetFetch, 9, { groups: [{ groupId, topics: null }] });
  const deleted = [{ name: topic, partitions: [{ partitionIndex: 0 }] }];
  await client.attempt(offsetDelete, 0, { groupId, topics: deleted });
  const resource = { resourceType: GROUP, resourceName: groupId };
  const configurationKeys = ["consumer.session.timeout.ms"];
  await client.attempt(describeConfigs, 4, { resources: [{ ...resource, configurationKeys }] });
  const change = { name: "consumer.session.timeout.ms", value: "50000", configOperation: 0 };
  const resources = [{ ...resource, configs: [change] }];
  await client.attempt(incrementalAlterConfigs, 1, { resources, validateOnly: true });
  await client.attempt(deleteGroups, 2, { groupsNames: [groupId, `${groupId}-other`] });
}

/** Everything that asks for a right to a transactional id. */
export async function transactionRequests(client: Session, id: string, topic: string): Promise<void> {
  const claim = { transactionalId: id, producerId: 1, producerEpoch: 0 };
  await client.attempt(findCoordinator, 3, { key: id, keyType: 1 });
  await client.attempt(initProducerId, 5, { transactionalId: id, transactionTimeoutMs: 1000 });
  const topics = [{ name: topic, partitions: [0] }];
  await client.attempt(addPartitionsToTxn, 3, { ...claim, topics });
  await client.attempt(addOffsetsToTxn, 3, { ...claim, groupId: `${topic}-free` });
  await client.attempt(endTxn, 3, { ...claim, committed: true });
  await client.attempt(endTxn, 5, { ...claim, committed: true }, "end an epoch");
  const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
  const offsets = [{ name: topic, partitions: [partition] }];
  const commit = { ...claim, groupId: `${topic}-free`, memberId: "", topics: offsets };
  await client.attempt(txnOffsetCommit, 3, commit);
  await client.attempt(txnOffsetCommit, 5, commit, "bring a group in");
  await client.attempt(produce, 11, oneBatch(topic, clientBatch(), { transactionalId: id }));
  const batch = clientBatch({ attributes: TRANSACTIONAL, producerId: 1, producerEpoch: 0, sequence: 0 });
  await client.attempt(produce, 11, oneBatch(topic, batch, { transactionalId: id }), "transactional");
  await client.attempt(produce, 11, oneBatch(topic, batch), "transactional without an id");
  await client.attempt(produce, 12, oneBatch(topic, batch, { transactionalId: id }), "bring a partition in");
  await client.attempt(describeTransactions, 0, { transactionalIds: [id] });
  const listed = await client.ask(listTransactions, 0, {
    stateFilters: [],
    producerIdFilters: [],
    durationFilter: -1,
  });
  client.note(
    "among all",
    listed.transactionStates.some(({ transactionalId }) => transactionalId === id),
  );
}

/** Everything that asks for a right to the cluster. */
export async function clusterRequests(client: Session, name: string): Promise<void> {
  await client.attempt(createTopics, 7, creation(`${name}-new`));
  // Apache Kafka creates it behind its first answers.
  const isMade = ({ topics }: { topics: { errorCode: number }[] }): boolean =>
    topics.every(({ errorCode }) => errorCode !== UNKNOWN_TOPIC && errorCode !== NO_LEADER);
  const auto = { topics: [{ name: `${name}-auto` }] };
  await client.sendUntil(metadata, 12, auto, isMade, "creates by asking");
  await client.attempt(metadata, 10, { topics: [], includeClusterAuthorizedOperations: true }, "metadata 10");
  const cluster = { includeClusterAuthorizedOperations: true };
  const described = await client.ask(describeCluster, 1, cluster);
  client.note("cluster", described.clusterAuthorizedOperations);
  await client.attempt(describeLogDirs, 4, { topics: [] });
  const broker = { resourceType: BROKER, resourceName: "1" };
  await client.attempt(describeConfigs, 4, { resources: [{ ...broker, configurationKeys: ["none"] }] });
  const change = { name: "nonsense", value: "1", configOperation: 0 };
  const resources = [{ ...broker, configs: [change] }];
  await client.attempt(incrementalAlterConfigs, 1, { resources, validateOnly: true });
  await client.attempt(describeUserScramCredentials, 0, { users: [{ name: "nobody" }] });
  const deletions = [{ name: "nobody", mechanism: 1 }];
  await client.attempt(alterUserScramCredentials, 0, { deletions, upsertions: [] });
  await client.attempt(describeAcls, 3, EVERYTHING);
  const creations = [entry({ resourceType: Resource.TOPIC, resourceName: "x" })];
  await client.attempt(createAcls, 3, { creations });
  await client.attempt(deleteAcls, 3, { filters: [{ ...EVERYTHING, resourceNameFilter: "no-such-name" }] });
  const listed = await client.ask(listGroups, 4, {});
  client.note("groups", listed.errorCode);
  await client.attempt(electLeaders, 2, { topicPartitions: [], timeoutMs: 1000 });
  await client.attempt(describeClientQuotas, 1, { components: [], strict: false });
  const entity = [{ entityType: "user", entityName: "nobody" }];
  const op = { key: "producer_byte_rate", value: 1, remove: false };
  await client.attempt(alterClientQuotas, 1, { entries: [{ entity, ops: [op] }], validateOnly: true });
  const quorum = [{ topicName: "no-such-quorum", partitions: [{ partitionIndex: 0 }] }];
  await client.attempt(describeQuorum, 2, { topics: quorum });
  await client.attempt(listConfigResources, 1, { resourceTypes: [16] });
  const feature = { feature: "group.version", maxVersionLevel: 1 };
  await client.attempt(updateFeatures, 2, { featureUpdates: [feature], validateOnly: true });
  const moved = [{ path: "/no/such/folder", topics: [{ name, partitions: [0] }] }];
  await client.attempt(alterReplicaLogDirs, 2, { dirs: moved });
  await client.attempt(initProducerId, 5, { transactionalId: null, transactionTimeoutMs: 1000 });
  const asked = { transactionalId: name, producerId: 1, producerEpoch: 0, verifyOnly: true };
  const transactions = [{ ...asked, topics: [{ name, partitions: [0] }] }];
  await client.attempt(addPartitionsToTxn, 5, { transactions });
}
