import { CandlewickError, ERRORS, type Service } from "@candlewick/runtime";
import type { MarketSnapshot } from "@candlewick/store";
import { BlockMemory } from "./block-memory.ts";
import { DisputedCandles } from "./disputed-candles.ts";
import { LiveView } from "./live-view.ts";
import { MarketState } from "./market-state.ts";
import type { MarketOptions, MarketPorts } from "./ports.ts";
import { Publisher } from "./publisher.ts";

/** How long a reader may take to finish the batch in hand, which waits while the producer is full. */
const READER_STOP_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
const DAY_MS = 86_400_000;
/** Block records of a partition that are read once more at the start: minutes even if there is one partition only. */
const BLOCKS_BEFORE = 2_000n;
/** Errors in a row that nobody foresaw, after which the service ends. */
const UNFORESEEN_LIMIT = 5;

/**
 * Runs the live view: snapshot, replay from its offsets, publish what changes; again when it went stale or
 * when Kafka or PostgreSQL failed it.
 */
export function runMarket(options: MarketOptions, ports: MarketPorts): Service {
  const stopping = new AbortController();
  const done = new Market(options, ports).run(stopping.signal);
  // Whoever waits for `done` hears of a failure; nobody has to.
  done.catch(() => {});
  return {
    name: "market",
    done,
    async stop(deadlineMs) {
      stopping.abort(new Error("market is stopping"));
      const waiting = new AbortController();
      const deadline = ports.clock.delay(deadlineMs, waiting.signal).catch(() => {});
      // What ended it with an error is told by `done`.
      await Promise.race([done.catch(() => {}), deadline]);
      waiting.abort();
    },
  };
}

class Market {
  readonly #options: MarketOptions;
  readonly #ports: MarketPorts;
  readonly #memory = new BlockMemory();
  readonly #disputed = new DisputedCandles();
  readonly #publisher: Publisher;
  /** The next offset per partition of what no view has published; null before the first one. */
  #positions: ReadonlyMap<string, bigint> | null = null;

