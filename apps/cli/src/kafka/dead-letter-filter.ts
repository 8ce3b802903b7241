import type { DeadLetterFilter, DeadLetterId, DeadLetterState } from "@candlewick/kafka";
import { type Command, Option } from "commander";
import type { SourceFlags } from "../sources.ts";
import { parseTime } from "../time-flag.ts";
import { parseWholeNumber, usageError } from "../usage.ts";

export interface FilterFlags extends SourceFlags {
  readonly error?: string;
  readonly since?: number;
  readonly until?: number;
  readonly key?: string;
  readonly partition?: number;
  readonly state?: DeadLetterState;
}

/** The flags that choose dead letters. */
export function addFilterFlags(command: Command): Command {
  return command
    .option("--error <text>", "only those whose error's class or message holds this text")
    .option("--since <time>", "only those that died at this time or later", parseTime)
    .option("--until <time>", "only those that died before this time", parseTime)
    .option("--key <text>", "only those with this key")
    .option("--partition <n>", "only those of this partition of their topic", parseWholeNumber)
    .addOption(
      new Option("--state <state>", "what has become of them (default: dead)").choices([
        "dead",
        "replaying",
        "replayed",
        "dropped",
      ]),
    );
}

/** The filter that the flags describe, and these places if any. */
export function filterOf(flags: FilterFlags, ids: readonly DeadLetterId[] = []): DeadLetterFilter {
  const { error, since, until, key, partition, state } = flags;
  return {
    ...(error === undefined ? {} : { error }),
    ...(since === undefined ? {} : { fromMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
    ...(key === undefined ? {} : { key }),
    ...(partition === undefined ? {} : { originPartition: partition }),
    ...(state === undefined ? {} : { states: [state] }),
    ...(ids.length === 0 ? {} : { ids }),
  };
}

/** Reads places written PARTITION:OFFSET. */
export function parseIds(texts: readonly string[]): DeadLetterId[] {
  return texts.map((text) => {
    const match = /^(\d{1,9}):(\d{1,18})$/.exec(text);
    const [, partition, offset] = match ?? [];
    if (partition === undefined || offset === undefined) {
      throw usageError(`"${text}" is no place of a dead letter: write PARTITION:OFFSET, such as 0:17`, "dlq");
    }
    return { partition: Number(partition), offset: BigInt(offset) };
  });
}
