import type { BrokerParts } from "./api/handler.ts";
import type { Timer } from "./clock.ts";
import { CleaningPace, CleaningStopped } from "./storage/cleaning-pace.ts";
import { LogCleaner } from "./storage/log-cleaner.ts";
import type { PartitionLog } from "./storage/partition-log.ts";
import type { Topic } from "./topics/topic-store.ts";

/** A rest is never shorter, even where log.cleaner.backoff.ms is 0: others have something to do as well. */
const SHORTEST_REST_MS = 1;

interface Candidate {
  readonly topic: Topic;
  readonly partition: number;
  readonly log: PartitionLog;
}

/**
 * Compacts the logs that have enough new records, as many side by side as log.cleaner.threads says, and rests for
 * log.cleaner.backoff.ms between two looks at all of them. Settings that change while the broker runs count at once.
 */
export class Cleaning {
  readonly #parts: BrokerParts;
  readonly #cleaner: LogCleaner;
  readonly #pace: CleaningPace;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    this.#pace = new CleaningPace(parts.clock, () => parts.settings.logCleanerMaxBytesPerSecond);
    this.#cleaner = new LogCleaner(this.#pace);
    parts.configuration.onChange(() => {
      this.#pace.wake();
      if (this.#round === undefined) this.#rest();
    });
    this.#rest();
  }

  #rest(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const { settings, clock } = this.#parts;
    const restMs = Math.max(settings.logCleanerBackoffMs, SHORTEST_REST_MS);
    this.#timer = clock.setTimer(restMs, () => {
      this.#round = this.#cleanAll().finally(() => {
        this.#round = undefined;
        this.#rest();
      });
    });
  }

  async #cleanAll(): Promise<void> {
    const queue = this.#parts.topics
      .all()
      .filter(({ config }) => config.isCompacted)
      .flatMap((topic) =>
        [...topic.partitions.entries()].map(([partition, log]) => ({ topic, partition, log })),
      );
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await this.#clean(next);
    };
    await Promise.all(Array.from({ length: this.#parts.settings.logCleanerThreads }, work));
  }

  async #clean({ topic, partition, log }: Candidate): Promise<void> {
    if (this.#stopped || log.isClosed) return;
    const { settings, clock } = this.#parts;
    const cleaning = {
      minDirtyRatio: topic.config.number("min.cleanable.dirty.ratio"),
      tombstoneRetentionMs: topic.config.number("delete.retention.ms"),
      minLagMs: topic.config.number("min.compaction.lag.ms"),
      maxLagMs: topic.config.number("max.compaction.lag.ms"),
    };
    try {
      const freedBytes = await this.#cleaner.clean(log, cleaning, clock.nowMs());
      if (freedBytes === 0) return;
      settings.log({ level: "info", msg: "compacted", topic: topic.name, partition, freedBytes });
    } catch (error) {
      if (error instanceof CleaningStopped) return;
      const reason = error instanceof Error ? error.message : String(error);
      settings.log({ level: "error", msg: "compaction failed", topic: topic.name, partition, reason });
    }
  }

  /** Resolves when nothing is compacted any more: at the next piece of a log that is being rewritten. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#pace.stop();
    await this.#round;
  }
}
