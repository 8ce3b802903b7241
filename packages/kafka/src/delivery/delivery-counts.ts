/** What became of records, as counts. */
export interface DeliveryCounts {
  handled: number;
  retried: number;
  parked: number;
  dead: number;
  /** Attempts in place that failed. */
  failedInPlace: number;
  /** Left out: finished by an owner before, or another group's retry. */
  skipped: Record<SkipReason, number>;
}

export type SkipReason = "finished-before" | "other-group";

export function noCounts(): DeliveryCounts {
  const skipped = { "finished-before": 0, "other-group": 0 };
  return { handled: 0, retried: 0, parked: 0, dead: 0, failedInPlace: 0, skipped };
}
