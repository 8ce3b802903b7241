import { javaDouble, readJavaDouble } from "../configuration/java-double.ts";
import type { LogSettings } from "../storage/partition-log.ts";

/** Kafka's numbers for the types of configuration values, as DescribeConfigs reports them. */
export const ConfigType = { BOOLEAN: 1, STRING: 2, INT: 3, SHORT: 4, LONG: 5, DOUBLE: 6, LIST: 7 } as const;

interface ConfigDefinition {
  readonly type: (typeof ConfigType)[keyof typeof ConfigType];
  readonly fallback: string;
  readonly valid: (value: string) => boolean;
}

const MAX_INT = 2n ** 31n - 1n;
const MAX_LONG = 2n ** 63n - 1n;
const DAY_MS = 86_400_000;
const FOREVER = "9223372036854775807";

function whole(min: bigint, max: bigint): (value: string) => boolean {
  return (value) => {
    if (!/^[+-]?\d+$/.test(value)) return false;
    const number = BigInt(value.replace("+", ""));
    return number >= min && number <= max;
  };
}

function oneOf(...values: readonly string[]): (value: string) => boolean {
  return (value) => values.includes(value);
}

/** Some of the values, or none. */
function listOf(...values: readonly string[]): (value: string) => boolean {
  return (value) => value === "" || value.split(",").every((part) => values.includes(part.trim()));
}

/** From 0 to 1; what is no number is neither less nor more. */
function isRatio(value: string): boolean {
  const ratio = readJavaDouble(value);
  return ratio !== undefined && !(ratio < 0) && !(ratio > 1);
}

const int = (fallback: number, min: number): ConfigDefinition => ({
  type: ConfigType.INT,
  fallback: String(fallback),
  valid: whole(BigInt(min), MAX_INT),
});
const long = (fallback: string, min: number): ConfigDefinition => ({
  type: ConfigType.LONG,
  fallback,
  valid: whole(BigInt(min), MAX_LONG),
});
const boolean = (fallback: boolean): ConfigDefinition => ({
  type: ConfigType.BOOLEAN,
  fallback: String(fallback),
  valid: oneOf("true", "false"),
});
const text = (fallback: string, valid: (value: string) => boolean): ConfigDefinition => ({
  type: ConfigType.STRING,
  fallback,
  valid,
});
/** All replicas, or some by the number of their partition and of their broker. */
const replicas: ConfigDefinition = {
  type: ConfigType.LIST,
  fallback: "",
  valid: (value) => {
    const parts = value.split(",").map((part) => part.trim());
    return value.trim() === "*" || parts.every((part) => /^(\d+:\d+)?$/.test(part));
  },
};

/** The topic settings that Kafka knows, with its defaults; those that a single node can act on are acted on. */
const definitions: Readonly<Record<string, ConfigDefinition>> = {
  "cleanup.policy": { type: ConfigType.LIST, fallback: "delete", valid: listOf("delete", "compact") },
  "compression.gzip.level": int(-1, -1),
  "compression.lz4.level": int(9, 1),
  "compression.zstd.level": int(3, -131_072),
  "compression.type": text("producer", oneOf("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd")),
  "delete.retention.ms": long(String(DAY_MS), 0),
  "file.delete.delay.ms": long("60000", 0),
  "flush.messages": long(FOREVER, 1),
  "flush.ms": long(FOREVER, 0),
  "follower.replication.throttled.replicas": replicas,
  "index.interval.bytes": int(4096, 0),
  "leader.replication.throttled.replicas": replicas,
  "local.retention.bytes": long("-2", -2),
  "local.retention.ms": long("-2", -2),
  "max.compaction.lag.ms": long(FOREVER, 1),
  "max.message.bytes": int(1_048_588, 0),
  "message.timestamp.after.max.ms": long("3600000", 0),
  "message.timestamp.before.max.ms": long(FOREVER, 0),
  "message.timestamp.type": text("CreateTime", oneOf("CreateTime", "LogAppendTime")),
  "min.cleanable.dirty.ratio": {
    type: ConfigType.DOUBLE,
    fallback: "0.5",
    valid: isRatio,
  },
  "min.compaction.lag.ms": long("0", 0),
  "min.insync.replicas": int(1, 1),
  preallocate: boolean(false),
  // There is no second storage that old segments could go to.
  "remote.log.copy.disable": { ...boolean(false), valid: oneOf("false") },
  "remote.log.delete.on.disable": { ...boolean(false), valid: oneOf("false") },
  "remote.storage.enable": { ...boolean(false), valid: oneOf("false") },
  "retention.bytes": long("-1", Number.MIN_SAFE_INTEGER),
  "retention.ms": long(String(7 * DAY_MS), -1),
  "segment.bytes": int(1_073_741_824, 1_048_576),
  "segment.index.bytes": int(10_485_760, 4),
  "segment.jitter.ms": long("0", 0),
  "segment.ms": long(String(7 * DAY_MS), 1),
  "unclean.leader.election.enable": boolean(false),
};

