import type { ConsumerGroupTimes } from "./group-config.ts";

/** Which way groups with members may change their protocol. */
export type GroupMigration = "bidirectional" | "upgrade" | "downgrade" | "disabled";

export interface GroupSettings {
  readonly initialRebalanceDelayMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  readonly maxMembers: number;
  /** Of the new protocol. */
  readonly consumer: ConsumerGroupTimes & {
    readonly maxMembers: number;
    readonly defaultAssignor: string;
    readonly migration: GroupMigration;
  };
}
