import type { Settings } from "../options.ts";
import type { Journal } from "../storage/journal.ts";
import { ConfigType, TopicConfig } from "../topics/topic-config.ts";
import { addressBounds } from "./address-bounds.ts";
import { type BrokerSetting, brokerSettings } from "./broker-settings.ts";
import { readJavaDouble } from "./java-double.ts";

const KIND = "broker-config";
/** The scope of what is set for all brokers of a cluster; a broker's own scope is its number. */
export const CLUSTER = "";

const MAX_INT = 2 ** 31 - 1;
const THREADS = "log.cleaner.threads";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Values = Readonly<Record<string, string>>;

/** One of the values that a setting could have, the first of which counts. */
export interface SettingLayer {
  readonly name: string;
  readonly value: string;
  readonly origin: "broker" | "cluster" | "start" | "default";
}

/**
 * The broker's settings while it runs: what was set for this broker, above what was set for the cluster, above what it
 * was started with. What is set takes effect at once and is durable once `flush` has resolved.
 */
export class BrokerConfiguration {
  /** What holds now; the object stays the same while its values change. */
  readonly settings: Settings;
  readonly #live: Mutable<Settings>;
  readonly #started: Settings;
  readonly #topicDefaults: Record<string, string>;
  readonly #journal: Journal;
  readonly #scopes = new Map<string, Values>();
  readonly #listeners = new Set<() => void>();
  /** Settings of the start that are known only when it is over. */
  readonly #told = new Map<string, string>();

  constructor(journal: Journal, started: Settings) {
    this.#journal = journal;
    this.#started = started;
    this.#topicDefaults = { ...started.topicDefaults };
    this.#live = { ...started, topicDefaults: this.#topicDefaults };
    this.settings = this.#live;
    for (const { key, value } of journal.entries()) {
      const [kind, scope] = JSON.parse(key) as [string, string];
      if (kind === KIND) this.#scopes.set(scope, value as Values);
    }
    this.#apply();
  }

  /** Calls the listener after each change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Takes what holds of settings that the options do not say, such as the port that the system has chosen. */
  tell(values: Values): void {
    for (const [name, value] of Object.entries(values)) this.#told.set(name, value);
  }

  /** What was set in one scope: the cluster's or this broker's number. */
  overrides(scope: string): Values {
    return this.#scopes.get(scope) ?? {};
  }

  /** The value that a list of this scope is made longer or shorter from. */
  valueIn(scope: string, name: string): string {
    return this.overrides(scope)[name] ?? brokerSettings.get(name)?.fallback ?? "";
  }

