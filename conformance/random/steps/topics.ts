import { createPartitions } from "../../../packages/broker/src/protocol/messages/create-partitions.ts";
import { createTopics } from "../../../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteTopics } from "../../../packages/broker/src/protocol/messages/delete-topics.ts";
import { describeTopicPartitions } from "../../../packages/broker/src/protocol/messages/describe-topic-partitions.ts";
import { metadata } from "../../../packages/broker/src/protocol/messages/metadata.ts";
import type { Decoded } from "../../../packages/broker/src/protocol/schema.ts";
import type { Choice } from "../choice.ts";
import { knownTopic, partitionIndex, topicName } from "../pool.ts";
import { type Step, step } from "../step.ts";
import { topicSetting } from "./settings.ts";

const METADATA = { kind: "metadata" } as const;
const UNKNOWN_ID = "AAAAAAAAAAAAAAAAAAAAAQ";

function layout(choice: Choice) {
  if (choice.chance(0.8)) {
    const numPartitions = choice.mostly(choice.pick(1, 2, 3), -1, 0, -2);
    return { numPartitions, replicationFactor: choice.mostly(1, -1, 0, 2, -2), assignments: [] };
  }
  const numPartitions = choice.mostly(-1, 1);
  const assignments = choice.pick(
    [{ partitionIndex: 0, brokerIds: [1] }],
    [
      { partitionIndex: 0, brokerIds: [1] },
      { partitionIndex: 1, brokerIds: [1] },
    ],
    [{ partitionIndex: 1, brokerIds: [1] }],
    [{ partitionIndex: 0, brokerIds: [2] }],
    [{ partitionIndex: 0, brokerIds: [1, 1] }],
    [{ partitionIndex: 0, brokerIds: [] }],
    [
      { partitionIndex: 0, brokerIds: [1] },
      { partitionIndex: 0, brokerIds: [1] },
    ],
  );
  return { numPartitions, replicationFactor: choice.mostly(-1, 1), assignments };
}

/** A sound topic, without which the other steps have nothing to do. */
export function creation(name: string, choice: Choice): Step {
  const numPartitions = name === "t1" ? 1 : 3;
  const configs = choice.mostly([], [{ name: "cleanup.policy", value: "compact" }]);
  return step(
    createTopics,
    7,
    (world) => ({
      topics: [{ name: world.name(name), numPartitions, replicationFactor: 1, assignments: [], configs }],
    }),
    { background: METADATA, learn: ({ topics }, world) => learnTopics(topics, world) },
  );
}

function learnTopics(
  topics: readonly { readonly name: string; readonly topicId: string }[],
  world: { learnTopic(name: string, topicId: string): void },
): void {
  for (const { name, topicId } of topics) world.learnTopic(name, topicId);
}

function create(choice: Choice): Step {
  const version = choice.version(createTopics);
  const topics = choice.several(choice.mostly(1, 0), 2, () => ({
    name: topicName(choice),
    ...layout(choice),
    configs: choice.several(0, choice.mostly(0, 2), () => topicSetting(choice)),
  }));
  const validateOnly = choice.mostly(false, true);
  return step(
    createTopics,
    version,
    (world) => ({
      topics: topics.map(({ name, ...rest }) => ({ name: world.name(name), ...rest })),
      validateOnly,
      timeoutMs: 30_000,
    }),
    { background: METADATA, learn: (answer, world) => learnTopics(answer.topics, world) },
  );
}

function remove(choice: Choice): Step {
  const version = choice.version(deleteTopics);
  const names = choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => topicName(choice));
  const form = choice.pick("name", "name", "id", "both", "neither", "unknown id");
  return step(
    deleteTopics,
    version,
    (world) => ({
      topicNames: names.map((name) => world.name(name)),
      topics: names.map((name) => ({
        name: form === "name" || form === "both" ? world.name(name) : null,
        ...(form === "id" || form === "both" ? { topicId: world.topicId(name) } : {}),
        ...(form === "unknown id" ? { topicId: UNKNOWN_ID } : {}),
      })),
      timeoutMs: 30_000,
    }),
    { background: METADATA },
  );
}

function grow(choice: Choice): Step {
  const version = choice.version(createPartitions);
  const topics = choice.several(1, choice.mostly(1, 2), () => ({
    name: topicName(choice),
    count: choice.pick(1, 2, 3, 4, 4, 5, 0, -1),
    assignments: choice.mostly(null, [], [{ brokerIds: [1] }], [{ brokerIds: [2] }], [{ brokerIds: [] }]),
  }));
  const validateOnly = choice.mostly(false, true);
  return step(
    createPartitions,
    version,
    (world) => ({
      topics: topics.map(({ name, ...rest }) => ({ name: world.name(name), ...rest })),
      validateOnly,
      timeoutMs: 30_000,
    }),
    { background: METADATA },
  );
}

function look(choice: Choice): Step {
  // Before version 4 a look creates topics, in the background.
  const version = choice.version(metadata, 4);
  const form = choice.pick("names", "names", "ids", "all", "none", "unknown id", "both");
  const names = choice.several(1, 2, () => topicName(choice));
  const includeTopicAuthorizedOperations = choice.mostly(false, true);
  return step(
    metadata,
    version,
    (world) => {
      const named = names.map((name) => ({ name: world.name(name) }));
      const byId = names.map((name) => ({ name: null, topicId: world.topicId(name) }));
      const both = names.map((name) => ({ name: world.name(name), topicId: world.topicId(name) }));
      const topics = {
        names: named,
        ids: version >= 12 ? byId : named,
        all: null,
        none: [],
        both: version >= 10 ? both : named,
        "unknown id": version >= 12 ? [{ name: null, topicId: UNKNOWN_ID }] : named,
      }[form];
      return { topics, allowAutoTopicCreation: false, includeTopicAuthorizedOperations };
    },
    form === "all" ? { isListing: true } : { isRead: true, learn: learnFound },
  );
}

/** Asks for topics that are made if they are not there. */
function summon(choice: Choice): Step {
  const version = choice.version(metadata, 4);
  const names = choice.several(1, choice.mostly(1, 2), () => topicName(choice));
  return step(
    metadata,
    version,
    (world) => ({
      topics: names.map((name) => ({ name: world.name(name) })),
      allowAutoTopicCreation: true,
      includeTopicAuthorizedOperations: false,
    }),
    { background: METADATA, learn: learnFound },
  );
}

function learnFound(
  { topics }: Decoded<(typeof metadata)["response"]>,
  world: { learnTopic(name: string, topicId: string): void },
): void {
  for (const { name, topicId } of topics) if (name !== null) world.learnTopic(name, topicId);
}

function pages(choice: Choice): Step {
  const names = choice.several(choice.mostly(1, 0), 3, () => topicName(choice));
  const responsePartitionLimit = choice.pick(2000, 1, 2, 3, 0, -1);
  // Without names it tells of all topics: those of this run are behind a place in its names.
  const cursorName = names.length === 0 ? knownTopic(choice) : topicName(choice);
  const index = partitionIndex(choice);
  const hasCursor = choice.chance(0.4) || names.length === 0;
  return step(
    describeTopicPartitions,
    0,
    (world) => ({
      topics: names.map((name) => ({ name: world.name(name) })),
      responsePartitionLimit,
      cursor: hasCursor ? { topicName: world.name(cursorName), partitionIndex: index } : null,
    }),
    { isRead: true },
  );
}

export const topicSteps = [create, create, summon, remove, grow, look, look, pages] as const;
