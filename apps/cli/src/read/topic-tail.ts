import {
  type Admin,
  type Codec,
  type ConsumedRecord,
  createAdmin,
  type Isolation,
  partitionName,
  type ReaderOptions,
  startReader,
} from "@candlewick/kafka";
import { requireTopics } from "../kafka/with-admin.ts";
import { note, output } from "../output.ts";
import type { FoundKafka } from "../sources.ts";
import { usageError } from "../usage.ts";
import { partitionsThatPass, passes, type RecordFilter } from "./record-filter.ts";
import { recordLine, recordLineWith, recordText } from "./record-line.ts";
import { shownValue } from "./shown-value.ts";

/** Where to begin: an edge, an offset, so many before the end, or the first record of a time or later. */
export type TailStart =
  | "first"
  | "last"
  | bigint
  | { readonly beforeEnd: bigint }
  | { readonly timestampMs: number };

export interface TailOptions {
  readonly topic: string;
  readonly from: TailStart;
  /** Stop after so many records; null: go on. */
  readonly max: number | null;
  /** Stop at the records that are there at the start. */
  readonly untilEnd: boolean;
  readonly filter: RecordFilter;
  readonly isolation: Isolation;
  /** Decodes values; null: JSON or text where they are that. */
  readonly codec: Codec | null;
  readonly format: "json" | "value" | "text";
}

const STOP_DEADLINE_MS = 5_000;

/** Prints records as they come, until `max` are printed; where the broker is ours alone, until the last one that is there. */
export async function tailTopic({ connection, isOurs }: FoundKafka, options: TailOptions): Promise<void> {
  const { topic, max } = options;
  const admin = await createAdmin(connection);
  const plan = await makePlan(admin, options, isOurs || options.untilEnd).finally(() => admin.close());
  if (plan.remaining !== null && plan.remaining.size === 0) {
    note(`candlewick: ${topic} has no records from there on`);
    return;
  }
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let printed = 0;
  const reader = await startReader(connection, {
    topics: [topic],
    from: plan.from,
    isolation: options.isolation,
    ...(plan.remaining === null ? {} : { until: plan.remaining }),
    async onRecords(records) {
      for (const record of records) {
        if (max !== null && printed >= max) break;
        if (plan.remaining === null || isBefore(plan.remaining, record)) {
          if (await print(record, options)) printed++;
        }
      }
      await output.flush();
      if (max !== null && printed >= max) finish();
    },
  });
  try {
    await Promise.race([finished, reader.done]);
  } finally {
    await reader.stop(STOP_DEADLINE_MS);
  }
}

/** Prints a record that the filter lets through; tells whether it did. */
async function print(record: ConsumedRecord, { filter, codec, format }: TailOptions): Promise<boolean> {
  const { shown, isJson } = await shownValue(record.topic, record.value, codec);
  if (!passes(record, filter, shown)) return false;
  if (format === "json") await output.line(isJson ? recordLineWith(record, shown) : recordLine(record));
  else if (format === "value") await output.line(record.value === null ? "" : shown);
  else await output.line(recordText(record, shown));
  return true;
}

interface TailPlan {
  readonly from: ReaderOptions["from"];
  /** The end of each partition that has records to print; null: no end. */
  readonly remaining: ReadonlyMap<string, bigint> | null;
}

async function makePlan(admin: Admin, options: TailOptions, endsAtLast: boolean): Promise<TailPlan> {
  const { topic, from, filter } = options;
  await requireTopics(admin, [topic]);
  const starts = await admin.startOffsets([topic]);
  const ends = await admin.endOffsets([topic]);
  if (filter.partition !== null && partitionsThatPass(ends, topic, filter).size === 0) {
    throw usageError(
      `${topic} has no partition ${filter.partition}; it has ${ends.size}, counted from 0`,
      "tail",
    );
  }
  const atTime =
    typeof from === "object" && "timestampMs" in from
      ? await admin.offsetsAt([topic], from.timestampMs)
      : null;
  const begin = new Map<string, bigint>();
  for (const [partition, end] of ends) {
    const start = starts.get(partition) ?? 0n;
    const wanted = wantedOffset(from, start, end, atTime?.get(partition));
    // Partitions are of different lengths: an offset that one does not have means its nearest one.
    begin.set(partition, wanted < start ? start : wanted > end ? end : wanted);
  }
  const shown = partitionsThatPass(ends, topic, filter);
  const remaining = new Map([...shown].filter(([partition, end]) => end > (begin.get(partition) ?? 0n)));
  return { from: begin, remaining: endsAtLast ? remaining : null };
}

function wantedOffset(from: TailStart, start: bigint, end: bigint, atTime: bigint | undefined): bigint {
  if (from === "first") return start;
  if (from === "last") return end;
  if (typeof from === "bigint") return from;
  return "beforeEnd" in from ? end - from.beforeEnd : (atTime ?? end);
}

/** Whether the record was there when the end was looked up. */
function isBefore(remaining: ReadonlyMap<string, bigint>, record: ConsumedRecord): boolean {
  const end = remaining.get(partitionName(record));
  return end !== undefined && record.offset < end;
}