  /** Why a setting cannot be, or undefined where it can. Names that mean nothing here can be kept, as in Kafka. */
  problem(scope: string, name: string, value: string): string | undefined {
    const setting = brokerSettings.get(name);
    if (setting === undefined) return undefined;
    if (setting.effect.kind === "read-only") return `Cannot update these configs dynamically: [${name}]`;
    if (!isValid(setting, value)) return `Invalid value ${value} for configuration ${name}`;
    // What the broker's own value stands above does not count.
    const isHidden = scope === CLUSTER && name in this.overrides(String(this.#started.nodeId));
    return name === THREADS && !isHidden ? this.#threadProblem(Number(value)) : undefined;
  }

  /** Kafka lets the number of its threads at most double or halve at once. */
  #threadProblem(wanted: number): string | undefined {
    const threads = this.settings.logCleanerThreads;
    if (wanted >= 1 && wanted >= Math.floor(threads / 2) && wanted <= threads * 2) return undefined;
    return `${THREADS} can be halved or doubled at once, not changed from ${threads} to ${wanted}`;
  }

  /** Replaces everything that is set in a scope. */
  configure(scope: string, values: Values): void {
    const isEmpty = Object.keys(values).length === 0;
    this.#journal.put([{ key: JSON.stringify([KIND, scope]), value: isEmpty ? null : values }]);
    this.#scopes.set(scope, values);
    const idle = Object.keys(values).filter((name) => !brokerSettings.has(name));
    if (idle.length > 0) {
      this.#started.log({ level: "warn", msg: "settings are kept that mean nothing here", names: idle });
    }
    this.#apply();
    for (const listener of this.#listeners) listener();
  }

  flush(): Promise<void> {
    return this.#journal.flush();
  }

  /** All values that a setting could have; empty where it has none. */
  layers(name: string): readonly SettingLayer[] {
    const setting = brokerSettings.get(name);
    const own = this.overrides(String(this.#started.nodeId))[name];
    const cluster = this.overrides(CLUSTER)[name];
    const started = this.#told.get(name) ?? setting?.started(this.#started) ?? null;
    const fallback = setting?.fallback ?? null;
    const set: SettingLayer[] = [
      ...(own === undefined ? [] : [{ name, value: own, origin: "broker" } as const]),
      ...(cluster === undefined ? [] : [{ name, value: cluster, origin: "cluster" } as const]),
      ...(started === null || started === fallback
        ? []
        : [{ name, value: started, origin: "start" } as const]),
    ];
    if (fallback !== null) return [...set, { name, value: fallback, origin: "default" }];
    // Kafka shows the larger unit below a value, and nothing at all where there is none.
    const [coarser, value] = setting?.coarser ?? [];
    if (set.length === 0 || coarser === undefined || value === undefined) return set;
    return [...set, { name: coarser, value, origin: "default" }];
  }

  /** What holds of everything that was set while the broker ran, or undefined. */
  #dynamic(name: string): string | undefined {
    return this.overrides(String(this.#started.nodeId))[name] ?? this.overrides(CLUSTER)[name];
  }

  #apply(): void {
    for (const { name, effect } of brokerSettings.values()) {
      if (effect.kind !== "topic-default") continue;
      const value = this.#dynamic(name) ?? this.#started.topicDefaults[effect.topicName];
      if (value === undefined) delete this.#topicDefaults[effect.topicName];
      else this.#topicDefaults[effect.topicName] = value;
    }
    const bound = (name: string, otherwise: number): number =>
      readJavaDouble(this.#dynamic(name) ?? "") ?? otherwise;
    this.#live.maxConnections = bound("max.connections", this.#started.maxConnections);
    this.#live.maxConnectionsPerIp = bound("max.connections.per.ip", this.#started.maxConnectionsPerIp);
    const single = this.#dynamic("max.connections.per.ip.overrides");
    this.#live.maxConnectionsPerIpOverrides =
      (single === undefined ? undefined : addressBounds(single)) ??
      this.#started.maxConnectionsPerIpOverrides;
    const { logCleanerBackoffMs, logCleanerThreads, logCleanerMaxBytesPerSecond } = this.#started;
    this.#live.logCleanerBackoffMs = bound("log.cleaner.backoff.ms", logCleanerBackoffMs);
    this.#live.logCleanerThreads = Math.max(bound(THREADS, logCleanerThreads), 1);
    this.#live.logCleanerMaxBytesPerSecond = bound(
      "log.cleaner.io.max.bytes.per.second",
      logCleanerMaxBytesPerSecond,
    );
  }
}

function isValid({ name, type, effect }: BrokerSetting, value: string): boolean {
  if (effect.kind === "topic-default") {
    if (TopicConfig.problem(effect.topicName, value) !== undefined) return false;
    return name !== "log.retention.ms" || Number(value) !== 0;
  }
  if (type === ConfigType.STRING) return addressBounds(value) !== undefined;
  if (type === ConfigType.DOUBLE) return readJavaDouble(value) !== undefined;
  const most = type === ConfigType.LONG ? Number.MAX_SAFE_INTEGER : MAX_INT;
  return /^\d+$/.test(value.trim()) && Number(value) <= most;
}
