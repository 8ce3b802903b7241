import type { BrokerParts } from "./api/handler.ts";
import type { Timer } from "./clock.ts";

/** A producer that has been silent for so long is forgotten, as in Kafka. */
const PRODUCER_RETENTION_MS = 86_400_000;

/** A transactional id that has not been used for so long is forgotten, as in Kafka. */
const TRANSACTIONAL_ID_RETENTION_MS = 7 * 86_400_000;

/** What else is done every so often goes by rounds of this length. */
const ROUND_MS = 30_000;
/** Where records are looked for more rarely than every five minutes, rounds are longer as well. */
const ROUNDS_PER_LOOK = 10;
/** A start after a crash scans at most about so much of each partition, plus what came in one interval. */
const CHECKPOINT_BYTES = 32 << 20;
/** So often in a round: every 5 seconds. */
const CHECKPOINTS_PER_ROUND = 6;
/** The same for flush.ms, which is kept to half a second. */
const FLUSH_CHECKS_PER_ROUND = 60;
/** Groups and transactional ids expire every 10 minutes, as with Kafka's offsets.retention.check.interval.ms. */
const ROUNDS_PER_EXPIRY = 20;
/** Node's timers go no further. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The work that is done every so often: retention, expiry, and syncs by interval. */
export class Maintenance {
  readonly #parts: BrokerParts;
  #timers: Timer[] = [];

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    const { settings } = parts;
    const { maintenanceIntervalMs, maintenanceDelayMs } = settings;
    const longestRoundMs = Math.max(ROUND_MS, maintenanceIntervalMs / ROUNDS_PER_LOOK);
    const roundMs = Math.min(maintenanceIntervalMs, longestRoundMs);
    this.#every(maintenanceIntervalMs, () => this.run(), Math.min(maintenanceIntervalMs, maintenanceDelayMs));
    this.#every(roundMs * ROUNDS_PER_EXPIRY, () => this.#expire());
    this.#every(roundMs / FLUSH_CHECKS_PER_ROUND, () => this.#flushDue());
    this.#every(roundMs / CHECKPOINTS_PER_ROUND, () => this.#checkpointAll());
    if (typeof settings.fsync === "object") this.#every(settings.fsync.intervalMs, () => this.#flushAll());
  }

  #every(intervalMs: number, work: () => void, firstMs = intervalMs): void {
    const slot = this.#timers.length;
    const next = (delayMs: number): void => {
      this.#timers[slot] = this.#parts.clock.setTimer(Math.min(delayMs, LONGEST_TIMER_MS), () => {
        next(intervalMs);
        work();
      });
    };
    next(firstMs);
  }

  /** One round of retention, now. */
  run(): void {
    const { topics, clock, settings } = this.#parts;
    const nowMs = clock.nowMs();
    for (const topic of topics.all()) {
      for (const [partition, log] of topic.partitions.entries()) {
        try {
          const dropped = log.applyRetention(nowMs);
          log.producers.expire(nowMs - PRODUCER_RETENTION_MS, log.startOffset);
          if (dropped > 0) {
            settings.log({
              level: "info",
              msg: "retention dropped segments",
              topic: topic.name,
              partition,
              dropped,
            });
          }
        } catch (error) {
          this.#report("retention failed", error, { topic: topic.name, partition });
        }
      }
    }
  }

  /** Forgets what nobody has used for long enough. */
  #expire(): void {
    const { groups, transactions, clock, settings } = this.#parts;
    const nowMs = clock.nowMs();
    try {
      groups.expire(nowMs - settings.offsetsRetentionMs);
      transactions.expire(nowMs - TRANSACTIONAL_ID_RETENTION_MS);
    } catch (error) {
      this.#report("expiry of offsets failed", error, {});
    }
  }

  #checkpointAll(): void {
    for (const topic of this.#parts.topics.all()) {
      for (const [partition, log] of topic.partitions.entries()) {
        log.checkpoint(CHECKPOINT_BYTES).catch((error: unknown) => {
          this.#report("checkpoint failed", error, { topic: topic.name, partition });
        });
      }
    }
  }

  #flushDue(): void {
    const { topics, clock } = this.#parts;
    const nowMs = clock.nowMs();
    for (const topic of topics.all()) for (const log of topic.partitions) log.flushIfDue(nowMs);
  }

  #flushAll(): void {
    const { topics } = this.#parts;
    const flushes = topics.all().flatMap((topic) => topic.partitions.map((log) => log.flush()));
    Promise.all(flushes).catch((error: unknown) => this.#report("sync failed", error, {}));
  }

  #report(msg: string, error: unknown, fields: Readonly<Record<string, unknown>>): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.settings.log({ level: "error", msg, reason, ...fields });
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
  }
}
