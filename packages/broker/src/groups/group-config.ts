import type { Journal } from "../storage/journal.ts";

const KIND = "group-config";

/** How long members of the new protocol may be silent, and how often they are to be heard, with the bounds. */
export interface ConsumerGroupTimes {
  readonly sessionTimeoutMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly minHeartbeatIntervalMs: number;
  readonly maxHeartbeatIntervalMs: number;
}

export const SESSION_TIMEOUT = "consumer.session.timeout.ms";
export const HEARTBEAT_INTERVAL = "consumer.heartbeat.interval.ms";

/** A setting of a group, with the broker's own name for its default. */
export interface GroupConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
  readonly defaultValue: string;
  readonly brokerName: string;
}

/** What was set for single groups, whether they exist or not. Durable once the journal is flushed. */
export class GroupConfigs {
  readonly #journal: Journal;
  readonly #times: ConsumerGroupTimes;
  readonly #groups = new Map<string, Readonly<Record<string, string>>>();

  constructor(journal: Journal, times: ConsumerGroupTimes) {
    this.#journal = journal;
    this.#times = times;
    for (const { key, value } of journal.entries()) {
      const [kind, group] = JSON.parse(key) as [string, string];
      if (kind === KIND) this.#groups.set(group, value as Record<string, string>);
    }
  }

  /** Why a setting cannot be, or undefined where it can. */
  problem(name: string, value: string): string | undefined {
    const bounds = this.#bounds(name);
    if (bounds === undefined) return `Unknown group config name: ${name}`;
    const number = Number(value.trim());
    const isWithin = /^\d+$/.test(value.trim()) && number >= bounds.min && number <= bounds.max;
    return isWithin ? undefined : `${name} must be from ${bounds.min} to ${bounds.max}, not ${value}`;
  }

  #bounds(name: string): { readonly min: number; readonly max: number } | undefined {
    const times = this.#times;
    switch (name) {
      case SESSION_TIMEOUT:
        return { min: times.minSessionTimeoutMs, max: times.maxSessionTimeoutMs };
      case HEARTBEAT_INTERVAL:
        return { min: times.minHeartbeatIntervalMs, max: times.maxHeartbeatIntervalMs };
      default:
        return undefined;
    }
  }

  overrides(group: string): Readonly<Record<string, string>> {
    return this.#groups.get(group) ?? {};
  }

  /** The groups that have settings of their own. */
  groups(): string[] {
    return [...this.#groups.keys()];
  }

  /** Replaces all settings of a group. */
  configure(group: string, overrides: Readonly<Record<string, string>>): void {
    const isEmpty = Object.keys(overrides).length === 0;
    this.#journal.put([{ key: JSON.stringify([KIND, group]), value: isEmpty ? null : overrides }]);
    if (isEmpty) this.#groups.delete(group);
    else this.#groups.set(group, overrides);
  }

  flush(): Promise<void> {
    return this.#journal.flush();
  }

  sessionTimeoutMs(group: string): number {
    return Number(this.overrides(group)[SESSION_TIMEOUT] ?? this.#times.sessionTimeoutMs);
  }

  heartbeatIntervalMs(group: string): number {
    return Number(this.overrides(group)[HEARTBEAT_INTERVAL] ?? this.#times.heartbeatIntervalMs);
  }

  entries(group: string): GroupConfigEntry[] {
    const set = this.overrides(group);
    const defaults: readonly (readonly [string, number])[] = [
      [HEARTBEAT_INTERVAL, this.#times.heartbeatIntervalMs],
      [SESSION_TIMEOUT, this.#times.sessionTimeoutMs],
    ];
    return defaults.map(([name, fallback]) => ({
      name,
      value: set[name] ?? String(fallback),
      isDefault: set[name] === undefined,
      defaultValue: String(fallback),
      brokerName: `group.${name}`,
    }));
  }
}
