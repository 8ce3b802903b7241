import { setTimeout as delay } from "node:timers/promises";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { describeConfigs } from "../../packages/broker/src/protocol/messages/describe-configs.ts";
import { describeGroups } from "../../packages/broker/src/protocol/messages/describe-groups.ts";
import { describeTransactions } from "../../packages/broker/src/protocol/messages/describe-transactions.ts";
import { incrementalAlterConfigs } from "../../packages/broker/src/protocol/messages/incremental-alter-configs.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import type { Player } from "./player.ts";
import type { Background } from "./step.ts";

const TOPIC = 2;
/** Named so that it stands before the topics of all runs where topics are told in the order of their names. */
const MARK = { topic: `calm-${process.pid}`, setting: "retention.ms" } as const;
const POLL_MS = 3;
const POLLS = 2000;
const TIMER_POLLS = 100;
let marks = 1_000_000;

/** Creates the topic whose setting shows how far the broker has followed its metadata. */
export async function prepareCalm(player: Player): Promise<void> {
  const topic = { name: MARK.topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const { topics } = await player.ask(createTopics, 7, { topics: [topic] });
  if (topics[0]?.errorCode !== 0)
    throw new Error(`cannot create ${MARK.topic}: error ${topics[0]?.errorCode}`);
  await untilMarked(player);
}

/** Resolves when the broker has done in the background what it answered for. */
export async function untilCalm(player: Player, background: Background): Promise<void> {
  if (background.kind === "group") return untilGroupsAreSeen(player);
  if (background.kind === "leave") return untilEmpty(player, background.group);
  if (background.kind === "transaction") return untilEnded(player, background.transactionalId);
  // The first mark is seen when the change before it is known; the second when everybody in the broker has it.
  await untilMarked(player);
  await untilMarked(player);
}

/** Apache Kafka applies changes of its metadata one after another: what came before a mark is there when it is. */
async function untilMarked(player: Player): Promise<void> {
  const value = String(++marks);
  const resource = { resourceType: TOPIC, resourceName: MARK.topic };
  const configs = [{ name: MARK.setting, value, configOperation: 0 }];
  await player.ask(incrementalAlterConfigs, 1, {
    resources: [{ ...resource, configs }],
    validateOnly: false,
  });
  await until(`${player.name} does not follow its metadata`, async () => {
    const resources = [{ ...resource, configurationKeys: [MARK.setting] }];
    const { results } = await player.ask(describeConfigs, 4, { resources });
    return results[0]?.configs[0]?.value === value;
  });
}

/** A group that comes into being without a record is seen by Apache Kafka's lists from the next record on. */
async function untilGroupsAreSeen(player: Player): Promise<void> {
  const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
  const topics = [{ name: MARK.topic, partitions: [partition] }];
  await player.ask(offsetCommit, 9, { groupId: MARK.topic, memberId: "", topics });
}

/**
 * A group whose last member has left waits for whoever has only an id: for no time, but by a timer. In a rebalance that
 * had begun before it waits for as long as that one lasts; then there is nothing to wait for here.
 */
async function untilEmpty(player: Player, group: string): Promise<void> {
  await reached(TIMER_POLLS, async () => {
    const { groups } = await player.ask(describeGroups, 5, { groups: [player.world.name(group)] });
    return groups[0]?.groupState !== "PreparingRebalance" || groups[0].members.length > 0;
  });
}

async function untilEnded(player: Player, id: string): Promise<void> {
  await until(`${player.name} does not end a transaction`, async () => {
    const transactionalIds = [player.world.name(id)];
    const { transactionStates } = await player.ask(describeTransactions, 0, { transactionalIds });
    return transactionStates[0]?.transactionState.startsWith("Prepare") !== true;
  });
}

async function until(failure: string, isDone: () => Promise<boolean>): Promise<void> {
  if (!(await reached(POLLS, isDone))) throw new Error(failure);
}

async function reached(polls: number, isDone: () => Promise<boolean>): Promise<boolean> {
  for (let poll = 0; poll < polls; poll++) {
    if (await isDone()) return true;
    await delay(POLL_MS);
  }
  return false;
}
