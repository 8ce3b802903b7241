import {
  type Admin,
  type ConsumedRecord,
  createAdmin,
  type ReaderOptions,
  startReader,
} from "@candlewick/kafka";
import { CandlewickError, ERRORS, suggest } from "@candlewick/runtime";
import { note, output } from "../output.ts";
import type { FoundKafka } from "../sources.ts";
import { recordLine } from "./record-line.ts";

export interface TailOptions {
  readonly topic: string;
  readonly from: "first" | "last" | bigint;
  /** Stop after so many records; null: go on. */
  readonly max: number | null;
  readonly format: "json" | "value";
}

const STOP_DEADLINE_MS = 5_000;

/** Prints records as they come, until `max` are printed; where the broker is ours alone, until the last one that is there. */
export async function tailTopic({ connection, isOurs }: FoundKafka, options: TailOptions): Promise<void> {
  const { topic, max } = options;
  const admin = await createAdmin(connection);
  const plan = await makePlan(admin, options, isOurs).finally(() => admin.close());
  if (plan.remaining !== null && plan.remaining.size === 0) {
    note(`candlewick: ${topic} has no records from there on`);
    return;
  }
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  let printed = 0;
  const reader = await startReader(connection, {
    topics: [topic],
    from: plan.from,
    async onRecords(records) {
      const wanted = max === null ? records : records.slice(0, max - printed);
      for (const record of wanted) await print(record, options.format);
      printed += wanted.length;
      await output.flush();
      if (max !== null && printed >= max) finish();
      if (plan.remaining !== null && isRead(plan.remaining, records)) finish();
    },
  });
  try {
    await Promise.race([finished, reader.done]);
  } finally {
    await reader.stop(STOP_DEADLINE_MS);
  }
}

async function print({ value, ...record }: ConsumedRecord, format: TailOptions["format"]): Promise<void> {
  if (format === "json") return output.line(recordLine({ ...record, value }));
  return output.line(value === null ? "" : value.toString("utf8"));
}

interface TailPlan {
  readonly from: ReaderOptions["from"];
  /** The last offset to read of each partition that has any; null: no end. */
  readonly remaining: Map<string, bigint> | null;
}

async function makePlan(admin: Admin, { topic, from }: TailOptions, endsAtLast: boolean): Promise<TailPlan> {
  await requireTopic(admin, topic);
  const starts = await admin.startOffsets([topic]);
  const ends = await admin.endOffsets([topic]);
  const begin = new Map<string, bigint>();
  for (const [partition, end] of ends) {
    const start = starts.get(partition) ?? 0n;
    const wanted = from === "first" ? start : from === "last" ? end : from;
    // Partitions are of different lengths: an offset that one does not have means its nearest one.
    begin.set(partition, wanted < start ? start : wanted > end ? end : wanted);
  }
  const remaining = new Map([...ends].filter(([partition, end]) => end > (begin.get(partition) ?? 0n)));
  return { from: begin, remaining: endsAtLast ? remaining : null };
}

/** Whether, with these records, all partitions were read to their ends. */
function isRead(remaining: Map<string, bigint>, records: readonly ConsumedRecord[]): boolean {
  for (const { topic, partition, offset } of records) {
    const name = `${topic}:${partition}`;
    const end = remaining.get(name);
    if (end !== undefined && offset + 1n >= end) remaining.delete(name);
  }
  return remaining.size === 0;
}

async function requireTopic(admin: Admin, topic: string): Promise<void> {
  const topics = await admin.listTopics();
  if (topics.includes(topic)) return;
  const meant = suggest(topic, topics);
  const known = topics.length === 0 ? "There are none yet" : `There are ${topics.join(", ")}`;
  throw new CandlewickError(
    ERRORS.badInput,
    `there is no topic ${topic}`,
    meant === undefined ? known : `Did you mean ${meant}?`,
  );
}
