import type { LogSettings } from "../storage/partition-log.ts";

/** Kafka's numbers for the types of configuration values, as DescribeConfigs reports them. */
export const ConfigType = { BOOLEAN: 1, STRING: 2, INT: 3, SHORT: 4, LONG: 5, DOUBLE: 6, LIST: 7 } as const;

interface ConfigDefinition {
  readonly type: (typeof ConfigType)[keyof typeof ConfigType];
  readonly fallback: string;
  readonly valid: (value: string) => boolean;
}

const MAX_INT = 2 ** 31 - 1;
const MAX_LONG = Number.MAX_SAFE_INTEGER;
const DAY_MS = 86_400_000;
const FOREVER = "9223372036854775807";

function whole(min: number, max: number): (value: string) => boolean {
  return (value) => /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max * 1.1;
}

function oneOf(...values: readonly string[]): (value: string) => boolean {
  return (value) => values.includes(value);
}

function listOf(...values: readonly string[]): (value: string) => boolean {
  return (value) => value.split(",").every((part) => values.includes(part.trim()));
}

const int = (fallback: number, min: number): ConfigDefinition => ({
  type: ConfigType.INT,
  fallback: String(fallback),
  valid: (value) => whole(min, MAX_INT)(value) && Number(value) <= MAX_INT,
});
const long = (fallback: string, min: number): ConfigDefinition => ({
  type: ConfigType.LONG,
  fallback,
  valid: whole(min, MAX_LONG * 1024),
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

/** The topic settings that Kafka knows, with its defaults; those that a single node can act on are acted on. */
const definitions: Readonly<Record<string, ConfigDefinition>> = {
  "cleanup.policy": { type: ConfigType.LIST, fallback: "delete", valid: listOf("delete", "compact") },
  "compression.type": text("producer", oneOf("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd")),
  "delete.retention.ms": long(String(DAY_MS), 0),
  "file.delete.delay.ms": long("60000", 0),
  "flush.messages": long(FOREVER, 1),
  "flush.ms": long(FOREVER, 0),
  "index.interval.bytes": int(4096, 0),
  "max.compaction.lag.ms": long(FOREVER, 1),
  "max.message.bytes": int(1_048_588, 0),
  "message.timestamp.after.max.ms": long("3600000", 0),
  "message.timestamp.before.max.ms": long(FOREVER, 0),
  "message.timestamp.type": text("CreateTime", oneOf("CreateTime", "LogAppendTime")),
  "min.cleanable.dirty.ratio": {
    type: ConfigType.DOUBLE,
    fallback: "0.5",
    valid: (value) => Number(value) >= 0 && Number(value) <= 1,
  },
  "min.compaction.lag.ms": long("0", 0),
  "min.insync.replicas": int(1, 1),
  preallocate: boolean(false),
  "retention.bytes": long("-1", -MAX_LONG),
  "retention.ms": long(String(7 * DAY_MS), -1),
  "segment.bytes": int(1_073_741_824, 1024),
  "segment.index.bytes": int(10_485_760, 4),
  "segment.jitter.ms": long("0", 0),
  "segment.ms": long(String(7 * DAY_MS), 1),
  "unclean.leader.election.enable": boolean(false),
};

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly type: number;
  readonly isDefault: boolean;
  readonly defaultValue: string;
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
    return definition.valid(value) ? undefined : `Invalid value ${value} for configuration ${name}`;
  }

  static isList(name: string): boolean {
    return definitions[name]?.type === ConfigType.LIST;
  }

  get(name: string): string {
    return this.#overrides.get(name) ?? this.#defaultOf(name);
  }

  #defaultOf(name: string): string {
    return this.#brokerDefaults[name] ?? definitions[name]?.fallback ?? "";
  }

  number(name: string): number {
    return Number(this.get(name));
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

  get logSettings(): LogSettings {
    return {
      segmentBytes: this.number("segment.bytes"),
      segmentMs: this.number("segment.ms"),
      retentionMs: this.isDeleted ? this.number("retention.ms") : -1,
      retentionBytes: this.isDeleted ? this.number("retention.bytes") : -1,
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
      value: this.get(name),
      type,
      isDefault: !this.#overrides.has(name),
      defaultValue: this.#defaultOf(name),
    }));
  }
}
