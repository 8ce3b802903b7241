import { listGroups } from "../../../packages/broker/src/protocol/messages/list-groups.ts";
import { offsetFetch } from "../../../packages/broker/src/protocol/messages/offset-fetch.ts";
import type { GroupProtocol } from "../client.ts";
import type { Program } from "../program.ts";
import { expectSame, type Scenario, type Stage, valuesOf } from "./scenario.ts";

const PARTITIONS = 4;
const RECORDS = 100;

export const classicGroup: Scenario = groupScenario("classic", "group: join, leave, resume");
export const consumerGroup: Scenario = groupScenario("consumer", "the same, group.protocol=consumer");

function groupScenario(groupProtocol: GroupProtocol, title: string): Scenario {
  return {
    name: `${groupProtocol} group`,
    title,
    groupProtocol,
    suits: ({ groupProtocols }) => groupProtocols.includes(groupProtocol),
    run: (stage) => runGroup(stage, groupProtocol),
  };
}

/**
 * A member works alone, is joined by a second one that takes over half of the partitions, is alone again when that
 * one leaves, and leaves. A third one goes on where they stopped. Members report a record when they have committed
 * it, so that each record is reported once.
 */
async function runGroup(stage: Stage, protocol: GroupProtocol): Promise<void> {
  const [topic, group] = [stage.name("topic"), stage.name("group")];
  await stage.session.createTopic(topic, PARTITIONS);
  const join = (): Program => stage.start("member", { topic, group, protocol });
  const first = join();
  await first.until("all partitions", () => first.assigned.length === PARTITIONS);
  await produceAndSee(stage, topic, "alone", [first]);

  const second = join();
  const isShared = (): boolean => ownEachOnce([first, second]);
  await first.until("half of the partitions", () => first.assigned.length === PARTITIONS / 2);
  await second.until("the other half", isShared);
  await expectGroupType(stage, group, protocol);
  await produceAndSee(stage, topic, "shared", [first, second]);

  await second.stop();
  await first.until("all partitions again", () => first.assigned.length === PARTITIONS);
  await produceAndSee(stage, topic, "again", [first]);
  await first.stop();
  await expectCommitted(stage, group, topic, 3 * RECORDS);

  await stage.start("produce", { topic, codec: "none", prefix: "later", count: RECORDS }).done();
  const third = join();
  await third.until("what came in between", () => third.values.length >= RECORDS);
  await third.stop();
  expectSame(
    "resumed at the committed offsets",
    third.values.toSorted(),
    valuesOf("later", RECORDS).toSorted(),
  );
  await expectCommitted(stage, group, topic, 4 * RECORDS);
}

/** A client that is asked for the new protocol and speaks the old one would prove nothing. */
async function expectGroupType(stage: Stage, groupId: string, protocol: GroupProtocol): Promise<void> {
  const { groups } = await stage.session.ask(listGroups, 5, { statesFilter: [], typesFilter: [] });
  const type = groups.find((group) => group.groupId === groupId)?.groupType.toLowerCase();
  if (type !== protocol) throw new Error(`the group is of type ${type}`);
}

function ownEachOnce(members: readonly Program[]): boolean {
  const owned = members.flatMap(({ assigned }) => assigned);
  return owned.length === PARTITIONS && new Set(owned).size === PARTITIONS;
}

async function produceAndSee(
  stage: Stage,
  topic: string,
  prefix: string,
  members: readonly Program[],
): Promise<void> {
  await stage.start("produce", { topic, codec: "none", prefix, count: RECORDS }).done();
  const seen = (): string[] =>
    members.flatMap(({ values }) => values.filter((value) => value.startsWith(`${prefix}-`)));
  // The last one to see something may be any of them.
  await Promise.race(
    members.map((member) => member.until(`${prefix} records`, () => seen().length >= RECORDS)),
  );
  expectSame(`records while ${prefix}`, seen().toSorted(), valuesOf(prefix, RECORDS).toSorted());
}

async function expectCommitted(
  stage: Stage,
  groupId: string,
  topic: string,
  expected: number,
): Promise<void> {
  const partitionIndexes = Array.from({ length: PARTITIONS }, (_, index) => index);
  const groups = [{ groupId, topics: [{ name: topic, partitionIndexes }] }];
  const answer = await stage.session.ask(offsetFetch, 8, { groups, requireStable: true });
  const offsets = answer.groups[0]?.topics[0]?.partitions.map(({ committedOffset }) =>
    Number(committedOffset),
  );
  const sum = offsets?.reduce((total, offset) => total + Math.max(0, offset), 0);
  if (sum !== expected) throw new Error(`${sum} records are committed (${offsets}), not ${expected}`);
}
