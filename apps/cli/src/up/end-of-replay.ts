import { TOPICS } from "@candlewick/contracts";
import { createAdmin, parsePartitionName } from "@candlewick/kafka";
import type { Part, Registry, Service } from "@candlewick/runtime";
import { note } from "../output.ts";
import type { UpContext } from "./up-context.ts";

/** Ends the whole once ingest has published all and dataflow has stored all of that. */
export function endOfReplayPart(context: UpContext): Part {
  return {
    name: "end of replay",
    endsAll: true,
    async start(): Promise<Service> {
      const stopping = new AbortController();
      const done = waitForEnd(context, stopping.signal);
      return {
        name: "end of replay",
        done,
        async stop() {
          stopping.abort(new Error("stopped"));
          await done.catch(() => undefined);
        },
      };
    },
  };
}

const POLL_MS = 25;

async function waitForEnd(context: UpContext, signal: AbortSignal): Promise<void> {
  // A failure of ingest ends the whole by itself.
  await Promise.race([context.ingestDone.catch(() => new Promise(() => undefined)), aborted(signal)]);
  if (signal.aborted) return;
  const topics = [TOPICS.solana.trades, TOPICS.solana.blocks];
  const admin = await createAdmin(context.kafka("end-of-replay"));
  try {
    const ends = await admin.endOffsets(topics);
    const partitions = [...ends.keys()].map(parsePartitionName);
    while (!signal.aborted) {
      const stored = await context.store.offsets(context.plan.config.dataflow.group, partitions);
      if ([...ends].every(([name, end]) => end === 0n || (stored.get(name) ?? 0n) >= end)) {
        note(await summary(context.metrics));
        return;
      }
      await context.clock.delay(POLL_MS, signal).catch(() => undefined);
    }
  } finally {
    await admin.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** What this run has added, and what became no trade, by reason. */
async function summary(metrics: Registry): Promise<string> {
  const blocks = await values(metrics, "candlewick_ingest_blocks_total");
  const trades = await values(metrics, "candlewick_ingest_trades_total");
  const skipped = await values(metrics, "candlewick_ingest_skipped_swaps_total");
  const reasons = skipped.map(({ label, value }) => `${label} ${value}`).sort();
  const added = `${sum(blocks)} blocks and ${sum(trades)} trades are in the database`;
  return `  Done: ${added}${reasons.length === 0 ? "" : `; no trades: ${reasons.join(", ")}`}.`;
}

interface Counted {
  readonly label: string;
  readonly value: number;
}

async function values(metrics: Registry, name: string): Promise<Counted[]> {
  const metric = await metrics.getSingleMetric(name)?.get();
  return (metric?.values ?? []).map(({ labels, value }) => ({
    label: String(Object.values(labels)[0] ?? ""),
    value,
  }));
}

function sum(counted: readonly Counted[]): number {
  return counted.reduce((total, { value }) => total + value, 0);
}
