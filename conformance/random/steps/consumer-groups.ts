import { consumerGroupDescribe } from "../../../packages/broker/src/protocol/messages/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../../../packages/broker/src/protocol/messages/consumer-group-heartbeat.ts";
import type { Choice } from "../choice.ts";
import { anyGroup, consumerGroup, instanceOf, memberName, topicName } from "../pool.ts";
import { type Step, step } from "../step.ts";

const TIMEOUT_MS = 600_000;

function beat(choice: Choice): Step {
  const version = choice.version(consumerGroupHeartbeat);
  const group = consumerGroup(choice);
  const member = memberName(choice);
  const isJoining = choice.chance(0.45);
  const form = choice.mostly("own", "none", "unknown");
  const epoch = isJoining
    ? 0
    : choice.pick("own", "own", "own", "own", "leave", "leave", "instance", 1, 5, -3);
  const instanceId = instanceOf(choice, member);
  const topics = choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => topicName(choice));
  const subscribes = isJoining || choice.chance(0.2);
  const tellsOwned = choice.mostly(true, false);
  const serverAssignor = choice.mostly(null, "uniform", "range", "none", "");
  const rebalanceTimeoutMs = isJoining ? choice.mostly(TIMEOUT_MS, -1, 0) : choice.pick(-1, TIMEOUT_MS);
  return step(
    consumerGroupHeartbeat,
    version,
    (world) => {
      const known = world.member(group, member);
      const memberEpoch =
        epoch === "own" ? known.generation : epoch === "leave" ? -1 : epoch === "instance" ? -2 : epoch;
      const chosen = version === 0 ? known.memberId : member;
      return {
        groupId: world.name(group),
        memberId: form === "own" ? chosen : form === "none" ? "" : "nobody",
        memberEpoch,
        instanceId,
        rebalanceTimeoutMs,
        subscribedTopicNames: subscribes ? topics.map((name) => world.name(name)) : null,
        serverAssignor,
        topicPartitions: isJoining ? [] : tellsOwned ? known.owned : null,
      };
    },
    {
      learn: ({ errorCode, ...answer }, world) => {
        if (errorCode !== 0) return;
        const known = world.member(group, member);
        known.memberId = answer.memberId ?? "";
        world.label(known.memberId, `member ${group}/${member}`);
        known.generation = answer.memberEpoch;
        if (answer.assignment !== null) known.owned = answer.assignment.topicPartitions;
      },
    },
  );
}

function describe(choice: Choice): Step {
  const version = choice.version(consumerGroupDescribe);
  const groups = choice.several(choice.mostly(1, 0), 2, () => anyGroup(choice));
  const includeAuthorizedOperations = choice.mostly(false, true);
  return step(
    consumerGroupDescribe,
    version,
    (world) => ({ groupIds: groups.map((group) => world.name(group)), includeAuthorizedOperations }),
    { isRead: true },
  );
}

export const consumerGroupSteps = [beat, beat, beat, beat, describe] as const;
