import type { ChainName } from "@candlewick/domain";
import { type Persistence, persist } from "./backoff.ts";
import { writeKeptSettlement } from "./kept-settlement.ts";
import type { Ledger, Publication } from "./ports.ts";
import type { Settlement } from "./settlement.ts";

/**
 * Writes each block down before its first message is sent, so that a crash leaves no published block behind
 * of which the ledger does not know. What comes while one write is under way shares the next.
 */
export class PublicationLog {
  readonly #chain: ChainName;
  readonly #ledger: Ledger;
  readonly #persistence: Persistence;
  readonly #noted = new WeakSet<Settlement>();
  #waiting: Publication[] = [];
  /** The write that covers what was asked for last, and whether more may still join it. */
  #last: Promise<void> = Promise.resolve();
  #isOpen = false;

  constructor(chain: ChainName, ledger: Ledger, persistence: Persistence) {
    this.#chain = chain;
    this.#ledger = ledger;
    this.#persistence = persistence;
  }

  /**
   * Resolves once the settlement's block is written down. Whoever asks first goes on first, also where there
   * is nothing to write: messages are sent in the order in which this was asked.
   */
  async note(settlement: Settlement, signal: AbortSignal): Promise<void> {
    const record = settlement.records.at(-1);
    if (record !== undefined && record.id !== null && !this.#noted.has(settlement)) {
      this.#noted.add(settlement);
      const kept = writeKeptSettlement({ record, before: settlement.before });
      this.#waiting.push({ slot: record.slot, blockId: record.id, settlement: kept });
      if (!this.#isOpen) {
        this.#isOpen = true;
        this.#last = this.#writeAfter(this.#last, signal);
      }
    }
    await this.#last;
  }

  async #writeAfter(before: Promise<void>, signal: AbortSignal): Promise<void> {
    // Its failure is told to those who wait for it.
    await before.catch(() => {});
    const publications = this.#waiting;
    this.#waiting = [];
    this.#isOpen = false;
    await persist(this.#persistence, signal, () => this.#ledger.notePublications(this.#chain, publications));
  }
}
