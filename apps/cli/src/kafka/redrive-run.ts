import { userInfo } from "node:os";
import {
  createAdmin,
  type DropOptions,
  type KafkaConnection,
  openRedrive,
  type Redrive,
  type RedriveSummary,
  type ReplayOptions,
} from "@candlewick/kafka";
import { confirm } from "../confirmation.ts";
import { note, output } from "../output.ts";
import { findSources, type SourceFlags, withKafka } from "../sources.ts";
import { type FilterFlags, filterOf, parseIds } from "./dead-letter-filter.ts";
import { requireTopics } from "./with-admin.ts";

export interface RedriveCommand extends FilterFlags {
  readonly limit?: number;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly to?: "origin" | "retry";
  readonly rate?: number;
  readonly reason?: string;
  readonly format: "text" | "json";
}

/** Runs `use` with the dead letters of a topic. */
export async function withRedrive<Result>(
  topic: string,
  flags: SourceFlags,
  use: (redrive: Redrive) => Promise<Result>,
): Promise<Result> {
  return withKafka(findSources(flags), async ({ connection }) => {
    await requireDeadLetters(connection, topic);
    const redrive = await openRedrive(connection, { topic, operator: operator() });
    try {
      return await use(redrive);
    } finally {
      await redrive.close();
    }
  });
}

async function requireDeadLetters(connection: KafkaConnection, topic: string): Promise<void> {
  const admin = await createAdmin(connection);
  await requireTopics(admin, [`${topic}.dlq`]).finally(() => admin.close());
}

/** Who it is, for the audit. */
function operator(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's list has a number only.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** Counts what would be done, asks, does it, and tells what came of it. Ctrl-C ends it between two batches. */
export async function runRedrive(
  topic: string,
  texts: readonly string[],
  flags: RedriveCommand,
  verb: string,
  run: (redrive: Redrive, options: ReplayOptions & DropOptions) => Promise<RedriveSummary>,
): Promise<void> {
  const filter = filterOf(flags, parseIds(texts));
  const limit = flags.limit === undefined ? {} : { limit: flags.limit };
  await withRedrive(topic, flags, async (redrive) => {
    const planned = await run(redrive, { filter, ...limit, dryRun: true });
    const isDry = flags.dryRun === true;
    if (isDry || planned.done === 0) return report({ ...planned, dryRun: isDry }, verb, flags);
    await confirm(`${verb} ${planned.done} dead letters of ${topic}`, flags);
    const stopping = new AbortController();
    const stop = (): void => stopping.abort(new Error("it was interrupted"));
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    try {
      const summary = await run(redrive, {
        filter,
        ...limit,
        ...(flags.to === undefined ? {} : { to: flags.to }),
        ...(flags.rate === undefined ? {} : { ratePerSecond: flags.rate }),
        ...(flags.reason === undefined ? {} : { reason: flags.reason }),
        signal: stopping.signal,
      });
      await report(summary, verb, flags);
    } finally {
      process.removeListener("SIGINT", stop);
      process.removeListener("SIGTERM", stop);
    }
  });
}

async function report(summary: RedriveSummary, verb: string, { format }: RedriveCommand): Promise<void> {
  if (format === "json") {
    const { run, dryRun, matched, done, foundDone, leftToOthers, remaining } = summary;
    return output.line(
      JSON.stringify({
        run,
        dry_run: dryRun,
        matched,
        done,
        found_done: foundDone,
        left_to_others: leftToOthers,
        remaining,
      }),
    );
  }
  const did = summary.dryRun ? `would ${verb}` : `${PAST[verb] ?? verb}`;
  const letters = summary.done === 1 ? "1 dead letter" : `${summary.done} dead letters`;
  await output.line(`${did} ${letters} of ${summary.matched} that match`);
  if (summary.foundDone > 0) note(`candlewick: ${summary.foundDone} had been sent by a run that was cut off`);
  if (summary.leftToOthers > 0) note(`candlewick: ${summary.leftToOthers} are left to another run`);
  if (summary.remaining > 0) note(`candlewick: ${summary.remaining} remain; run it again to go on`);
}

const PAST: Readonly<Record<string, string>> = { "send again": "sent again", drop: "dropped" };
