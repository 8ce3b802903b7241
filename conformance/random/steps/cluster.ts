import { alterPartitionReassignments } from "../../../packages/broker/src/protocol/messages/alter-partition-reassignments.ts";
import { alterReplicaLogDirs } from "../../../packages/broker/src/protocol/messages/alter-replica-log-dirs.ts";
import { apiVersions } from "../../../packages/broker/src/protocol/messages/api-versions.ts";
import { describeCluster } from "../../../packages/broker/src/protocol/messages/describe-cluster.ts";
import { describeLogDirs } from "../../../packages/broker/src/protocol/messages/describe-log-dirs.ts";
import { describeQuorum } from "../../../packages/broker/src/protocol/messages/describe-quorum.ts";
import { electLeaders } from "../../../packages/broker/src/protocol/messages/elect-leaders.ts";
import { findCoordinator } from "../../../packages/broker/src/protocol/messages/find-coordinator.ts";
import { listConfigResources } from "../../../packages/broker/src/protocol/messages/list-config-resources.ts";
import { listPartitionReassignments } from "../../../packages/broker/src/protocol/messages/list-partition-reassignments.ts";
import { updateFeatures } from "../../../packages/broker/src/protocol/messages/update-features.ts";
import type { Choice } from "../choice.ts";
import { anyGroup, partitionIndex, topicName } from "../pool.ts";
import { type Step, step } from "../step.ts";

const READ = { isRead: true } as const;

function places(choice: Choice) {
  return choice.several(choice.mostly(1, 0), 2, () => ({
    name: topicName(choice),
    partitions: choice.several(choice.mostly(1, 0), 2, () => partitionIndex(choice)),
  }));
}

function coordinator(choice: Choice): Step {
  const version = choice.version(findCoordinator);
  const keys = choice.several(choice.mostly(1, 0), 2, () => anyGroup(choice));
  const keyType = choice.pick(0, 1, 0, 1, 2, 3, -1);
  return step(
    findCoordinator,
    version,
    (world) => {
      const coordinatorKeys = keys.map((key) => world.name(key));
      return { key: coordinatorKeys[0] ?? "", keyType, coordinatorKeys };
    },
    READ,
  );
}

function versions(choice: Choice): Step {
  const clientSoftwareName = choice.mostly("raw", "", "a b", "-x", "x.y-z", "x-");
  const clientSoftwareVersion = choice.mostly("1.0", "", "1 0", ".1");
  const body = { clientSoftwareName, clientSoftwareVersion };
  // What is served is compared elsewhere: this is about what a client says of itself.
  return step(apiVersions, choice.version(apiVersions), () => body, {
    ...READ,
    seen: ({ errorCode }) => ({ errorCode }),
  });
}

function cluster(choice: Choice): Step {
  const body = {
    includeClusterAuthorizedOperations: choice.chance(0.5),
    endpointType: choice.mostly(1, 2, 0, 3),
  };
  return step(describeCluster, choice.version(describeCluster), () => body, READ);
}

function folders(choice: Choice): Step {
  const topics = places(choice);
  return step(
    describeLogDirs,
    choice.version(describeLogDirs),
    (world) => ({
      topics: topics.map(({ name, partitions }) => ({ topic: world.name(name), partitions })),
    }),
    READ,
  );
}

function move(choice: Choice): Step {
  const topics = places(choice);
  return step(alterReplicaLogDirs, choice.version(alterReplicaLogDirs), (world) => ({
    dirs: [
      {
        path: "/no/such/folder",
        topics: topics.map((topic) => ({ ...topic, name: world.name(topic.name) })),
      },
    ],
  }));
}

function elect(choice: Choice): Step {
  const version = choice.version(electLeaders);
  const topics = places(choice);
  const electionType = choice.mostly(choice.pick(0, 1), 2);
  return step(electLeaders, version, (world) => ({
    electionType,
    timeoutMs: 10_000,
    topicPartitions: topics.map(({ name, partitions }) => ({ topic: world.name(name), partitions })),
  }));
}

function reassign(choice: Choice): Step {
  const version = choice.version(alterPartitionReassignments);
  const topics = choice.several(choice.mostly(1, 0), 2, () => ({
    name: topicName(choice),
    partitions: choice.several(choice.mostly(1, 0), 2, () => ({
      partitionIndex: partitionIndex(choice),
      replicas: choice.pick([1], [2], [1, 1], [], [-1], null),
    })),
  }));
  return step(alterPartitionReassignments, version, (world) => ({
    timeoutMs: 10_000,
    topics: topics.map((topic) => ({ ...topic, name: world.name(topic.name) })),
  }));
}

function reassignments(choice: Choice): Step {
  const topics = choice.mostly(places(choice), null);
  return step(
    listPartitionReassignments,
    0,
    (world) => ({
      timeoutMs: 10_000,
      topics:
        topics?.map(({ name, partitions }) => ({ name: world.name(name), partitionIndexes: partitions })) ??
        null,
    }),
    READ,
  );
}

function quorum(choice: Choice): Step {
  const version = choice.version(describeQuorum);
  const topics = places(choice).map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((index) => ({ partitionIndex: index })),
  }));
  return step(
    describeQuorum,
    version,
    (world) => ({
      topics: topics.map(({ name, partitions }) => ({ topicName: world.name(name), partitions })),
    }),
    READ,
  );
}

function features(choice: Choice): Step {
  const version = choice.version(updateFeatures, 1);
  const featureUpdates = choice.several(choice.mostly(1, 0), 2, () => {
    const upgradeType = choice.mostly(1, 0, 2, 3, 4);
    // The embedded broker keeps its levels: one that Apache Kafka would lower is not asked for.
    const lowered = upgradeType === 2 || upgradeType === 3 ? 99 : 0;
    return {
      feature: choice.pick("group.version", "no.such.feature", "", "group.version"),
      maxVersionLevel: choice.pick(1, lowered, -1, 99),
      upgradeType,
    };
  });
  // Feature levels hold for all runs.
  return step(updateFeatures, version, () => ({ featureUpdates, timeoutMs: 10_000, validateOnly: true }));
}

function resources(choice: Choice): Step {
  const version = choice.version(listConfigResources);
  const resourceTypes = choice.several(0, choice.mostly(0, 2), () => choice.pick(2, 32, 16, 0, 1, 3));
  return step(listConfigResources, version, () => ({ resourceTypes }), { isListing: true });
}

export const clusterSteps = [
  coordinator,
  versions,
  cluster,
  folders,
  move,
  elect,
  reassign,
  reassignments,
  quorum,
  features,
  resources,
] as const;