  constructor(options: MarketOptions, ports: MarketPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#publisher = new Publisher(options.chain, ports, this.#disputed);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, metrics, logger } = this.#ports;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#round(signal);
        failures = 0;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (signal.aborted) {
          logger.warn("the live view was cut off by the end; the next start publishes the rest", { reason });
          return;
        }
        if (!mayPass(error, failures)) throw error;
        if (isLost(error)) this.#positions = null;
        metrics.failures.inc();
        const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 20));
        failures += 1;
        logger.warn("the live view failed; it is made anew", { reason, attempt: failures, pauseMs });
        // A stop ends the pause, and with it the loop.
        await clock.delay(pauseMs, signal).catch(() => {});
      }
    }
  }

  /** One snapshot's life. */
  async #round(signal: AbortSignal): Promise<void> {
    const { clock, metrics, logger } = this.#ports;
    const { intervals, horizonSeconds, resyncIntervalMs } = this.#options;
    const snapshot = await this.#ports.snapshot();
    const dueMs = clock.monotonic() + resyncIntervalMs;
    metrics.snapshots.inc();
    const state = new MarketState(snapshot, intervals, horizonSeconds, this.#memory, this.#disputed);
    const view = new LiveView(this.#options, this.#ports, {
      ...{ state, offsets: snapshot.offsets, positions: this.#positions },
      ...{ disputed: this.#disputed, publisher: this.#publisher },
    });
    if (this.#positions === null) this.#disputeRecent(snapshot);
    try {
      await view.publish(this.#disputed.takeAll());
      await this.#follow(view, dueMs, snapshot.offsets, signal);
    } finally {
      view.giveUp();
    }
    if (state.stale !== null) {
      logger.info("the live view is made anew from PostgreSQL", { reason: state.stale });
    }
  }

  /** Reads until a new snapshot is due or the signal fires. */
  async #follow(
    view: LiveView,
    dueMs: number,
    offsets: MarketSnapshot["offsets"],
    signal: AbortSignal,
  ): Promise<void> {
    const from =
      this.#positions === null
        ? withVerdicts(offsets, await this.#ports.blockStarts())
        : earlier(offsets, this.#positions);
    const reader = await this.#ports.read(from, (records) => view.handle(records));
    const over = new AbortController();
    try {
      const due = untilDue(view.ended, dueMs, this.#ports.clock, AbortSignal.any([signal, over.signal]));
      await Promise.race([due, reader.done.then(endedByItself)]);
    } finally {
      over.abort();
      await reader.stop(READER_STOP_MS);
      this.#positions = furthest(this.#positions, reader.positions());
    }
  }

  /**
   * Whoever published before us may not have told the last of what the snapshot holds, nor of what was taken
   * out meanwhile: all candles of the horizon are told of the pairs that traded in it.
   */
  #disputeRecent({ headTime, pairs }: MarketSnapshot): void {
    const stepMs = this.#options.intervals.reduce((ms, interval) => Math.min(ms, interval.ms), DAY_MS);
    for (const { pair, recent } of pairs) {
      if (recent.length === 0 || headTime === null) continue;
      const fromMs = (headTime - this.#options.horizonSeconds) * 1000;
      for (let timeMs = fromMs; timeMs < headTime * 1000 + stepMs; timeMs += stepMs) {
        this.#disputed.add(pair.address, Math.min(timeMs, headTime * 1000));
      }
    }
  }
}

/** Resolves when `ended` has and the time is due, or when the signal fires. */
async function untilDue(
  ended: Promise<void>,
  dueMs: number,
  clock: MarketPorts["clock"],
  signal: AbortSignal,
): Promise<void> {
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
  const listener = (): void => abort();
  signal.addEventListener("abort", listener, { once: true });
  try {
    if (signal.aborted) return;
    await Promise.race([ended, aborted]);
    // A stop ends the pause.
    await clock.delay(Math.max(0, dueMs - clock.monotonic()), signal).catch(() => {});
  } finally {
    signal.removeEventListener("abort", listener);
  }
}

function endedByItself(): never {
  throw new Error("the reader of trades ended by itself");
}

/**
 * Where the first view begins to read: at the snapshot's offsets, and of the blocks a little before them. The
 * snapshot may know of an orphaned block whose trades are still to come.
 */
function withVerdicts(
  snapshot: ReadonlyMap<string, bigint>,
  blockStarts: ReadonlyMap<string, bigint>,
): ReadonlyMap<string, bigint> {
  const before = (name: string, offset: bigint): bigint => {
    const start = blockStarts.get(name);
    if (start === undefined) return offset;
    const wanted = offset - BLOCKS_BEFORE;
    return wanted < start ? start : wanted;
  };
  return new Map([...snapshot].map(([name, offset]) => [name, before(name, offset)]));
}

/** Where to read on: at the snapshot's offsets, or before them where no view has published yet what is between. */
function earlier(
  snapshot: ReadonlyMap<string, bigint>,
  positions: ReadonlyMap<string, bigint> | null,
): ReadonlyMap<string, bigint> {
  const least = (name: string, offset: bigint): bigint => {
    const position = positions?.get(name) ?? offset;
    return position < offset ? position : offset;
  };
  return new Map([...snapshot].map(([name, offset]) => [name, least(name, offset)]));
}

function furthest(
  a: ReadonlyMap<string, bigint> | null,
  b: ReadonlyMap<string, bigint>,
): ReadonlyMap<string, bigint> {
  const further = (name: string, offset: bigint): bigint => {
    const other = a?.get(name) ?? offset;
    return other > offset ? other : offset;
  };
  return new Map([...b].map(([name, offset]) => [name, further(name, offset)]));
}

function isLost(error: unknown): boolean {
  return error instanceof CandlewickError && error.code === ERRORS.offsetLost.code;
}

/**
 * What passes by itself. Of offsets that Kafka no longer has dataflow decides: once it has gone on behind
 * them, a snapshot does not need them.
 */
function mayPass(error: unknown, failures: number): boolean {
  if (error instanceof CandlewickError) return error.retry !== "never" || isLost(error);
  return failures < UNFORESEEN_LIMIT;
}
