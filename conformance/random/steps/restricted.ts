import { createAcls } from "../../../packages/broker/src/protocol/messages/create-acls.ts";
import { Operation, Pattern, Permission, Resource } from "../../acls.ts";
import { USER } from "../../side.ts";
import type { Choice } from "../choice.ts";
import { anyGroup, knownTopic, transactionalId } from "../pool.ts";
import { type Maker, type Step, step } from "../step.ts";
import { classicGroupSteps } from "./classic-groups.ts";
import { consumerGroupSteps } from "./consumer-groups.ts";
import { logSteps } from "./log.ts";
import { offsetSteps } from "./offsets.ts";
import { settingSteps } from "./settings.ts";
import { topicSteps } from "./topics.ts";
import { transactionSteps } from "./transactions.ts";

/** What an entry is about: a thing of this run, or all things of this run whose names begin alike. */
function subject(choice: Choice) {
  const resourceType = choice.pick(Resource.TOPIC, Resource.TOPIC, Resource.GROUP, Resource.TRANSACTIONAL_ID);
  const names = {
    [Resource.TOPIC]: knownTopic(choice),
    [Resource.GROUP]: anyGroup(choice) || "g1",
    [Resource.TRANSACTIONAL_ID]: transactionalId(choice) || "x1",
  };
  const isPrefix = choice.chance(0.25);
  const name = isPrefix ? names[resourceType].slice(0, 1) : names[resourceType];
  return { resourceType, name, resourcePatternType: isPrefix ? Pattern.PREFIXED : Pattern.LITERAL };
}

/** Gives the user a right, or takes one away. */
function rule(choice: Choice): Step {
  const { ALL, READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS } = Operation;
  const creations = choice.several(1, 2, () => ({
    ...subject(choice),
    principal: choice.mostly(`User:${USER.name}`, "User:*", "User:other"),
    host: choice.mostly("*", "127.0.0.1", "10.0.0.1"),
    operation: choice.pick(
      ...([READ, WRITE, DESCRIBE, READ, WRITE, ALL, CREATE, DELETE, ALTER] as const),
      ...([DESCRIBE_CONFIGS, ALTER_CONFIGS] as const),
    ),
    permissionType: choice.pick(Permission.ALLOW, Permission.DENY),
  }));
  return step(
    createAcls,
    3,
    (world) => ({
      creations: creations.map(({ name, ...rest }) => ({ ...rest, resourceName: world.name(name) })),
    }),
    { background: { kind: "metadata" } },
  );
}

function ofUser(make: Maker): Maker {
  return (choice) => ({ ...make(choice), isOfUser: true });
}

/** What a user may do, and what not; much of what the others do is needed for it. */
function restricted(steps: readonly Maker[]): readonly [Maker, ...Maker[]] {
  return [rule, ...steps.flatMap((make) => [ofUser(make), ofUser(make), make])];
}

export const restrictedLogSteps = restricted([rule, ...logSteps]);
export const restrictedGroupSteps = restricted([rule, ...classicGroupSteps, ...offsetSteps]);
export const restrictedConsumerGroupSteps = restricted([rule, ...consumerGroupSteps, ...offsetSteps]);
export const restrictedTransactionSteps = restricted([rule, ...transactionSteps]);
export const restrictedTopicSteps = restricted([rule, ...topicSteps, ...settingSteps]);
