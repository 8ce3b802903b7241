import { BrokerError } from "../broker-error.ts";
import type { BrokerOptions } from "../options.ts";
import { brokerNames, TopicConfig } from "../topics/topic-config.ts";
import { plainListener } from "./listener-address.ts";
import { parseProperties } from "./properties-file.ts";

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
  "connections.max.idle.ms": ["connectionIdleMs", 1],
  "group.initial.rebalance.delay.ms": ["groupInitialRebalanceDelayMs", 0],
  "group.min.session.timeout.ms": ["groupMinSessionTimeoutMs", 1],
  "group.max.session.timeout.ms": ["groupMaxSessionTimeoutMs", 1],
  "group.max.size": ["groupMaxMembers", 1],
  "offset.metadata.max.bytes": ["offsetMetadataMaxBytes", 0],
  "offsets.retention.minutes": ["offsetsRetentionMs", 1, 60_000],
  "transaction.max.timeout.ms": ["transactionMaxTimeoutMs", 1],
  "log.retention.check.interval.ms": ["maintenanceIntervalMs", 1],
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

const LISTENERS = ["listeners", "advertised.listeners", "controller.listener.names"];
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
  Object.assign(options, addresses(given));
  const known = new Set([
    ...Object.keys(NUMBERS),
    ...Object.values(brokerNames),
    ...TIMES.map(([name]) => name),
    ...LISTENERS,
    AUTO_CREATE,
  ]);
  return { options, unknown: [...given.keys()].filter((name) => !known.has(name)) };
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

function addresses(given: ReadonlyMap<string, string>): Partial<BrokerOptions> {
  const names = given.get("controller.listener.names") ?? "CONTROLLER";
  const controllers = new Set(names.split(",").map((name) => name.trim().toUpperCase()));
  const listeners = given.get("listeners");
  const advertised = given.get("advertised.listeners");
  const options: Mutable<Partial<BrokerOptions>> = {};
  if (listeners !== undefined) {
    const { host, port } = plainListener("listeners", listeners, controllers);
    Object.assign(options, { host: host === "" ? "0.0.0.0" : host, port });
  }
  if (advertised !== undefined) {
    const { host, port } = plainListener("advertised.listeners", advertised, controllers);
    options.advertisedPort = port;
    if (host !== "") options.advertisedHost = host;
  }
  return options;
}

function wholeNumber(name: string, value: string, min: number): number {
  const trimmed = value.trim();
  const number = Number(trimmed);
  if (!/^-?\d+$/.test(trimmed) || number < min || !Number.isSafeInteger(number)) throw invalid(name, value);
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
