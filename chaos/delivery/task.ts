import type { GroupWay } from "./group-way.ts";

/** What a record of an experiment bids its handler do. */
export interface Task {
  readonly id: number;
  readonly key: string;
  readonly nature: "good" | "slow" | "unknown" | "poison" | "blocking";
  /** Attempts that fail, where the nature is unknown. */
  readonly failures: number;
}

/** For how many session timeouts a blocking task blocks the event loop of its member, once. */
export const BLOCKED_SESSIONS = 1.5;

/** What a member process is told. */
export interface MemberSetting {
  readonly port: number;
  readonly groupId: string;
  readonly topic: string;
  /**
   * The file to which the number of each task is appended when it was done, and the time. When a task began to
   * block is in a file beside it, `<journal>.blocked-<number>`.
   */
  readonly journal: string;
  readonly sessionTimeoutMs: number;
  readonly group: GroupWay;
}