/**
 * The broker's setting that is the default of a topic's. Left out where Kafka has one without a default of its
 * own, such as log.retention.ms, which stands above log.retention.hours.
 */
export const brokerNames: Readonly<Record<string, string>> = {
  "cleanup.policy": "log.cleanup.policy",
  "compression.gzip.level": "compression.gzip.level",
  "compression.lz4.level": "compression.lz4.level",
  "compression.type": "compression.type",
  "compression.zstd.level": "compression.zstd.level",
  "delete.retention.ms": "log.cleaner.delete.retention.ms",
  "file.delete.delay.ms": "log.segment.delete.delay.ms",
  "flush.messages": "log.flush.interval.messages",
  "index.interval.bytes": "log.index.interval.bytes",
  "local.retention.bytes": "log.local.retention.bytes",
  "local.retention.ms": "log.local.retention.ms",
  "max.compaction.lag.ms": "log.cleaner.max.compaction.lag.ms",
  "max.message.bytes": "message.max.bytes",
  "message.timestamp.after.max.ms": "log.message.timestamp.after.max.ms",
  "message.timestamp.before.max.ms": "log.message.timestamp.before.max.ms",
  "message.timestamp.type": "log.message.timestamp.type",
  "min.cleanable.dirty.ratio": "log.cleaner.min.cleanable.ratio",
  "min.compaction.lag.ms": "log.cleaner.min.compaction.lag.ms",
  "min.insync.replicas": "min.insync.replicas",
  preallocate: "log.preallocate",
  "retention.bytes": "log.retention.bytes",
  "segment.bytes": "log.segment.bytes",
  "segment.index.bytes": "log.index.size.max.bytes",
  "unclean.leader.election.enable": "unclean.leader.election.enable",
};

/** The value as it is understood, though it is kept and shown as it was given: without the blanks around it, and flags in small letters. */
function canonical(name: string, value: string): string {
  const trimmed = value.trim();
  return definitions[name]?.type === ConfigType.BOOLEAN ? trimmed.toLowerCase() : trimmed;
}

/** The parts of a list, each once where it is a choice of some. */
function parts(value: string, isChoice: boolean): string[] {
  const all = value.split(",").map((part) => part.trim());
  return isChoice ? [...new Set(all)] : all;
}

/** The value as it is told of a topic: as the type writes it. What is told when a topic is made is as it was given. */
export function shownValue(
  { name, type }: { readonly name: string; readonly type: number },
  value: string,
): string {
  const trimmed = value.trim();
  switch (type) {
    case ConfigType.BOOLEAN:
      return trimmed.toLowerCase();
    case ConfigType.INT:
    case ConfigType.LONG:
      return BigInt(trimmed.replace("+", "")).toString();
    case ConfigType.DOUBLE:
      return javaDouble(readJavaDouble(trimmed) ?? Number.NaN);
    case ConfigType.LIST:
      return parts(trimmed, name === "cleanup.policy").join(",");
    default:
      return trimmed;
  }
}

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly type: number;
  readonly isDefault: boolean;
  readonly defaultValue: string;
  /** Under what name the broker has the default, where it has one. */
  readonly brokerName: string | undefined;
}

