import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type Acl, Operation, PatternType, Permission, ResourceType } from "../src/auth/acl.ts";
import { Authorizer, type Requester } from "../src/auth/authorizer.ts";
import { type Broker, startBroker } from "../src/index.ts";
import { createAcls } from "../src/protocol/messages/create-acls.ts";
import { deleteAcls } from "../src/protocol/messages/delete-acls.ts";
import { describeAcls } from "../src/protocol/messages/describe-acls.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { Journal } from "../src/storage/journal.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { RawClient } from "./raw-client.ts";

const ANYTHING = {
  resourceTypeFilter: ResourceType.ANY,
  resourceNameFilter: null,
  patternTypeFilter: PatternType.ANY,
  principalFilter: null,
  hostFilter: null,
  operation: Operation.ANY,
  permissionType: Permission.ANY,
};

let broker: Broker | undefined;

afterEach(async () => {
  await broker?.stop();
  broker = undefined;
});

function authorizer(options: ConstructorParameters<typeof Authorizer>[1], acls: readonly Acl[]): Authorizer {
  const made = new Authorizer(new Journal(new MemoryDisk(), "journal", "at-once"), options);
  made.add(acls);
  return made;
}

const ada: Requester = { principal: "User:ada", host: "10.0.0.1" };

function topicEntry(fields: Partial<Acl>): Acl {
  return {
    resourceType: ResourceType.TOPIC,
    resourceName: "t",
    patternType: PatternType.LITERAL,
    principal: "User:ada",
    host: "*",
    operation: Operation.READ,
    permission: Permission.ALLOW,
    ...fields,
  };
}

describe("entries", () => {
  test.each<[string, Partial<Acl>[], Operation, boolean]>([
    ["nothing", [], Operation.READ, false],
    ["the same operation", [{}], Operation.READ, true],
    ["another operation", [{}], Operation.WRITE, false],
    ["reading implies seeing", [{}], Operation.DESCRIBE, true],
    ["creating does not", [{ operation: Operation.CREATE }], Operation.DESCRIBE, false],
    [
      "altering settings implies seeing them",
      [{ operation: Operation.ALTER_CONFIGS }],
      Operation.DESCRIBE_CONFIGS,
      true,
    ],
    ["all operations", [{ operation: Operation.ALL }], Operation.DELETE, true],
    ["somebody else", [{ principal: "User:bob" }], Operation.READ, false],
    ["everybody", [{ principal: "User:*" }], Operation.READ, true],
    ["another address", [{ host: "10.0.0.2" }], Operation.READ, false],
    ["this address", [{ host: "10.0.0.1" }], Operation.READ, true],
    ["a denial above it", [{}, { principal: "User:*", permission: Permission.DENY }], Operation.READ, false],
    ["a denial of reading does not hide", [{}, { permission: Permission.DENY }], Operation.DESCRIBE, true],
    ["a prefix", [{ resourceName: "", patternType: PatternType.PREFIXED }], Operation.READ, true],
    ["every topic", [{ resourceName: "*" }], Operation.READ, true],
    ["groups", [{ resourceType: ResourceType.GROUP }], Operation.READ, false],
  ])("%s", (_name, acls, operation, expected) => {
    const made = authorizer({}, acls.map(topicEntry));
    expect(made.allows(ada, operation, ResourceType.TOPIC, "t")).toBe(expected);
  });

  test("leave open what they do not name, where that is asked for", () => {
    const made = authorizer({ allowEveryoneIfNoAclFound: true }, [topicEntry({ principal: "User:bob" })]);
    expect(made.allows(ada, Operation.READ, ResourceType.TOPIC, "other")).toBe(true);
    expect(made.allows(ada, Operation.READ, ResourceType.TOPIC, "t")).toBe(false);
  });

  test("say whether there is any topic at all exactly when one can be found", () => {
    const names = ["", "a", "ab", "abc", "b"];
    const acl = fc.record({
      resourceType: fc.constant(ResourceType.TOPIC),
      resourceName: fc.constantFrom("a", "ab", "*"),
      patternType: fc.constantFrom(PatternType.LITERAL, PatternType.PREFIXED),
      principal: fc.constantFrom("User:ada", "User:bob", "User:*"),
      host: fc.constantFrom("*", "10.0.0.2"),
      operation: fc.constantFrom(Operation.WRITE, Operation.READ, Operation.ALL),
      permission: fc.constantFrom(Permission.ALLOW, Permission.DENY),
    });
    fc.assert(
      fc.property(fc.array(acl, { maxLength: 4 }), (acls) => {
        const made = authorizer(
          {},
          acls.map((one) => ({ ...one }) as Acl),
        );
        // Names that begin like the entries', and go on as none of them does.
        const tried = [...names, ...names.map((name) => `${name}z`), "*", "*z"];
        const found = tried.some((name) => made.allows(ada, Operation.WRITE, ResourceType.TOPIC, name));
        expect(made.allowsForAny(ada, Operation.WRITE, ResourceType.TOPIC)).toBe(found);
      }),
      { numRuns: 500 },
    );
  });
});

test("outlive a restart, and are asked by the broker that finds them", async () => {
  const disk = new MemoryDisk();
  broker = await startBroker({ disk, acls: { superUsers: ["User:ANONYMOUS"] } });
  const admin = await RawClient.connect(broker.port);
  const creations = ["a", "b"].map((resourceName) => ({
    resourceType: ResourceType.TOPIC,
    resourceName,
    resourcePatternType: PatternType.LITERAL,
    principal: "User:ANONYMOUS",
    host: "*",
    operation: Operation.ALL,
    permissionType: Permission.ALLOW,
  }));
  expect((await admin.send(createAcls, 3, { creations })).results.map(({ errorCode }) => errorCode)).toEqual([
    0, 0,
  ]);
  const filters = [{ ...ANYTHING, resourceNameFilter: "b" }];
  await admin.send(deleteAcls, 3, { filters });
  admin.close();
  await broker.stop();
  broker = await startBroker({ disk, acls: {} });
  const client = await RawClient.connect(broker.port);
  const topics = ["a", "b"].map((name) => ({ name }));
  const answer = await client.send(metadata, 12, { topics, allowAutoTopicCreation: true });
  expect(answer.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    // The first request creates it, as in Apache Kafka.
    ["a", 3],
    ["b", 29],
  ]);
  expect((await client.send(describeAcls, 3, ANYTHING)).errorCode).toBe(31);
  client.close();
});

test("are told to be off where there is no authorizer", async () => {
  broker = await startBroker();
  const client = await RawClient.connect(broker.port);
  expect((await client.send(describeAcls, 1, ANYTHING)).errorCode).toBe(54);
  expect((await client.send(deleteAcls, 1, { filters: [ANYTHING] })).filterResults[0]?.errorCode).toBe(54);
  client.close();
});
