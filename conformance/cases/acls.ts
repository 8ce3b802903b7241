import { addOffsetsToTxn } from "../../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { consumerGroupDescribe } from "../../packages/broker/src/protocol/messages/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../../packages/broker/src/protocol/messages/consumer-group-heartbeat.ts";
import { createAcls } from "../../packages/broker/src/protocol/messages/create-acls.ts";
import { createTopics } from "../../packages/broker/src/protocol/messages/create-topics.ts";
import { deleteAcls } from "../../packages/broker/src/protocol/messages/delete-acls.ts";
import { deleteTopics } from "../../packages/broker/src/protocol/messages/delete-topics.ts";
import { describeAcls } from "../../packages/broker/src/protocol/messages/describe-acls.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { offsetCommit } from "../../packages/broker/src/protocol/messages/offset-commit.ts";
import { txnOffsetCommit } from "../../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import {
  CLUSTER,
  EVERYTHING,
  entry,
  loggedIn,
  Operation,
  Pattern,
  Permission,
  Resource,
  withEntries,
} from "../acls.ts";
import { createAssignableTopic } from "../consumer-member.ts";
import {
  clusterRequests,
  creation,
  groupRequests,
  topicRequests,
  transactionRequests,
} from "../guarded-requests.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

const topicEntry = (resourceName: string, fields: object = {}) =>
  ({ resourceType: Resource.TOPIC, resourceName, ...fields }) as const;

