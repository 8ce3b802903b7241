import { NULL_UUID } from "../packages/broker/src/protocol/schema.ts";
import {
  BATCH_HEADER_SIZE,
  checksumHolds,
  isControl,
  readBatchHeader,
  TIMESTAMP_TYPE_MASK,
} from "../packages/broker/src/storage/record-batch.ts";
import type { Observation } from "./session.ts";
import type { Side } from "./side.ts";

/**
 * What two brokers may legitimately answer differently is made equal here and nowhere else. Chosen names keep
 * their identity: the first topic id that a case sees becomes "topic 1" on both sides, and a different id where
 * the same one is due still shows.
 */
export function normalise(observations: readonly Observation[], side: Side): unknown[] {
  const names = new Map<string, string>();
  const named = (kind: string, value: unknown): string => {
    const key = `${kind} ${String(value)}`;
    const known = names.get(key);
    if (known !== undefined) return known;
    const count = [...names.values()].filter((name) => name.startsWith(`${kind} `)).length;
    names.set(key, `${kind} ${count + 1}`);
    return `${kind} ${count + 1}`;
  };
  return observations.map(({ step, seen }) => ({ step, seen: plain(seen, { side, named }) }));
}

interface Context {
  readonly side: Side;
  readonly named: (kind: string, value: unknown) => string;
}

type Rule = (value: unknown, context: Context) => unknown;

const DROPPED = Symbol("dropped");
const drop: Rule = () => DROPPED;
const nonEmpty =
  (kind: string): Rule =>
  (value, { named }) =>
    value === "" || value === null || value === NULL_UUID ? value : named(kind, value);
const natural =
  (kind: string): Rule =>
  (value, { named }) =>
    typeof value === "number" && value >= 0 ? named(kind, value) : value;
const size: Rule = (value) => (typeof value === "number" && value >= 0 ? "a size" : value);
const moment: Rule = (value) => (typeof value === "number" && value > 0 ? "a time" : value);

/** By the name of the field; each with the reason why its value is not compared as it is. */
const RULES: Readonly<Record<string, Rule>> = {
  // Quotas are Kafka's alone, and a first answer may be delayed by them.
  throttleTimeMs: drop,
  // Chosen at random by each broker.
  topicId: nonEmpty("topic"),
  memberId: nonEmpty("member"),
  leader: nonEmpty("member"),
  clusterId: nonEmpty("cluster"),
  replicaDirectoryId: nonEmpty("directory"),
  // Handed out in blocks, whose first number depends on what the broker did before.
  producerId: natural("producer"),
  // The two brokers listen on different ports.
  port: (value, { side }) =>
    [side.port, side.saslPort, side.unsecuredPort].includes(Number(value)) ? "its own port" : value,
  // Clocks.
  logAppendTimeMs: moment,
  transactionStartTimeMs: moment,
  lastTimestamp: moment,
  sessionLifetimeMs: (value) => (typeof value === "number" && value > 0 ? "a time" : value),
  lastFetchTimestamp: moment,
  lastCaughtUpTimestamp: moment,
  // Folders and disks.
  logDir: nonEmpty("folder"),
  totalBytes: size,
  usableBytes: size,
  // For people: each broker has its own words, and no client decides by them.
  errorMessage: drop,
  batchIndexErrorMessage: drop,
  // Feature levels steer clusters of several brokers; the embedded broker has none.
  supportedFeatures: drop,
  finalizedFeatures: drop,
  finalizedFeaturesEpoch: drop,
  zkMigrationReady: drop,
  // Counts terms of the transaction coordinator, which the embedded broker does not have.
  coordinatorEpoch: drop,
  records: (value) => (Buffer.isBuffer(value) ? batches(value) : value),
};

/** Fields that name the elements of a list: Kafka collects many answers in hash maps, in no order of its own. */
const NAMES = [
  "name",
  "topic",
  "topicName",
  "groupId",
  "key",
  "user",
  "transactionalId",
  "resourceName",
  "memberAssignment",
  "entityType",
];
const NUMBERS = [
  "partitionIndex",
  "partition",
  "index",
  "apiKey",
  "resourceType",
  "producerId",
  // Kafka keeps the credentials of a user by mechanism, in a map whose order is drawn anew at each start.
  "mechanism",
  "patternType",
];

function plain(value: unknown, context: Context): unknown {
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  if (Array.isArray(value))
    return sorted(value)
      .filter(isComparable)
      .map((element) => plain(element, context));
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const rule = RULES[name];
    const kept = rule === undefined || isStruct(field) ? plain(field, context) : rule(field, context);
    if (kept !== DROPPED) result[name] = isStruct(kept) ? plain(kept, context) : kept;
  }
  return result;
}

function isStruct(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Buffer.isBuffer(value);
}

function sorted(values: readonly unknown[]): readonly unknown[] {
  const key = (value: unknown): string => {
    if (!isStruct(value)) return "";
    const struct = value as Record<string, unknown>;
    const texts = NAMES.map((name) => struct[name] ?? "");
    const numbers = NUMBERS.map((name) => String(struct[name] ?? "").padStart(12, "0"));
    // Members of the new protocol choose their ids; topics that have only ids are told apart by their partitions.
    const chosenId = "memberEpoch" in struct ? struct.memberId : "";
    const partitions = Array.isArray(struct.partitions) ? struct.partitions.join() : "";
    // Entries of the same resource come in no order.
    const acl = [struct.principal, struct.host, struct.operation, struct.permissionType].join(" ");
    // Quotas are named by what they are about.
    const entity = Array.isArray(struct.entity) ? sorted(struct.entity).map(textOf).join() : "";
    return [...texts, ...numbers, chosenId, partitions, acl, entity].join("\u0000");
  };
  return values
    .map((value) => ({ value, key: key(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ value }) => value);
}

function textOf(value: unknown): string {
  return JSON.stringify(value);
}

/** Kafka sets min.insync.replicas for the whole cluster when it is formatted, which shows as the value's source. */
function isComparable(value: unknown): boolean {
  if (!isStruct(value)) return true;
  const { name } = value as { readonly name?: unknown };
  return name !== "min.insync.replicas";
}

/** A marker up to and with its key, which says what was decided; its value counts terms of the coordinator. */
const MARKER_KEY_SIZE = 9;

/** Whole batches by their headers: a batch cut off at the end of an answer is there for Kafka's convenience. */
function batches(bytes: Buffer): unknown[] {
  const found: unknown[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readBatchHeader(bytes, at);
    if (header === undefined || at + header.sizeBytes > bytes.length) break;
    const { baseTimestamp, maxTimestamp, ...fields } = header;
    const isMarker = isControl(header);
    // The clock of the broker is in markers, and in the last time of a batch that the log has stamped.
    const isStamped = isMarker || (header.attributes & TIMESTAMP_TYPE_MASK) !== 0;
    found.push({
      ...fields,
      baseTimestamp: isMarker ? "a time" : baseTimestamp,
      maxTimestamp: isStamped ? "a time" : maxTimestamp,
      checksumHolds: checksumHolds(bytes, at, header.sizeBytes),
      records: bytes.toString(
        "hex",
        at + BATCH_HEADER_SIZE,
        isMarker ? at + BATCH_HEADER_SIZE + MARKER_KEY_SIZE : at + header.sizeBytes,
      ),
    });
    at += header.sizeBytes;
  }
  return found;
}
