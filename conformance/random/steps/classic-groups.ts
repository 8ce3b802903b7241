import { encodeAssignment } from "../../../packages/broker/src/groups/consumer-protocol.ts";
import { heartbeat } from "../../../packages/broker/src/protocol/messages/heartbeat.ts";
import { joinGroup } from "../../../packages/broker/src/protocol/messages/join-group.ts";
import { leaveGroup } from "../../../packages/broker/src/protocol/messages/leave-group.ts";
import { syncGroup } from "../../../packages/broker/src/protocol/messages/sync-group.ts";
import type { Choice } from "../choice.ts";
import { classicGroup, instanceOf, memberName, near } from "../pool.ts";
import { type Step, step } from "../step.ts";
import type { World } from "../world.ts";

const MEMBER_ID_REQUIRED = 79;
/** Longer than any run, so that nothing happens by itself. */
const TIMEOUT_MS = 600_000;

/** ConsumerProtocolSubscription, version 0, of one topic. */
function subscription(topic: string): Buffer {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(8);
  head.writeInt32BE(1, 2);
  head.writeInt16BE(name.length, 6);
  return Buffer.concat([head, name, Buffer.from([255, 255, 255, 255])]);
}

/** One partition, and whom it is meant for in the place of another topic. */
function assignment(topic: string, partition: number, label: string): Buffer {
  return encodeAssignment(0, [
    { topic, partitions: [partition] },
    { topic: label, partitions: [] },
  ]);
}

export function classicMemberId(choice: Choice, group: string, member: string): (world: World) => string {
  const form = choice.mostly("own", "none", "unknown");
  return (world) => (form === "own" ? world.member(group, member).memberId : form === "none" ? "" : "nobody");
}

function join(choice: Choice): Step {
  const version = choice.version(joinGroup);
  const group = classicGroup(choice);
  const member = memberName(choice);
  const memberId = classicMemberId(choice, group, member);
  const groupInstanceId = instanceOf(choice, member);
  const names = choice.mostly(["range"], ["range", "roundrobin"], ["other"], []);
  const topic = choice.pick("t1", "t2");
  const isSubscribed = choice.mostly(true, false);
  const fields = {
    sessionTimeoutMs: choice.mostly(TIMEOUT_MS, 5999, 1_800_001, 0),
    rebalanceTimeoutMs: TIMEOUT_MS,
    protocolType: choice.mostly("consumer", "connect", ""),
  };
  return step(
    joinGroup,
    version,
    (world) => {
      const metadata = isSubscribed ? subscription(world.name(topic)) : Buffer.from("raw");
      const protocols = names.map((name) => ({ name, metadata }));
      return { ...fields, groupId: world.name(group), memberId: memberId(world), groupInstanceId, protocols };
    },
    {
      background: { kind: "group" },
      learn: ({ errorCode, ...answer }, world) => {
        if (errorCode !== 0 && errorCode !== MEMBER_ID_REQUIRED) return;
        const known = world.member(group, member);
        known.memberId = answer.memberId;
        world.label(answer.memberId, `member ${group}/${member}`);
        if (errorCode !== 0) return;
        known.generation = answer.generationId;
        known.others = answer.members.map((other) => other.memberId);
      },
    },
  );
}

function sync(choice: Choice): Step {
  const version = choice.version(syncGroup);
  const group = classicGroup(choice);
  const member = memberName(choice);
  const memberId = classicMemberId(choice, group, member);
  const groupInstanceId = instanceOf(choice, member);
  const off = near(choice, 0);
  const protocolType = choice.mostly("consumer", "connect", null);
  const protocolName = choice.mostly("range", "roundrobin", null);
  const reach = choice.mostly("all", "none", "unknown");
  const topic = choice.pick("t1", "t2");
  return step(syncGroup, version, (world) => {
    const { generation, others } = world.member(group, member);
    const assignments = {
      all: others.map((id, index) => ({
        memberId: id,
        assignment: assignment(world.name(topic), index, world.labelOf(id) ?? "?"),
      })),
      none: [],
      unknown: [{ memberId: "nobody", assignment: Buffer.from("x") }],
    }[reach];
    return {
      groupId: world.name(group),
      generationId: generation + off,
      memberId: memberId(world),
      groupInstanceId,
      protocolType,
      protocolName,
      assignments,
    };
  });
}

function beat(choice: Choice): Step {
  const version = choice.version(heartbeat);
  const group = classicGroup(choice);
  const member = memberName(choice);
  const memberId = classicMemberId(choice, group, member);
  const groupInstanceId = instanceOf(choice, member);
  const off = near(choice, 0);
  return step(heartbeat, version, (world) => ({
    groupId: world.name(group),
    generationId: world.member(group, member).generation + off,
    memberId: memberId(world),
    groupInstanceId,
  }));
}

function leave(choice: Choice): Step {
  const version = choice.version(leaveGroup);
  const group = classicGroup(choice);
  const leaving = choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => {
    const member = memberName(choice);
    const memberId = classicMemberId(choice, group, member);
    return { memberId, groupInstanceId: instanceOf(choice, member) };
  });
  return step(
    leaveGroup,
    version,
    (world) => ({
      groupId: world.name(group),
      memberId: leaving[0]?.memberId(world) ?? "",
      members: leaving.map(({ memberId, groupInstanceId }) => ({
        memberId: memberId(world),
        groupInstanceId,
      })),
    }),
    { background: { kind: "leave", group } },
  );
}

export const classicGroupSteps = [join, join, join, join, sync, sync, beat, leave] as const;
