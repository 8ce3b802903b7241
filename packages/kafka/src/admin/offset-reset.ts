import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** Where a group shall go on, in the words of kafka-consumer-groups. */
export type ResetTarget =
  | { readonly kind: "earliest" | "latest" | "current" }
  | { readonly kind: "offset"; readonly offset: bigint }
  | { readonly kind: "shift"; readonly by: bigint }
  /** The first record of that time or later. */
  | { readonly kind: "time"; readonly timestampMs: number };

/** What a plan is made from; maps by `partitionName`. */
export interface ResetFacts {
  readonly committed: ReadonlyMap<string, bigint>;
  readonly first: ReadonlyMap<string, bigint>;
  readonly end: ReadonlyMap<string, bigint>;
  /** Offsets of the wanted time; empty for another target. */
  readonly atTime: ReadonlyMap<string, bigint>;
}

/** One partition of a plan. */
export interface PlannedReset extends TopicPartition {
  /** Null where the group has committed nothing. */
  readonly before: bigint | null;
  readonly after: bigint;
  /** The wanted offset, where the log does not reach it and the nearest one is taken. */
  readonly wanted: bigint | null;
}

/** The next offsets that a reset sets; each within the log. Throws BAD_INPUT where a target has no meaning. */
export function planReset(
  partitions: readonly TopicPartition[],
  target: ResetTarget,
  facts: ResetFacts,
): PlannedReset[] {
  return partitions.map((partition) => {
    const name = partitionName(partition);
    const first = facts.first.get(name) ?? 0n;
    const end = facts.end.get(name) ?? first;
    const before = facts.committed.get(name) ?? null;
    const wanted = wantedOffset(target, name, { before, first, end, atTime: facts.atTime.get(name) });
    const after = wanted < first ? first : wanted > end ? end : wanted;
    const { topic, partition: number } = partition;
    return { topic, partition: number, before, after, wanted: after === wanted ? null : wanted };
  });
}

function wantedOffset(
  target: ResetTarget,
  name: string,
  facts: { before: bigint | null; first: bigint; end: bigint; atTime: bigint | undefined },
): bigint {
  switch (target.kind) {
    case "earliest":
      return facts.first;
    case "latest":
      return facts.end;
    case "current":
      // Nothing committed means the end, as in Kafka's own tool.
      return facts.before ?? facts.end;
    case "offset":
      return target.offset;
    case "shift":
      if (facts.before === null) throw nothingCommitted(name);
      return facts.before + target.by;
    case "time":
      return facts.atTime ?? facts.end;
  }
}

function nothingCommitted(name: string): CandlewickError {
  return new CandlewickError(
    ERRORS.badInput,
    `The group has committed nothing for ${name}, so there is nothing to shift.`,
    "Name another target, such as --to-earliest, or other partitions.",
  );
}
