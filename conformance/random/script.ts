import { Choice } from "./choice.ts";
import type { Maker, Step } from "./step.ts";
import { classicGroupSteps } from "./steps/classic-groups.ts";
import { clusterSteps } from "./steps/cluster.ts";
import { consumerGroupSteps } from "./steps/consumer-groups.ts";
import { logSteps } from "./steps/log.ts";
import { offsetSteps } from "./steps/offsets.ts";
import {
  restrictedConsumerGroupSteps,
  restrictedGroupSteps,
  restrictedLogSteps,
  restrictedTopicSteps,
  restrictedTransactionSteps,
} from "./steps/restricted.ts";
import { settingSteps } from "./steps/settings.ts";
import { creation, topicSteps } from "./steps/topics.ts";
import { transactionSteps } from "./steps/transactions.ts";
import { userSteps } from "./steps/users.ts";

/** What runs are about: a run keeps to a few things, so that its steps meet. */
const THEMES: readonly [Theme, ...Theme[]] = [
  [logSteps, logSteps, topicSteps],
  [classicGroupSteps, classicGroupSteps, offsetSteps],
  [consumerGroupSteps, consumerGroupSteps, offsetSteps, topicSteps],
  [consumerGroupSteps, classicGroupSteps, offsetSteps],
  [transactionSteps, transactionSteps, transactionSteps, logSteps, topicSteps],
  [transactionSteps, transactionSteps, offsetSteps, classicGroupSteps],
  [topicSteps, topicSteps, settingSteps, clusterSteps],
  [settingSteps, logSteps],
  [userSteps],
  [clusterSteps, userSteps, topicSteps, offsetSteps, settingSteps],
  [restrictedLogSteps, restrictedTopicSteps],
  [restrictedGroupSteps, restrictedConsumerGroupSteps],
  [restrictedTransactionSteps, restrictedTransactionSteps, restrictedLogSteps],
];

type Theme = readonly (readonly [Maker, ...Maker[]])[];

/** The first steps of every run make the topics that the others are about. */
const FIRST = ["t1", "t2"] as const;

/** The step of a run that comes at a place: it depends on nothing but the seed and the place. */
export function stepAt(seed: number, index: number): Step {
  const choice = new Choice(seed, index);
  const first = FIRST[index];
  if (first !== undefined) return creation(first, choice);
  const theme = new Choice(seed, -1).pick(...THEMES);
  const [some = topicSteps] = theme;
  return choice.pick(...choice.pick(some, ...theme))(choice);
}
