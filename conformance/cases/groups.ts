import { deleteGroups } from "../../packages/broker/src/protocol/messages/delete-groups.ts";
import { describeGroups } from "../../packages/broker/src/protocol/messages/describe-groups.ts";
import { heartbeat } from "../../packages/broker/src/protocol/messages/heartbeat.ts";
import { joinGroup } from "../../packages/broker/src/protocol/messages/join-group.ts";
import { leaveGroup } from "../../packages/broker/src/protocol/messages/leave-group.ts";
import { listGroups } from "../../packages/broker/src/protocol/messages/list-groups.ts";
import { syncGroup } from "../../packages/broker/src/protocol/messages/sync-group.ts";
import { Member, stableMember } from "../member.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const PROTOCOLS = [{ name: "range", metadata: Buffer.from("range") }];

function joining(groupId: string, fields: Readonly<Record<string, unknown>> = {}) {
  const base = { groupId, sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, memberId: "" };
  return { ...base, protocolType: "consumer", protocols: PROTOCOLS, ...fields };
}

export const groupCases = [
  ...area("groups", {
    "one member's life at the oldest versions": async (session, groupId) => {
      const joined = await session.send(joinGroup, 0, joining(groupId));
      const { memberId, generationId } = joined;
      const assignments = [{ memberId, assignment: Buffer.from("mine") }];
      await session.send(syncGroup, 0, { groupId, generationId, memberId, assignments });
      await session.send(heartbeat, 0, { groupId, generationId, memberId });
      await session.send(describeGroups, 0, { groups: [groupId] });
      await session.send(leaveGroup, 0, { groupId, memberId, members: [] });
      await session.send(describeGroups, 0, { groups: [groupId] }, "empty");
      await session.send(deleteGroups, 0, { groupsNames: [groupId] });
    },
    "one member's life at the newest versions": async (session, groupId) => {
      const { memberId } = await session.send(joinGroup, 9, joining(groupId), "told its id");
      const { generationId } = await session.send(joinGroup, 9, joining(groupId, { memberId }));
      const assignments = [{ memberId, assignment: Buffer.from("mine") }];
      const protocol = { protocolType: "consumer", protocolName: "range" };
      await session.send(syncGroup, 5, { groupId, generationId, memberId, ...protocol, assignments });
      await session.send(heartbeat, 4, { groupId, generationId, memberId });
      await session.send(describeGroups, 6, { groups: [groupId], includeAuthorizedOperations: true });
      await session.send(leaveGroup, 5, { groupId, members: [{ memberId }] });
      await session.send(heartbeat, 4, { groupId, generationId, memberId }, "after leaving");
      await session.send(describeGroups, 6, { groups: [groupId] }, "empty");
      await session.send(deleteGroups, 2, { groupsNames: [groupId] });
      await session.send(describeGroups, 6, { groups: [groupId] }, "deleted");
    },
    "joins that cannot be": async (session, groupId) => {
      const attempt = (step: string, fields: Readonly<Record<string, unknown>>, name = groupId) =>
        session.attempt(joinGroup, 5, joining(name, fields), step);
      await attempt("no group", {}, "");
      await attempt("a member that is not there", { memberId: "nobody" });
      await attempt("too short a session", { sessionTimeoutMs: 1 });
      await attempt("too long a session", { sessionTimeoutMs: 2 ** 31 - 1 });
      await attempt("no protocols", { protocols: [] });
      await attempt("no type", { protocolType: "" });
      const member = await stableMember(session, groupId);
      await attempt("another type", { protocolType: "connect" });
      await attempt("another protocol", { protocols: [{ name: "sticky", metadata: Buffer.alloc(0) }] });
      await attempt("a stranger", { memberId: "nobody" });
      await attempt("an instance that is not there", {
        memberId: member.memberId,
        groupInstanceId: "nobody",
      });
      session.note("heartbeat", await member.beat());
    },
    "nulls and empties at version 9": async (session, groupId) => {
      await session.attempt(joinGroup, 9, joining(groupId, { memberId: "nobody" }), "unknown member");
      await session.attempt(joinGroup, 9, joining(groupId, { protocols: [] }), "no protocols");
      await session.attempt(joinGroup, 9, joining("", {}), "no group");
    },
    "who is not a member": async (session, groupId) => {
      const member = await stableMember(session, groupId);
      for (const version of [0, 4]) {
        const ask = (step: string, fields: Readonly<Record<string, unknown>>) =>
          session.attempt(heartbeat, version, { ...member.identity, ...fields }, `${step}, ${version}`);
        await ask("right", {});
        await ask("stranger", { memberId: "nobody" });
        await ask("no name", { memberId: "" });
        await ask("old generation", { generationId: 0 });
        await ask("future generation", { generationId: 99 });
        await ask("generation -1", { generationId: -1 });
        await ask("unknown group", { groupId: `${groupId}-unknown` });
        await ask("no group", { groupId: "" });
      }
      const assignments: { memberId: string; assignment: Buffer }[] = [];
      const sync = (step: string, fields: Readonly<Record<string, unknown>>) =>
        session.attempt(
          syncGroup,
          5,
          { ...member.identity, protocolType: "consumer", protocolName: "range", assignments, ...fields },
          step,
        );
      await sync("sync again", {});
      await sync("sync of a stranger", { memberId: "nobody" });
      await sync("sync of an old generation", { generationId: 0 });
      await sync("sync with another type", { protocolType: "connect" });
      await sync("sync with another protocol", { protocolName: "sticky" });
      await sync("sync without a protocol", { protocolName: null });
      await sync("sync without a type", { protocolType: null });
      await sync("sync of an unknown group", { groupId: `${groupId}-unknown` });
      await sync("sync of no group", { groupId: "" });
    },
    leaving: async (session, groupId) => {
      const member = await stableMember(session, groupId);
      const leave = (
        step: string,
        name: string,
        ...members: { memberId: string; groupInstanceId?: string }[]
      ) => session.attempt(leaveGroup, 4, { groupId: name, members }, step);
      await leave("a stranger", groupId, { memberId: "nobody" });
      await leave("an unknown group", `${groupId}-unknown`, { memberId: "nobody" });
      await leave("no group", "", { memberId: "nobody" });
      await leave("nobody at all", groupId);
      await leave("an unknown instance", groupId, { memberId: "", groupInstanceId: "nobody" });
      await leave("one of two", groupId, { memberId: "nobody" }, { memberId: member.memberId });
      for (const version of [0, 2]) {
        await session.attempt(
          leaveGroup,
          version,
          { groupId, memberId: "nobody", members: [] },
          `a stranger ${version}`,
        );
        await session.attempt(
          leaveGroup,
          version,
          { groupId: "none", memberId: "x", members: [] },
          `unknown group ${version}`,
        );
      }
    },
    "two members and a rebalance": async (session, groupId) => {
      const first = await stableMember(session, groupId, { protocols: ["range", "sticky"] });
      const second = new Member(session, groupId, { protocols: ["range"] });
      const secondJoins = second.join();
      await first.untilRebalance();
      await session.send(describeGroups, 5, { groups: [groupId] }, "while it is prepared");
      session.note("sync too early", await first.sync());
      const [led, followed] = await Promise.all([first.join(), secondJoins]);
      session.note("leader", {
        ...led,
        members: led.members.map(({ metadata }) => metadata.toString()).sort(),
      });
      session.note("follower", followed);
      session.note("heartbeat before the assignment", await second.beat());
      const waiting = second.sync();
      session.note(
        "leader's part",
        await first.sync([
          [first.memberId, "one"],
          [second.memberId, "two"],
        ]),
      );
      session.note("follower's part", await waiting);
      session.note("heartbeats", [await first.beat(), await second.beat()]);
      await session.ask(leaveGroup, 4, { groupId, members: [{ memberId: first.memberId }] });
      await second.untilRebalance();
      const alone = await second.join();
      session.note("leader of what is left", alone);
      session.note("its part", await second.sync([[second.memberId, "all"]]));
    },
    "a first member beside one that has only been told its id": async (session, groupId) => {
      // Longer than an answer is waited for: a broker that waits for the other one fails here.
      const patient = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 };
      await session.send(joinGroup, 9, joining(groupId, patient), "told its id");
      const { memberId } = await session.send(
        joinGroup,
        9,
        joining(groupId, patient),
        "the other is told its id",
      );
      await session.send(joinGroup, 9, joining(groupId, { ...patient, memberId }), "and joins");
    },
    "a follower joins again": async (session, groupId) => {
      const first = await stableMember(session, groupId);
      const second = new Member(session, groupId);
      const secondJoins = second.join();
      await first.untilRebalance();
      await Promise.all([first.join(), secondJoins]);
      const waiting = second.sync();
      await first.sync([
        [first.memberId, "one"],
        [second.memberId, "two"],
      ]);
      await waiting;
      session.note("nothing has changed", await second.join());
      session.note("and it goes on", await first.beat());
      const leads = first.join();
      await second.untilRebalance();
      const [led] = await Promise.all([leads, second.join()]);
      session.note("the leader joins again", led.generationId);
    },
    "static members": async (session, groupId) => {
      const first = await stableMember(session, groupId, { instanceId: "i-1" });
      await session.send(describeGroups, 5, { groups: [groupId] });
      const again = new Member(session, groupId, { instanceId: "i-1" });
      session.note("comes back", await again.join());
      session.note("its part", await again.sync());
      session.note("the former one beats", await first.beat());
      session.note("the former one syncs", await first.sync());
      await session.attempt(
        joinGroup,
        9,
        joining(groupId, { memberId: first.memberId, groupInstanceId: "i-1" }),
        "the former one joins",
      );
      await session.attempt(
        leaveGroup,
        4,
        { groupId, members: [{ memberId: first.memberId, groupInstanceId: "i-1" }] },
        "the former one leaves",
      );
      await session.attempt(
        leaveGroup,
        4,
        { groupId, members: [{ memberId: "", groupInstanceId: "i-1" }] },
        "taken out by its name",
      );
    },
    "an instance is taken out while it waits for the others": async (session, groupId) => {
      const first = await stableMember(session, groupId);
      const second = new Member(session, groupId, { instanceId: "i-2" });
      const waiting = second.join();
      await first.untilRebalance();
      const members = [{ memberId: "", groupInstanceId: "i-2" }];
      await session.send(leaveGroup, 4, { groupId, members }, "taken out by its name");
      session.note("what it is told", await waiting);
    },
    "a static member comes back to an old version": async (session, groupId) => {
      await stableMember(session, groupId, { instanceId: "i-1", version: 5 });
      const again = new Member(session, groupId, { instanceId: "i-1", version: 5 });
      session.note("comes back", await again.join());
    },
    listed: async (session, groupId) => {
      await stableMember(session, groupId);
      for (const [version, filters] of [
        [0, {}],
        [5, {}],
        [4, { statesFilter: ["Stable"] }],
        [4, { statesFilter: ["stable", "Empty"] }],
        [4, { statesFilter: ["Nonsense"] }],
        [4, { statesFilter: ["Dead"] }],
        [5, { typesFilter: ["classic"] }],
        [5, { typesFilter: ["Classic"] }],
        [5, { typesFilter: ["consumer"] }],
        [5, { typesFilter: ["nonsense"] }],
      ] as const) {
        const answer = await session.ask(listGroups, version, filters);
        const own = answer.groups.filter((group) => group.groupId === groupId);
        session.note(`${version} ${JSON.stringify(filters)}`, { ...answer, groups: own });
      }
    },
    "described and deleted": async (session, groupId) => {
      await stableMember(session, groupId);
      for (const version of versionEnds(describeGroups)) {
        await session.send(
          describeGroups,
          version,
          { groups: [`${groupId}-unknown`, ""] },
          `unknown ${version}`,
        );
      }
      await session.send(describeGroups, 5, { groups: [] }, "nothing");
      await session.send(describeGroups, 5, { groups: [groupId, groupId] }, "twice");
      for (const version of versionEnds(deleteGroups)) {
        const groupsNames = [groupId, `${groupId}-unknown`, ""];
        await session.send(deleteGroups, version, { groupsNames });
      }
      await session.send(deleteGroups, 2, { groupsNames: [] }, "delete nothing");
    },
  }),
];
