import { slot } from "@candlewick/domain";
import { createProducer } from "@candlewick/kafka";
import { CandlewickError, ERRORS, type Service } from "@candlewick/runtime";
import type { SlotRange, Store } from "@candlewick/store";
import { acquire } from "./acquire.ts";
import { PeerHealth, type Persistence, persist } from "./backoff.ts";
import type { IngestConfig } from "./ingest-config.ts";
import { BACKFILL_REASON, LateSlots } from "./late.ts";
import { describedBy, type IngestDeps, openDecoder, openDirectory, settlementRules } from "./main.ts";
import { registerMetrics } from "./metrics.ts";
import { cursorNameOf, openRpc, openSource, rpcConfig } from "./open-source.ts";
import type { IngestPorts, SlotEntry } from "./ports.ts";
import { PublicationLog } from "./publication-log.ts";
import { SettlementPublisher } from "./publish.ts";

export interface BackfillDeps extends IngestDeps {
  readonly store: IngestDeps["store"] & Pick<Store, "noteMissingSlots">;
  /** Told now and then, and at the end. */
  readonly onProgress?: (progress: BackfillProgress) => void;
}

export interface BackfillProgress {
  /** Slots of the range that the ledger did not know before. */
  readonly noted: number;
  readonly settled: number;
  /** Slots that could not be settled yet. */
  readonly left: number;
}

const NOTED_AT_ONCE = 100_000;
const ROUND_SLOTS = 500;
/** Rounds without any success, after which the rest is left to the next run. */
const MAX_IDLE_ROUNDS = 3;
const IDLE_WAIT_MS = 2_000;

/**
 * Settles every slot of a range that is not settled: what the ledger does not know of it is entered as
 * missing, then everything that is missing or failed is fetched, published and entered. What is settled
 * stays untouched, so that it may run beside ingest, be stopped, and be run again. `done` rejects with
 * TRY_AGAIN where slots are left.
 */
export async function startBackfill(
  config: IngestConfig,
  range: SlotRange,
  deps: BackfillDeps,
): Promise<Service> {
  const { clock, logger, random = Math.random, store, kafka } = deps;
  const metrics = registerMetrics(deps.metrics);
  const opening = { clock, logger, random, metrics, store };
  // A stream does not go back: what it brought at the head, a node's JSON-RPC has.
  const reading = config.source === "yellowstone" ? rpcConfig(config) : config;
  const source =
    config.source === "yellowstone" ? openRpc(reading, opening) : await openSource(reading, opening);
  const producer = await createProducer(kafka);
  const decoder = openDecoder(config.decodeThreads);
  const found = openDirectory(reading, source, deps, metrics);
  const rules = describedBy(found.directory, settlementRules(reading, source));
  const ports: IngestPorts = {
    source,
    decode: decoder.decode,
    publisher: producer,
    ledger: store,
    clock,
    random,
    logger,
    metrics,
    ...found,
  };
  const persistence = (peer: "kafka" | "ledger", title: string): Persistence => ({
    clock,
    random,
    health: new PeerHealth(title, clock, logger),
    onRetry: () => metrics.retry(peer),
  });
  const ledger = persistence("ledger", "the ledger");
  const publisher = new SettlementPublisher(
    producer,
    { chain: rules.chain, partitionKey: config.partitionKey },
    persistence("kafka", "Kafka"),
  );
  const log = (source.oracle ?? null) === null ? null : new PublicationLog(rules.chain, store, ledger);
  const cursorName = cursorNameOf(config);
  const settings = { cursorName, everyMs: config.retryFailedMs, perRound: ROUND_SLOTS };
  const late = new LateSlots(ports, settings, rules, publisher, log, ledger);
  const stopping = new AbortController();
  const work = new Backfill({ ports, late, ledger, deps, window: config.concurrency }, range);
  const over = new AbortController();
  // Ends only when it is told to: trouble on the way it tells itself.
  found.directory?.run(over.signal).catch(() => {});
  const done = work.run(stopping.signal).finally(async () => {
    over.abort(new Error("backfill is over"));
    await source.close();
    await decoder.close();
    await producer.close(CLOSE_TIMEOUT_MS).catch((error: unknown) => {
      logger.warn("the producer did not close in order; what was not acknowledged is published again", {
        error,
      });
    });
  });
  done.catch(() => {});
  return {
    name: "backfill",
    done,
    async stop() {
      stopping.abort(new Error("backfill is stopping"));
      await done.catch(() => {});
    },
  };
}

