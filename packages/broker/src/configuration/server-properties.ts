import { BrokerError } from "../broker-error.ts";
import type { GroupMigration } from "../groups/group-settings.ts";
import type { BrokerOptions } from "../options.ts";
import { brokerNames, TopicConfig } from "../topics/topic-config.ts";
import { ACL_NAMES, aclOptions } from "./acl-properties.ts";
import { addressBounds } from "./address-bounds.ts";
import { LISTENER_NAMES, listenerOptions } from "./listener-properties.ts";
import { missing } from "./missing-setting.ts";
import { parseProperties } from "./properties-file.ts";
import { isSaslName, saslOptions } from "./sasl-properties.ts";
import { isTlsName } from "./tls-properties.ts";

export interface ServerProperties {
  readonly options: BrokerOptions;
  /** Names in the file that this broker knows nothing of, in the order of the file. */
  readonly unknown: readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type NumberOption = {
  [K in keyof BrokerOptions]-?: NonNullable<BrokerOptions[K]> extends number ? K : never;
}[keyof BrokerOptions];

/** Kafka's names of whole numbers, with the smallest that makes sense and what one of them is in our unit. */
const NUMBERS: Readonly<Record<string, readonly [option: NumberOption, min: number, unit?: number]>> = {
  "broker.id": ["nodeId", 0],
  "node.id": ["nodeId", 0],
  "num.partitions": ["numPartitions", 1],
  "message.max.bytes": ["messageMaxBytes", 0],
  "socket.request.max.bytes": ["requestMaxBytes", 1],
  "queued.max.request.bytes": ["requestMemoryBytes", -1],
  "fetch.max.bytes": ["fetchMaxBytes", 1024],
  "max.connections": ["maxConnections", 0],
  "max.connections.per.ip": ["maxConnectionsPerIp", 0],
  "connections.max.idle.ms": ["connectionIdleMs", 1],
  "group.initial.rebalance.delay.ms": ["groupInitialRebalanceDelayMs", 0],
  "group.min.session.timeout.ms": ["groupMinSessionTimeoutMs", 1],
  "group.max.session.timeout.ms": ["groupMaxSessionTimeoutMs", 1],
  "group.max.size": ["groupMaxMembers", 1],
  "group.consumer.session.timeout.ms": ["groupConsumerSessionTimeoutMs", 1],
  "group.consumer.min.session.timeout.ms": ["groupConsumerMinSessionTimeoutMs", 1],
  "group.consumer.max.session.timeout.ms": ["groupConsumerMaxSessionTimeoutMs", 1],
  "group.consumer.heartbeat.interval.ms": ["groupConsumerHeartbeatIntervalMs", 1],
  "group.consumer.min.heartbeat.interval.ms": ["groupConsumerMinHeartbeatIntervalMs", 1],
  "group.consumer.max.heartbeat.interval.ms": ["groupConsumerMaxHeartbeatIntervalMs", 1],
  "group.consumer.max.size": ["groupConsumerMaxMembers", 1],
  "offset.metadata.max.bytes": ["offsetMetadataMaxBytes", 0],
  "offsets.topic.num.partitions": ["offsetsTopicPartitions", 1],
  "transaction.state.log.num.partitions": ["transactionTopicPartitions", 1],
  "offsets.retention.minutes": ["offsetsRetentionMs", 1, 60_000],
  "transaction.max.timeout.ms": ["transactionMaxTimeoutMs", 1],
  "log.retention.check.interval.ms": ["maintenanceIntervalMs", 1],
  "log.cleaner.backoff.ms": ["logCleanerBackoffMs", 0],
  "log.cleaner.threads": ["logCleanerThreads", 1],
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Names of one topic default, in several units; where more than one is set, the first in this list counts. */
const TIMES: readonly (readonly [name: string, topicDefault: string, unitMs: number])[] = [
  ["log.retention.ms", "retention.ms", 1],
  ["log.retention.minutes", "retention.ms", MINUTE_MS],
  ["log.retention.hours", "retention.ms", HOUR_MS],
  ["log.roll.ms", "segment.ms", 1],
  ["log.roll.hours", "segment.ms", HOUR_MS],
  ["log.roll.jitter.ms", "segment.jitter.ms", 1],
  ["log.roll.jitter.hours", "segment.jitter.ms", HOUR_MS],
  ["log.flush.interval.ms", "flush.ms", 1],
];

const PER_ADDRESS = "max.connections.per.ip.overrides";
const ASSIGNORS = "group.consumer.assignors";
const MIGRATION = "group.consumer.migration.policy";
const MIGRATIONS: readonly GroupMigration[] = ["bidirectional", "upgrade", "downgrade", "disabled"];
const CLEANER_RATE = "log.cleaner.io.max.bytes.per.second";
const AUTO_CREATE = "auto.create.topics.enable";

/**
 * Reads Kafka's server.properties: what this broker supports, under Kafka's own names. Throws a BrokerError with
 * the code OPTION_INVALID, which names the setting, where a value makes no sense.
 */
export function parseServerProperties(text: string): ServerProperties {
  const given = parseProperties(text);
  const options: Mutable<BrokerOptions> = {};
  for (const [name, [option, min, unit = 1]] of Object.entries(NUMBERS)) {
    const value = given.get(name);
    if (value !== undefined) options[option] = wholeNumber(name, value, min) * unit;
  }
  const autoCreate = given.get(AUTO_CREATE);
  if (autoCreate !== undefined) options.autoCreateTopics = flag(AUTO_CREATE, autoCreate);
  const topicDefaults = topicDefaultsOf(given);
  if (Object.keys(topicDefaults).length > 0) options.topicDefaults = topicDefaults;
  const listeners = listenerOptions(given);
  const sasl = saslOptions(given);
  const acls = aclOptions(given);
  if (listeners.needSasl && sasl === undefined) throw missing("sasl.enabled.mechanisms");
  Object.assign(options, listeners.options, perAddress(given), assignors(given), migration(given), {
    ...(listeners.needSasl ? { sasl } : {}),
    ...(acls === undefined ? {} : { acls }),
  });
  const cleanerRate = given.get(CLEANER_RATE);
  if (cleanerRate !== undefined) options.logCleanerMaxBytesPerSecond = realNumber(CLEANER_RATE, cleanerRate);
  const known = new Set([
    ...Object.keys(NUMBERS),
    ...Object.values(brokerNames),
    ...TIMES.map(([name]) => name),
    ...LISTENER_NAMES,
    ...ACL_NAMES,
    PER_ADDRESS,
    ASSIGNORS,
    MIGRATION,
    CLEANER_RATE,
    AUTO_CREATE,
  ]);
  const isKnown = (name: string): boolean =>
    known.has(name) || isSaslName(name) || isTlsName(name, listeners.names);
  return { options, unknown: [...given.keys()].filter((name) => !isKnown(name)) };
}

function topicDefaultsOf(given: ReadonlyMap<string, string>): Record<string, string> {
  const defaults: Record<string, string> = {};
  for (const [topicName, brokerName] of Object.entries(brokerNames)) {
    const value = given.get(brokerName);
    // The largest message is an option of its own, above.
    if (value === undefined || brokerName in NUMBERS) continue;
    const problem = TopicConfig.problem(topicName, value);
    if (problem !== undefined) throw invalid(brokerName, value);
    defaults[topicName] = value;
  }
  for (const [name, topicName, unitMs] of TIMES) {
    const value = given.get(name);
    if (value === undefined || topicName in defaults) continue;
    const amount = wholeNumber(name, value, -1);
    // Minus one, in any unit, is for ever.
    const amountMs = String(amount < 0 ? amount : amount * unitMs);
    if (TopicConfig.problem(topicName, amountMs) !== undefined) throw invalid(name, value);
    defaults[topicName] = amountMs;
  }
  return defaults;
}

/** Bounds for single addresses: "10.0.0.1:5,10.0.0.2:7". */
function perAddress(given: ReadonlyMap<string, string>): Partial<BrokerOptions> {
  const value = given.get(PER_ADDRESS);
  if (value === undefined || value.trim() === "") return {};
  const bounds = addressBounds(value);
  if (bounds === undefined) throw invalid(PER_ADDRESS, value);
  return { maxConnectionsPerIpOverrides: bounds };
}

/** Kafka names its assignors in short or by their classes. */
function assignors(given: ReadonlyMap<string, string>): Partial<BrokerOptions> {
  const value = given.get(ASSIGNORS);
  if (value === undefined) return {};
  const names = value.split(",").map((name) => name.trim());
  const known = names.map((name) => /(?:^|\.)(uniform|range)(?:Assignor)?$/i.exec(name)?.[1]?.toLowerCase());
  const found = known.filter((name) => name !== undefined);
  if (found.length < names.length) throw invalid(ASSIGNORS, value);
  return { groupConsumerAssignors: found };
}

function migration(given: ReadonlyMap<string, string>): Partial<BrokerOptions> {
  const value = given.get(MIGRATION);
  if (value === undefined) return {};
  const known = MIGRATIONS.find((name) => name === value.trim().toLowerCase());
  if (known === undefined) throw invalid(MIGRATION, value);
  return { groupConsumerMigration: known };
}

function wholeNumber(name: string, value: string, min: number): number {
  const trimmed = value.trim();
  const number = Number(trimmed);
  if (!/^-?\d+$/.test(trimmed) || number < min || !Number.isSafeInteger(number)) throw invalid(name, value);
  return number;
}

function realNumber(name: string, value: string): number {
  const number = Number(value);
  if (value.trim() === "" || Number.isNaN(number)) throw invalid(name, value);
  return number;
}

function flag(name: string, value: string): boolean {
  const trimmed = value.trim().toLowerCase();
  if (trimmed !== "true" && trimmed !== "false") throw invalid(name, value);
  return trimmed === "true";
}

function invalid(name: string, value: string): BrokerError {
  return new BrokerError(
    "OPTION_INVALID",
    `${name} cannot be "${value}"; correct it in the properties file.`,
  );
}