/** The settings of one topic: what was set on it, above what the broker's options say, above Kafka's defaults. */
export class TopicConfig {
  readonly #overrides: Map<string, string>;
  readonly #brokerDefaults: Readonly<Record<string, string>>;

  constructor(
    brokerDefaults: Readonly<Record<string, string>>,
    overrides: Iterable<readonly [string, string]> = [],
  ) {
    this.#brokerDefaults = brokerDefaults;
    this.#overrides = new Map(overrides);
  }

  /** Why a setting cannot be, or undefined where it can. */
  static problem(name: string, value: string): string | undefined {
    const definition = definitions[name];
    if (definition === undefined) return `Unknown topic config name: ${name}`;
    return definition.valid(canonical(name, value))
      ? undefined
      : `Invalid value ${value} for configuration ${name}`;
  }

  /** Why these settings cannot be together, or undefined where they can. */
  get contradiction(): string | undefined {
    const [least, most] = ["min.compaction.lag.ms", "max.compaction.lag.ms"] as const;
    return BigInt(this.get(least)) > BigInt(this.get(most))
      ? `${least} (${this.get(least)}) is greater than ${most} (${this.get(most)})`
      : undefined;
  }

  /** What Kafka has where nothing is set, and of what type it is; empty text for a name that it does not know. */
  static kafkaDefault(name: string): { readonly type: number; readonly value: string } {
    const definition = definitions[name];
    return { type: definition?.type ?? ConfigType.STRING, value: definition?.fallback ?? "" };
  }

  static isList(name: string): boolean {
    return definitions[name]?.type === ConfigType.LIST;
  }

  get(name: string): string {
    return canonical(name, this.#overrides.get(name) ?? this.#defaultOf(name));
  }

  #defaultOf(name: string): string {
    return this.#brokerDefaults[name] ?? definitions[name]?.fallback ?? "";
  }

  /** A setting that is a number. Each append asks for some: whole ones, as nearly all are, are read the quick way. */
  number(name: string): number {
    const value = this.get(name);
    if (definitions[name]?.type !== ConfigType.DOUBLE) return Number(value);
    return readJavaDouble(value) ?? Number.NaN;
  }

  get maxMessageBytes(): number {
    return this.number("max.message.bytes");
  }

  get isCompacted(): boolean {
    return this.get("cleanup.policy").includes("compact");
  }

  get isDeleted(): boolean {
    return this.get("cleanup.policy").includes("delete");
  }

  get usesAppendTime(): boolean {
    return this.get("message.timestamp.type") === "LogAppendTime";
  }

  get timestampBeforeMaxMs(): number {
    return this.number("message.timestamp.before.max.ms");
  }

  get timestampAfterMaxMs(): number {
    return this.number("message.timestamp.after.max.ms");
  }

  /** What is not in a closed segment is not compacted: those of compacted topics are closed in time for it. */
  get #segmentMs(): number {
    const segmentMs = this.number("segment.ms");
    return this.isCompacted ? Math.min(segmentMs, this.number("max.compaction.lag.ms")) : segmentMs;
  }

  get logSettings(): LogSettings {
    return {
      segmentBytes: this.number("segment.bytes"),
      segmentMs: this.#segmentMs,
      retentionMs: this.isDeleted ? this.number("retention.ms") : -1,
      retentionBytes: this.isDeleted ? this.number("retention.bytes") : -1,
      flushMessages: this.number("flush.messages"),
      flushMs: this.number("flush.ms"),
    };
  }

  overrides(): Record<string, string> {
    return Object.fromEntries(this.#overrides);
  }

  with(overrides: Iterable<readonly [string, string]>): TopicConfig {
    return new TopicConfig(this.#brokerDefaults, overrides);
  }

  entries(): ConfigEntry[] {
    return Object.entries(definitions).map(([name, { type }]) => ({
      name,
      value: this.#overrides.get(name) ?? this.#defaultOf(name),
      type,
      isDefault: !this.#overrides.has(name),
      defaultValue: this.#defaultOf(name),
      brokerName: brokerNames[name],
    }));
  }
}