const CLOSE_TIMEOUT_MS = 10_000;

interface BackfillParts {
  readonly ports: IngestPorts;
  readonly late: LateSlots;
  readonly ledger: Persistence;
  readonly deps: BackfillDeps;
  /** Blocks that are fetched ahead. */
  readonly window: number;
}

class Backfill {
  readonly #parts: BackfillParts;
  readonly #range: SlotRange;
  #noted = 0;
  #settled = 0;

  constructor(parts: BackfillParts, range: SlotRange) {
    this.#parts = parts;
    this.#range = range;
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#note(signal);
      await this.#settle(signal);
    } catch (error) {
      // Stopped in order: the ledger holds what is left.
      if (!signal.aborted) throw error;
    }
  }

  async #note(signal: AbortSignal): Promise<void> {
    const { deps, ledger } = this.#parts;
    const { from, to } = this.#range;
    for (let start = from; start <= to; start += NOTED_AT_ONCE) {
      const part = { from: start, to: Math.min(to, start + NOTED_AT_ONCE - 1) };
      this.#noted += await persist(ledger, signal, () =>
        deps.store.noteMissingSlots("solana", part, BACKFILL_REASON),
      );
    }
  }

  async #settle(signal: AbortSignal): Promise<void> {
    const { deps, ledger, ports } = this.#parts;
    let left: SlotEntry[] = [];
    for (let idle = 0; idle < MAX_IDLE_ROUNDS; ) {
      let from = this.#range.from;
      let settledNow = 0;
      left = [];
      for (;;) {
        const part = { from, to: this.#range.to };
        const entries = await persist(ledger, signal, () =>
          ports.ledger.unsettledSlots("solana", ROUND_SLOTS, part),
        );
        const last = entries.at(-1);
        if (last === undefined) break;
        const failed = await this.#round(entries, signal);
        settledNow += entries.length - failed.length;
        left.push(...failed);
        this.#settled += entries.length - failed.length;
        deps.onProgress?.({ noted: this.#noted, settled: this.#settled, left: left.length });
        from = last.slot + 1;
      }
      if (left.length === 0) return;
      idle = settledNow === 0 ? idle + 1 : 0;
      await ports.clock.delay(IDLE_WAIT_MS, signal);
    }
    throw new CandlewickError(
      ERRORS.rpcUnreachable,
      `${left.length} slots from ${left[0]?.slot} to ${left.at(-1)?.slot} could not be settled; the ledger holds them with their reasons.`,
      "Run backfill again, at another node if it says so again; candlewick ledger shows the reasons.",
    );
  }

  /** Settles entries one after the other, with blocks fetched ahead; resolves to those that are left. */
  async #round(entries: readonly SlotEntry[], signal: AbortSignal): Promise<SlotEntry[]> {
    const { ports, late, window } = this.#parts;
    const left: SlotEntry[] = [];
    const ahead = entries
      .slice(0, window)
      .map(({ slot: at }) => settledLater(acquire(ports, slot(at), signal)));
    for (const [index, entry] of entries.entries()) {
      const next = entries[index + window];
      if (next !== undefined) ahead.push(settledLater(acquire(ports, slot(next.slot), signal)));
      if (!(await late.settle(entry, signal, ahead[index] ?? null))) left.push(entry);
    }
    return left;
  }
}

/** Its failure is looked at when it is its turn. */
function settledLater<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => {});
  return work;
}
