import type { TopicPartition } from "@candlewick/contracts";

/** The time in which this member has a partition of a topic, together with the same one of its retry topics. */
export class Tenure {
  readonly partitions: readonly TopicPartition[];
  /** Fires when what is in hand is not worth finishing; handlers get it. */
  readonly givenUp: AbortSignal;
  readonly #giveUp = new AbortController();

  /** `sessionGivenUp` is the same for all partitions. */
  constructor(partitions: readonly TopicPartition[], sessionGivenUp: AbortSignal) {
    this.partitions = partitions;
    this.givenUp = AbortSignal.any([sessionGivenUp, this.#giveUp.signal]);
  }

  giveUp(): void {
    this.#giveUp.abort(new Error("the batch in hand was given up"));
  }
}
