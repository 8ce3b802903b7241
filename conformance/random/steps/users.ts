import { pbkdf2Sync } from "node:crypto";
import { alterClientQuotas } from "../../../packages/broker/src/protocol/messages/alter-client-quotas.ts";
import { alterUserScramCredentials } from "../../../packages/broker/src/protocol/messages/alter-user-scram-credentials.ts";
import { createAcls } from "../../../packages/broker/src/protocol/messages/create-acls.ts";
import { deleteAcls } from "../../../packages/broker/src/protocol/messages/delete-acls.ts";
import { describeAcls } from "../../../packages/broker/src/protocol/messages/describe-acls.ts";
import { describeClientQuotas } from "../../../packages/broker/src/protocol/messages/describe-client-quotas.ts";
import { describeUserScramCredentials } from "../../../packages/broker/src/protocol/messages/describe-user-scram-credentials.ts";
import { CLUSTER } from "../../acls.ts";
import type { Choice } from "../choice.ts";
import { type Step, step } from "../step.ts";
import type { World } from "../world.ts";

const METADATA = { kind: "metadata" } as const;
const SALT = Buffer.from("salt of a user");
const SALTED = pbkdf2Sync("secret", SALT, 4096, 32, "sha256");

function userName(choice: Choice): string {
  return choice.mostly(choice.pick("u1", "u1", "u2"), "u9", "");
}

function setCredentials(choice: Choice): Step {
  const mechanism = () => choice.mostly(choice.pick(1, 2), 0, 3, -1);
  const deletions = choice.several(0, choice.mostly(0, 2), () => ({
    name: userName(choice),
    mechanism: mechanism(),
  }));
  const upsertions = choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => ({
    name: userName(choice),
    mechanism: mechanism(),
    iterations: choice.mostly(4096, 4095, 0, 16_385, 16_384),
    salt: choice.mostly(SALT, Buffer.alloc(0)),
    saltedPassword: choice.mostly(SALTED, Buffer.alloc(0)),
  }));
  return step(
    alterUserScramCredentials,
    0,
    (world) => ({
      deletions: deletions.map((one) => ({ ...one, name: world.name(one.name) })),
      upsertions: upsertions.map((one) => ({ ...one, name: world.name(one.name) })),
    }),
    { background: METADATA },
  );
}

function describeCredentials(choice: Choice): Step {
  const users = choice.chance(0.3) ? null : choice.several(0, 3, () => userName(choice));
  return step(
    describeUserScramCredentials,
    0,
    (world) => ({ users: users?.map((name) => ({ name: world.name(name) })) ?? null }),
    users === null || users.length === 0 ? { isListing: true } : { isRead: true },
  );
}

interface Subject {
  readonly resourceType: number;
  readonly name: string | null;
}

function subject(choice: Choice): Subject {
  const resourceType = choice.mostly(choice.pick(2, 3, 5), 4, 6, 7, 0, 1, 9);
  const name = choice.mostly(choice.pick("t1", "t2"), "", "none");
  return { resourceType, name };
}

/** Entries of other runs are kept out by their names, so that the cluster has only entries that are refused. */
function nameOf({ resourceType, name }: Subject, world: World): string | null {
  if (name === null || name === "") return name;
  return resourceType === 4 && name === "none" ? CLUSTER : world.name(name);
}

function principal(choice: Choice): string {
  return choice.mostly(choice.pick("User:u1", "User:u2"), "User:*", "u1", ":", "Group:x", "");
}

function host(choice: Choice): string {
  return choice.mostly("*", "127.0.0.1", "", "no host");
}

function allow(choice: Choice): Step {
  const creations = choice.several(choice.mostly(1, 0), 2, () => ({
    of: subject(choice),
    resourcePatternType: choice.mostly(choice.pick(3, 4), 0, 1, 2, 5),
    principal: principal(choice),
    host: host(choice),
    operation: choice.mostly(choice.pick(2, 3, 4, 8), 0, 1, 5, 12, 13, 14, 15, 16),
    permissionType: choice.mostly(choice.pick(2, 3), 0, 1, 4),
  }));
  return step(
    createAcls,
    choice.version(createAcls),
    (world) => ({
      creations: creations
        // An entry for the cluster would count in all runs.
        .filter(({ of }) => of.resourceType !== 4 || of.name !== "none")
        .map(({ of, ...rest }) => ({
          ...rest,
          resourceType: of.resourceType,
          resourceName: nameOf(of, world) ?? "",
        })),
    }),
    { background: METADATA },
  );
}

