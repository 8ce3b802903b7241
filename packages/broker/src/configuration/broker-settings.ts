import { type Settings, withDefaults } from "../options.ts";
import { brokerNames, ConfigType, TopicConfig } from "../topics/topic-config.ts";
import { javaDouble } from "./java-double.ts";
import { SETTING_TEXTS } from "./setting-texts.ts";

/** Where a setting takes effect: nowhere but at the start, as a default of topics, on the connections, or on compaction. */
export type SettingEffect =
  | { readonly kind: "read-only" }
  | { readonly kind: "topic-default"; readonly topicName: string }
  | { readonly kind: "connections" }
  | { readonly kind: "cleaner" };

/** A setting of the broker under Kafka's name. */
export interface BrokerSetting {
  readonly name: string;
  readonly type: number;
  readonly documentation: string;
  readonly effect: SettingEffect;
  /** Null where a setting in a larger unit counts as long as nothing is set. */
  readonly fallback: string | null;
  /** The setting in a larger unit, with its default. */
  readonly coarser?: readonly [name: string, value: string];
  /** What the broker was started with. */
  readonly started: (settings: Settings) => string | null;
}

/** Defaults of topics whose settings come in several units; the broker's other defaults are in `brokerNames`. */
const IN_UNITS: Readonly<
  Record<string, { readonly name: string; readonly coarser: readonly [string, string] }>
> = {
  "retention.ms": { name: "log.retention.ms", coarser: ["log.retention.hours", "168"] },
  "segment.ms": { name: "log.roll.ms", coarser: ["log.roll.hours", "168"] },
  "segment.jitter.ms": { name: "log.roll.jitter.ms", coarser: ["log.roll.jitter.hours", "0"] },
  "flush.ms": {
    name: "log.flush.interval.ms",
    coarser: ["log.flush.scheduler.interval.ms", "9223372036854775807"],
  },
};

/** The broker's setting that stands behind a topic's, where there is one. */
export function brokerNameOf(topicName: string): string | undefined {
  return brokerNames[topicName] ?? IN_UNITS[topicName]?.name;
}

function topicDefault(name: string, topicName: string): BrokerSetting {
  const { type, value } = TopicConfig.kafkaDefault(topicName);
  const coarser = IN_UNITS[topicName]?.coarser;
  const fallback = coarser === undefined ? value : null;
  return {
    name,
    type,
    documentation: SETTING_TEXTS[name] ?? `What holds for ${topicName} of topics that do not set it.`,
    effect: { kind: "topic-default", topicName },
    fallback,
    ...(coarser === undefined ? {} : { coarser }),
    started: (settings) => settings.topicDefaults[topicName] ?? fallback,
  };
}

const INITIAL = withDefaults({});

function option(
  name: string,
  type: number,
  started: (settings: Settings) => string | number | boolean,
  effect: SettingEffect = { kind: "read-only" },
): BrokerSetting {
  const documentation = SETTING_TEXTS[name] ?? "";
  const text = (settings: Settings): string => String(started(settings));
  return { name, type, documentation, effect, fallback: text(INITIAL), started: text };
}

/** Shown for what they would be; where one is given, its amount counts in the setting in milliseconds. */
function larger(name: string, type: number, fallback: string | null): BrokerSetting {
  const documentation = SETTING_TEXTS[name] ?? "";
  return { name, type, documentation, effect: { kind: "read-only" }, fallback, started: () => fallback };
}

/** What holds here whatever is wanted, or is told once it is known; `usual` is what Kafka takes where nothing is set. */
function fixed(name: string, type: number, held: string | null, usual: string | null = held): BrokerSetting {
  const documentation = SETTING_TEXTS[name] ?? "";
  return {
    name,
    type,
    documentation,
    effect: { kind: "read-only" },
    fallback: usual,
    started: () => held,
  };
}

const PROTOCOL_MAP = "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT";

const { BOOLEAN, DOUBLE, INT, LIST, LONG, SHORT, STRING } = ConfigType;
const CONNECTIONS: SettingEffect = { kind: "connections" };
const CLEANER: SettingEffect = { kind: "cleaner" };

