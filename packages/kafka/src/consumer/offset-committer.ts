import { partitionName } from "@candlewick/contracts";
import type { Logger } from "@candlewick/runtime";
import type { Coordinator, Generation } from "../cluster/coordinator.ts";
import { rootMessage } from "../cluster/errors.ts";
import type { ConsumedRecord } from "../record/message.ts";

/**
 * Commits what was handled, one request at a time; what is handled meanwhile goes with the next one. A commit
 * that fails is logged and repeated with the next: it can only cause duplicates, never loss.
 */
export class OffsetCommitter {
  readonly #coordinator: Coordinator;
  readonly #generation: Generation;
  readonly #logger: Logger;
  #waiting = new Map<string, bigint>();
  #underWay: Promise<void> | null = null;

  constructor(coordinator: Coordinator, generation: Generation, logger: Logger) {
    this.#coordinator = coordinator;
    this.#generation = generation;
    this.#logger = logger;
  }

  /** Marks a batch as handled and commits it in the background. */
  handled(records: readonly ConsumedRecord[]): void {
    for (const record of records) this.#waiting.set(partitionName(record), record.offset + 1n);
    this.#underWay ??= this.#commitAll();
  }

  /** Resolves when all that was handled is committed, or cannot be. Never rejects. */
  async flush(): Promise<void> {
    if (this.#waiting.size > 0) this.#underWay ??= this.#commitAll();
    await this.#underWay;
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const offsets = this.#waiting;
      this.#waiting = new Map();
      try {
        await this.#coordinator.commit(offsets, this.#generation);
      } catch (error) {
        for (const [name, offset] of offsets) {
          if (!this.#waiting.has(name)) this.#waiting.set(name, offset);
        }
        this.#logger.warn("offsets were not committed to Kafka; nothing is lost", {
          reason: rootMessage(error),
        });
        break;
      }
    }
    this.#underWay = null;
  }
}