export const aclCases = [
  ...area("acls", {
    "made, shown and taken away at both ends": async (session, name) => {
      for (const version of versionEnds(createAcls)) {
        const creations = [
          entry(topicEntry(`${name}-a`)),
          entry(topicEntry(`${name}-`, { resourcePatternType: Pattern.PREFIXED, operation: Operation.READ })),
          entry(topicEntry(`${name}-a`, { permissionType: Permission.ALLOW, host: "10.0.0.1" })),
          entry({ resourceType: Resource.CLUSTER, resourceName: CLUSTER, principal: "User:nobody" }),
        ];
        await session.send(createAcls, version, { creations });
        await session.send(createAcls, version, { creations: creations.slice(0, 1) }, "once more");
        const isComplete = ({ resources }: { resources: { acls: unknown[] }[] }): boolean =>
          resources.reduce((sum, { acls }) => sum + acls.length, 0) === creations.length;
        await session.sendUntil(describeAcls, version, EVERYTHING, isComplete, `all ${version}`);
        const look = (step: string, fields: object) =>
          session.send(describeAcls, version, { ...EVERYTHING, ...fields }, step);
        await look("by name", { resourceNameFilter: `${name}-a` });
        const matching = { resourceTypeFilter: Resource.TOPIC, patternTypeFilter: Pattern.MATCH };
        await look("what matches", { ...matching, resourceNameFilter: `${name}-a` });
        await look("what matches another", { ...matching, resourceNameFilter: `${name}-b` });
        await look("prefixes", { patternTypeFilter: Pattern.PREFIXED });
        await look("by host", { hostFilter: "10.0.0.1" });
        await look("by principal", { principalFilter: "User:nobody" });
        await look("by operation", { operation: Operation.READ });
        await look("by permission", { permissionType: Permission.ALLOW });
        const filters = [
          { ...EVERYTHING, permissionType: Permission.ALLOW },
          { ...EVERYTHING, resourceNameFilter: "none" },
        ];
        await session.send(deleteAcls, version, { filters }, `some ${version}`);
        await session.send(deleteAcls, version, { filters: [EVERYTHING] }, `the rest ${version}`);
        const isEmpty = ({ resources }: { resources: unknown[] }): boolean => resources.length === 0;
        await session.sendUntil(describeAcls, version, EVERYTHING, isEmpty, `none ${version}`);
      }
    },
    "entries that cannot be": async (session, name) => {
      const attempt = (step: string, fields: object) =>
        session.attempt(createAcls, 3, { creations: [{ ...entry(topicEntry(name)), ...fields }] }, step);
      await attempt("no name", { resourceName: "" });
      await attempt("any type", { resourceType: Resource.ANY });
      await attempt("another cluster", { resourceType: Resource.CLUSTER });
      await attempt("any pattern", { resourcePatternType: Pattern.ANY });
      await attempt("a matching pattern", { resourcePatternType: Pattern.MATCH });
      await attempt("any operation", { operation: Operation.ANY });
      await attempt("any permission", { permissionType: Permission.ANY });
      await attempt("no principal", { principal: "" });
      await attempt("a principal without its kind", { principal: "alice" });
      await attempt("no host", { host: "" });
      await attempt("an unknown type", { resourceType: 99 });
      await attempt("an unknown pattern", { resourcePatternType: 99 });
      await attempt("an unknown operation", { operation: 99 });
      await attempt("an unknown permission", { permissionType: 99 });
      await session.send(createAcls, 3, { creations: [] }, "nothing");
      await session.send(deleteAcls, 3, { filters: [] }, "nothing deleted");
      await session.attempt(describeAcls, 3, { ...EVERYTHING, resourceTypeFilter: 99 }, "looked for a type");
      await session.attempt(describeAcls, 3, { ...EVERYTHING, operation: 99 }, "looked for an operation");
      const odd = { ...EVERYTHING, permissionType: 99 };
      await session.attempt(deleteAcls, 3, { filters: [odd] }, "deleted with a permission");
      await session.ask(deleteAcls, 3, { filters: [EVERYTHING] });
    },
    "a topic that is denied": async (session, name) => {
      const topicId = await session.createTopic(name);
      await withEntries(session, [topicEntry(name)], (client) => topicRequests(client, name, topicId));
    },
    "a topic that may be seen": async (session, name) => {
      const topicId = await session.createTopic(name);
      const operation = Operation.DESCRIBE;
      const entries = [topicEntry(name, { operation, permissionType: Permission.ALLOW })];
      await withEntries(session, entries, (client) => topicRequests(client, name, topicId));
    },
    "a topic that may be read, and one that may be written": async (session, name) => {
      const allow = (operation: number, resourceName: string) =>
        topicEntry(resourceName, { operation, permissionType: Permission.ALLOW });
      const read = await session.createTopic(`${name}-r`);
      const written = await session.createTopic(`${name}-w`);
      const entries = [allow(Operation.READ, `${name}-r`), allow(Operation.WRITE, `${name}-w`)];
      await withEntries(session, entries, async (client) => {
        await topicRequests(client, `${name}-r`, read);
        await topicRequests(client, `${name}-w`, written);
      });
    },
    "a topic that belongs to others": async (session, name) => {
      const topicId = await session.createTopic(name);
      const entries = [topicEntry(name, { principal: "User:bob", permissionType: Permission.ALLOW })];
      await withEntries(session, entries, (client) => topicRequests(client, name, topicId));
    },
    "what is deleted": async (session, name) => {
      const ids = [await session.createTopic(`${name}-1`), await session.createTopic(`${name}-2`)];
      const prefixed = { resourcePatternType: Pattern.PREFIXED };
      const topics = (prefix: string) => [
        { name: `${name}-1` },
        { name: `${name}-${prefix}` },
        { name: null, topicId: ids[1] ?? "" },
      ];
      const cluster = { resourceType: Resource.CLUSTER, resourceName: CLUSTER };
      await withEntries(session, [cluster, topicEntry(name, prefixed)], async (client) => {
        await client.attempt(deleteTopics, 6, { topics: topics("hidden"), timeoutMs: 5000 }, "hidden");
      });
      const operation = Operation.DELETE;
      await withEntries(session, [cluster, topicEntry(name, { ...prefixed, operation })], async (client) => {
        await client.attempt(deleteTopics, 6, { topics: topics("seen"), timeoutMs: 5000 }, "seen");
        await client.attempt(deleteTopics, 5, { topicNames: [`${name}-1`, "x"], timeoutMs: 5000 }, "by name");
      });
      await withEntries(session, [topicEntry(name, prefixed)], async (client) => {
        await client.attempt(
          deleteTopics,
          6,
          { topics: topics("none"), timeoutMs: 5000 },
          "with the cluster",
        );
      });
    },
    "prefixes, wildcards and hosts": async (session, name) => {
      await session.createTopic(name);
      const see = async (client: Session, step: string): Promise<void> => {
        const answer = await client.ask(metadata, 12, {
          topics: [{ name }],
          includeTopicAuthorizedOperations: true,
        });
        client.note(step, answer.topics);
      };
      const prefixed = { resourcePatternType: Pattern.PREFIXED };
      const allow = { permissionType: Permission.ALLOW };
      const half = name.slice(0, -3);
      for (const [step, entries] of [
        ["denied by its beginning", [topicEntry(half, prefixed)]],
        ["denied with all topics", [topicEntry("*", { operation: Operation.DESCRIBE })]],
        ["denied from elsewhere", [topicEntry(name, { host: "10.0.0.1" })]],
        ["denied from here", [topicEntry(name, { host: "127.0.0.1" })]],
        ["denied to all", [topicEntry(name, { principal: "User:*", operation: Operation.WRITE })]],
        [
          "allowed by its beginning",
          [topicEntry(half, { ...prefixed, ...allow, operation: Operation.READ })],
        ],
        [
          "allowed by its beginning, denied by its name",
          [topicEntry(half, { ...prefixed, ...allow }), topicEntry(name, { operation: Operation.DELETE })],
        ],
        ["alter settings", [topicEntry(name, { ...allow, operation: Operation.ALTER_CONFIGS })]],
        ["a prefix of another", [topicEntry(`${name}x`, prefixed)]],
        ["create", [topicEntry(name, { ...allow, operation: Operation.CREATE })]],
      ] as const) {
        await withEntries(session, entries, (client) => see(client, step));
      }
    },
    "a group that is denied": async (session, name) => {
      await session.createTopic(name);
      const offsets = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: "" }];
      const topics = [{ name, partitions: offsets }];
      await session.ask(offsetCommit, 8, { groupId: name, memberId: "", topics });
      const denied = { resourceType: Resource.GROUP, resourceName: name };
      const cluster = { resourceType: Resource.CLUSTER, resourceName: CLUSTER };
      await withEntries(session, [denied, cluster], (client) => groupRequests(client, name, name));
      const seen = { operation: Operation.DESCRIBE, permissionType: Permission.ALLOW };
      await withEntries(session, [{ ...denied, ...seen }], (client) => groupRequests(client, name, name));
    },
    "a group whose topics may not be seen": async (session, name) => {
      await createAssignableTopic(session, name, 1);
      const beat = { groupId: name, memberId: "m", memberEpoch: 0, rebalanceTimeoutMs: 1000 };
      const joining = { ...beat, subscribedTopicNames: [name], topicPartitions: [] };
      await session.ask(consumerGroupHeartbeat, 1, joining);
      await withEntries(session, [topicEntry(name)], async (client) => {
        const asked = { groupIds: [name], includeAuthorizedOperations: true };
        await client.attempt(consumerGroupDescribe, 1, asked);
      });
    },
    "a pattern that matches what may not be seen": async (session, name) => {
      await session.createTopic(`${name}-1`, 1);
      await session.createTopic(`${name}-2`, 2);
      await withEntries(session, [topicEntry(`${name}-2`)], async (client) => {
        const subscribedTopicRegex = `${name.replaceAll(".", "\\.")}-.`;
        const identity = { groupId: name, memberId: "m", rebalanceTimeoutMs: 1000 };
        const joining = { ...identity, memberEpoch: 0, subscribedTopicRegex, topicPartitions: [] };
        let answer = await client.ask(consumerGroupHeartbeat, 1, joining);
        // Apache Kafka looks the topics up behind the first answers.
        for (let poll = 0; poll < 200 && !answer.assignment?.topicPartitions.length; poll++) {
          answer = await client.ask(consumerGroupHeartbeat, 1, {
            ...joining,
            memberEpoch: answer.memberEpoch,
          });
        }
        client.note("given", answer.assignment);
      });
    },
    "a transactional id that is denied": async (session, name) => {
      await session.createTopic(name);
      const denied = { resourceType: Resource.TRANSACTIONAL_ID, resourceName: name };
      await withEntries(session, [denied], (client) => transactionRequests(client, name, name));
      const seen = { operation: Operation.DESCRIBE, permissionType: Permission.ALLOW };
      await withEntries(session, [{ ...denied, ...seen }], (client) =>
        transactionRequests(client, name, name),
      );
    },
    "a transaction over what is denied": async (session, name) => {
      await session.createTopic(name);
      await session.createTopic(`${name}-open`);
      const group = { resourceType: Resource.GROUP, resourceName: `${name}-free` };
      await withEntries(session, [topicEntry(name), group], async (client) => {
        const claim = { transactionalId: name, producerId: 1, producerEpoch: 0 };
        const both = [
          { name, partitions: [0] },
          { name: `${name}-open`, partitions: [0] },
        ];
        await client.attempt(addPartitionsToTxn, 3, { ...claim, topics: both });
        for (const transactionalId of [name, ""]) {
          const body = { ...claim, transactionalId, groupId: `${name}-free` };
          await client.attempt(addOffsetsToTxn, 3, body, `an offset to '${transactionalId && "its own"}'`);
        }
        const partition = { partitionIndex: 0, committedOffset: 1, committedMetadata: "" };
        const commit = { ...claim, memberId: "", topics: [{ name, partitions: [partition] }] };
        await client.attempt(txnOffsetCommit, 3, { ...commit, groupId: `${name}-free` });
        await client.attempt(txnOffsetCommit, 3, { ...commit, groupId: `${name}-other` }, "another group");
      });
    },
    "the cluster is denied": async (session, name) => {
      const denied = { resourceType: Resource.CLUSTER, resourceName: CLUSTER };
      const all = topicEntry("*", { operation: Operation.WRITE });
      await withEntries(session, [denied], (client) => clusterRequests(client, name));
      const creating = topicEntry("*", { operation: Operation.CREATE });
      await withEntries(session, [denied, all, creating], (client) => clusterRequests(client, name));
      const seen = { operation: Operation.DESCRIBE, permissionType: Permission.ALLOW };
      await withEntries(session, [{ ...denied, ...seen }], (client) => clusterRequests(client, name));
    },
    "settings that may not be seen": async (session, name) => {
      const entries = [topicEntry(name, { operation: Operation.DESCRIBE_CONFIGS })];
      await withEntries(session, entries, async (client) => {
        await client.attempt(createTopics, 7, creation(name));
      });
    },
    "nothing is denied": async (session, name) => {
      await session.createTopic(name);
      const client = await loggedIn(session);
      const wanted = { topics: [{ name }], includeTopicAuthorizedOperations: true };
      const answer = await client.ask(metadata, 12, wanted);
      session.note("operations", answer.topics[0]?.topicAuthorizedOperations);
    },
  }),
];
