import type { DeliveryCounts, SkipReason } from "../delivery/delivery-counts.ts";

/** What became of records, over all assignments. */
export class ConsumerTotals implements DeliveryCounts {
  handled = 0;
  retried = 0;
  parked = 0;
  dead = 0;
  failedInPlace = 0;
  skipped: Record<SkipReason, number> = { "finished-before": 0, "other-group": 0 };

  /** Records that need no more work here. */
  get finished(): number {
    return this.handled + this.retried + this.parked + this.dead;
  }

  add(counts: DeliveryCounts): void {
    this.handled += counts.handled;
    this.retried += counts.retried;
    this.parked += counts.parked;
    this.dead += counts.dead;
    this.failedInPlace += counts.failedInPlace;
    for (const reason of Object.keys(this.skipped) as SkipReason[])
      this.skipped[reason] += counts.skipped[reason];
  }

  /** These and the counts of an assignment that goes on. */
  with(counts: DeliveryCounts | null): ConsumerTotals {
    const sum = new ConsumerTotals();
    sum.add(this);
    if (counts !== null) sum.add(counts);
    return sum;
  }
}