function aclFilter(choice: Choice) {
  return {
    of: subject(choice),
    typeFilter: choice.chance(0.5) ? undefined : 1,
    patternTypeFilter: choice.pick(1, 2, 3, 4, 1, 0, 5),
    principalFilter: choice.pick(null, null, principal(choice)),
    hostFilter: choice.pick(null, null, host(choice)),
    operation: choice.mostly(1, 3, 2, 0, 16),
    permissionType: choice.mostly(1, 3, 2, 0, 4),
  };
}

function filterOf({ of, typeFilter, ...rest }: ReturnType<typeof aclFilter>, world: World) {
  return {
    ...rest,
    resourceTypeFilter: typeFilter ?? of.resourceType,
    resourceNameFilter: nameOf(of, world),
  };
}

function forbid(choice: Choice): Step {
  const filters = choice.several(choice.mostly(1, 0), 2, () => aclFilter(choice));
  return step(
    deleteAcls,
    choice.version(deleteAcls),
    (world) => ({ filters: filters.map((filter) => filterOf(filter, world)) }),
    { background: METADATA },
  );
}

function describeRights(choice: Choice): Step {
  const filter = aclFilter(choice);
  return step(describeAcls, choice.version(describeAcls), (world) => filterOf(filter, world), {
    isListing: true,
  });
}

function entity(choice: Choice) {
  return choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => ({
    entityType: choice.mostly(choice.pick("user", "client-id"), "ip", "group", ""),
    name: choice.mostly(choice.pick("u1", "u2"), "", "127.0.0.1"),
  }));
}

function entityName({ entityType, name }: { entityType: string; name: string }, world: World): string {
  return entityType === "ip" ? name : world.name(name);
}

function limit(choice: Choice): Step {
  const entries = choice.several(choice.mostly(1, 0), 2, () => ({
    entity: entity(choice),
    ops: choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => ({
      key: choice.mostly(
        choice.pick(
          "producer_byte_rate",
          "consumer_byte_rate",
          "request_percentage",
          "controller_mutation_rate",
        ),
        "connection_creation_rate",
        "nonsense",
        "",
      ),
      value: choice.mostly(1_000_000, 0, -1, 0.5, 1e300),
      remove: choice.chance(0.2),
    })),
  }));
  const validateOnly = choice.chance(0.2);
  return step(
    alterClientQuotas,
    choice.version(alterClientQuotas),
    (world) => ({
      entries: entries.map((entry) => ({
        ...entry,
        entity: entry.entity.map((one) => ({ ...one, entityName: entityName(one, world) })),
      })),
      // The limits of an address hold for all runs.
      validateOnly:
        validateOnly || entries.some((entry) => entry.entity.some((one) => one.entityType === "ip")),
    }),
    { background: METADATA },
  );
}

function limits(choice: Choice): Step {
  const components = choice.several(choice.mostly(1, 0), 2, () => ({
    entityType: choice.mostly(choice.pick("user", "client-id"), "ip", "group", ""),
    matchType: choice.mostly(choice.pick(0, 2), 1, 3, -1),
    name: choice.mostly(choice.pick("u1", "u2"), null, ""),
  }));
  const strict = choice.chance(0.3);
  return step(
    describeClientQuotas,
    choice.version(describeClientQuotas),
    (world) => ({
      components: components.map(({ name, ...rest }) => ({
        ...rest,
        match: name === null ? null : world.name(name),
      })),
      strict,
    }),
    { isListing: true },
  );
}

export const userSteps = [
  setCredentials,
  describeCredentials,
  allow,
  allow,
  forbid,
  describeRights,
  describeRights,
  limit,
  limit,
  limits,
] as const;