const all: readonly BrokerSetting[] = [
  ...Object.entries(brokerNames).map(([topicName, name]) => topicDefault(name, topicName)),
  ...Object.entries(IN_UNITS).map(([topicName, { name }]) => topicDefault(name, topicName)),
  ...Object.values(IN_UNITS).map(({ coarser: [name, value] }) =>
    larger(name, name.endsWith("hours") ? INT : LONG, value),
  ),
  larger("log.retention.minutes", INT, null),
  fixed("advertised.listeners", LIST, null),
  fixed("delete.topic.enable", BOOLEAN, "true"),
  fixed("listener.security.protocol.map", STRING, null, PROTOCOL_MAP),
  fixed("listeners", LIST, null, "PLAINTEXT://:9092"),
  fixed("log.cleaner.enable", BOOLEAN, "true"),
  fixed("log.dirs", LIST, null),
  fixed("offsets.topic.replication.factor", SHORT, "1", "3"),
  fixed("process.roles", LIST, "broker,controller", ""),
  fixed("transaction.state.log.replication.factor", SHORT, "1", "3"),
  option("auto.create.topics.enable", BOOLEAN, (of) => of.autoCreateTopics),
  option("broker.id", INT, (of) => of.nodeId),
  option("connections.max.idle.ms", LONG, (of) => of.connectionIdleMs),
  option("default.replication.factor", INT, () => 1),
  option("fetch.max.bytes", INT, (of) => of.fetchMaxBytes),
  option("group.consumer.assignors", LIST, (of) => of.groupConsumerAssignors.join()),
  option("group.consumer.heartbeat.interval.ms", INT, (of) => of.groupConsumerHeartbeatIntervalMs),
  option("group.consumer.max.heartbeat.interval.ms", INT, (of) => of.groupConsumerMaxHeartbeatIntervalMs),
  option("group.consumer.max.session.timeout.ms", INT, (of) => of.groupConsumerMaxSessionTimeoutMs),
  option("group.consumer.min.heartbeat.interval.ms", INT, (of) => of.groupConsumerMinHeartbeatIntervalMs),
  option("group.consumer.min.session.timeout.ms", INT, (of) => of.groupConsumerMinSessionTimeoutMs),
  option("group.consumer.max.size", INT, (of) => of.groupConsumerMaxMembers),
  option("group.consumer.migration.policy", STRING, (of) => of.groupConsumerMigration),
  option("group.consumer.session.timeout.ms", INT, (of) => of.groupConsumerSessionTimeoutMs),
  option("group.initial.rebalance.delay.ms", INT, (of) => of.groupInitialRebalanceDelayMs),
  option("group.max.session.timeout.ms", INT, (of) => of.groupMaxSessionTimeoutMs),
  option("group.max.size", INT, (of) => of.groupMaxMembers),
  option("group.min.session.timeout.ms", INT, (of) => of.groupMinSessionTimeoutMs),
  option("log.cleaner.backoff.ms", LONG, (of) => of.logCleanerBackoffMs, CLEANER),
  option(
    "log.cleaner.io.max.bytes.per.second",
    DOUBLE,
    (of) => javaDouble(of.logCleanerMaxBytesPerSecond),
    CLEANER,
  ),
  option("log.cleaner.threads", INT, (of) => of.logCleanerThreads, CLEANER),
  option("log.initial.task.delay.ms", LONG, (of) => of.maintenanceDelayMs),
  option("log.retention.check.interval.ms", LONG, (of) => of.maintenanceIntervalMs),
  option("max.connections", INT, (of) => of.maxConnections, CONNECTIONS),
  option("max.connections.per.ip", INT, (of) => of.maxConnectionsPerIp, CONNECTIONS),
  option(
    "max.connections.per.ip.overrides",
    STRING,
    (of) =>
      Object.entries(of.maxConnectionsPerIpOverrides)
        .map(([address, bound]) => `${address}:${bound}`)
        .join(),
    CONNECTIONS,
  ),
  option("node.id", INT, (of) => of.nodeId),
  option("num.partitions", INT, (of) => of.numPartitions),
  option("offset.metadata.max.bytes", INT, (of) => of.offsetMetadataMaxBytes),
  option("offsets.retention.minutes", INT, (of) => Math.round(of.offsetsRetentionMs / 60_000)),
  option("offsets.topic.num.partitions", INT, (of) => of.offsetsTopicPartitions),
  option("queued.max.request.bytes", LONG, (of) => of.requestMemoryBytes),
  option("socket.request.max.bytes", INT, (of) => of.requestMaxBytes),
  option("transaction.max.timeout.ms", INT, (of) => of.transactionMaxTimeoutMs),
  option("transaction.state.log.num.partitions", INT, (of) => of.transactionTopicPartitions),
];

/** The settings that this broker acts on, by name. */
export const brokerSettings: ReadonlyMap<string, BrokerSetting> = new Map(
  all.map((setting) => [setting.name, setting]),
);
