import { isIP } from "node:net";
import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { alterClientQuotas as api } from "../protocol/messages/alter-client-quotas.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { BOUND_RATES, type QuotaEntry, type Quotas } from "../quotas/client-quotas.ts";
import { isQuotaEntityType, type QuotaEntity } from "../quotas/quota-entity.ts";
import { lastOfEach } from "./distinct.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageOutcome } from "./storage-failure.ts";

type Entry = RequestOf<typeof api>["entries"][number];

/** What a bound is in: whole numbers or not. */
const USER_KEYS: Readonly<Record<string, "whole" | "fraction">> = {
  producer_byte_rate: "whole",
  consumer_byte_rate: "whole",
  request_percentage: "fraction",
  controller_mutation_rate: "fraction",
};
const IP_KEYS: Readonly<Record<string, "whole" | "fraction">> = { connection_creation_rate: "whole" };
const ENFORCED: ReadonlySet<string> = new Set(BOUND_RATES);

/** How far from a whole number a bound may be that has to be one, as in Kafka. */
const EPSILON = 1e-6;
const MAX_LONG = 2 ** 63;

interface Checked {
  readonly entity: Entry["entity"];
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  /** What the entity has afterwards; absent where something is wrong. */
  readonly change?: QuotaEntry;
}

/**
 * AlterClientQuotas, versions 0 to 1. The rates of bytes and request_percentage are kept to; controller_mutation_rate
 * and connection_creation_rate are kept and told, and bound nobody. Left out: names of hosts in the place of addresses.
 */
export const alterClientQuotas: Handler = serve(api, async ({ entries, validateOnly }, context) => {
  if (!context.access.cluster(Operation.ALTER_CONFIGS)) {
    const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
    const errorMessage = "Quotas may not be changed.";
    return { entries: entries.map(({ entity }) => ({ entity, errorCode, errorMessage })) };
  }
  const checked = [...Map.groupBy(entries, nameOfEntity).values()].map((same) => check(same, context));
  const changes = checked.flatMap(({ change }) => change ?? []);
  const outcome = validateOnly ? ErrorCode.NONE : await write(changes, context);
  return {
    entries: checked.map(({ entity, errorCode, errorMessage }) => ({
      entity: distinctParts(entity),
      errorCode: errorCode || outcome,
      errorMessage,
    })),
  };
});

/** What an entity is made of counts once, whatever its order. */
function distinctParts(parts: Entry["entity"]): Entry["entity"] {
  return lastOfEach(parts, ({ entityType }) => entityType);
}

function nameOfEntity({ entity }: Entry): string {
  const parts = distinctParts(entity).map(({ entityType, entityName }) => [entityType, entityName]);
  return JSON.stringify(parts.map((part) => JSON.stringify(part)).sort());
}

/** Of what is said of the same entity the first counts, though it is told that it is too much. */
function check([entry, another]: readonly Entry[], context: RequestContext): Checked {
  if (entry === undefined || another === undefined) return checkOne(entry, context);
  const errorMessage = "An entity is named twice.";
  return { ...checkOne(entry, context), errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}

function checkOne(entry: Entry | undefined, { quotas }: RequestContext): Checked {
  const refuse = (errorMessage: string): Checked => ({
    entity: entry?.entity ?? [],
    errorCode: ErrorCode.INVALID_REQUEST,
    errorMessage,
  });
  if (entry === undefined) return refuse("There is no entity.");
  const entity = entityOf(entry);
  if (typeof entity === "string") return refuse(entity);
  const next: Record<string, number> = { ...quotas.quotasOf(entity) };
  if (new Set(entry.ops.map(({ key }) => key)).size < entry.ops.length)
    return refuse("A bound is named twice.");
  for (const { key, value, remove } of entry.ops) {
    const problem = remove ? undefined : boundProblem(entity, key, value);
    if (problem !== undefined) return refuse(problem);
    if (remove) delete next[key];
    else next[key] = value;
  }
  return {
    entity: entry.entity,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    change: { entity, quotas: next satisfies Quotas },
  };
}

/** The entity that a request names, or why there is none like it. */
function entityOf({ entity: parts }: Entry): QuotaEntity | string {
  const entity: { -readonly [K in keyof QuotaEntity]: QuotaEntity[K] } = {};
  for (const { entityType, entityName } of parts) {
    if (!isQuotaEntityType(entityType)) return `There are no quotas of a ${entityType}.`;
    if (entityName === "") return `A ${entityType} has a name.`;
    entity[entityType] = entityName;
  }
  const { user, "client-id": clientId, ip } = entity;
  const isOfClient = user !== undefined || clientId !== undefined;
  if (isOfClient === (ip !== undefined)) return "A quota is of a user, a client id, both, or an address.";
  if (typeof ip === "string" && isIP(ip) === 0) return `${ip} is no address.`;
  return entity;
}

function boundProblem({ ip }: QuotaEntity, key: string, value: number): string | undefined {
  const kind = (ip === undefined ? USER_KEYS : IP_KEYS)[key];
  if (kind === undefined) return `There is no bound ${key}.`;
  if (!(value > 0)) return `${key} must be greater than 0.`;
  if (kind === "whole" && value > MAX_LONG) return `${key} is too large.`;
  const isWhole = Math.abs(Math.floor(value + EPSILON) - value) <= EPSILON;
  return kind === "whole" && !isWhole ? `${key} is a whole number.` : undefined;
}

function write(changes: readonly QuotaEntry[], { quotas, settings }: RequestContext): Promise<ErrorCode> {
  return storageOutcome(settings, { api: api.name }, async () => {
    quotas.replace(changes);
    const idle = new Set(
      changes.flatMap((change) => Object.keys(change.quotas)).filter((key) => !ENFORCED.has(key)),
    );
    if (idle.size > 0) {
      settings.log({ level: "warn", msg: "quotas are kept that bound nobody here", names: [...idle] });
    }
    await quotas.flush();
    return ErrorCode.NONE;
  });
}
