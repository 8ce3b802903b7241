/** A part of Candlewick that runs until it is stopped. */
export interface Service {
  readonly name: string;
  /** Resolves when the service ended by itself or was stopped; rejects with what made it end. */
  readonly done: Promise<void>;
  /** Stops in order: take no more work, finish what is in hand or give it up at the deadline, let go of all. */
  stop(deadlineMs: number): Promise<void>;
}
