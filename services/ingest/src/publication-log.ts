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
  #waiting: Publication[] = [];
  #next: Promise<void> | null = null;
  #current: Promise<void> = Promise.resolve();

  constructor(chain: ChainName, ledger: Ledger, persistence: Persistence) {
    this.#chain = chain;
    this.#ledger = ledger;
    this.#persistence = persistence;
  }

  /** Resolves once the settlement's block is written down. Those asked for first resolve first. */
  async note({ records, before }: Settlement, signal: AbortSignal): Promise<void> {
    const record = records.at(-1);
    if (record === undefined || record.id === null) return;
    const settlement = writeKeptSettlement({ record, before });
    this.#waiting.push({ slot: record.slot, blockId: record.id, settlement });
    this.#next ??= this.#writeAfter(this.#current, signal);
    await this.#next;
  }

  async #writeAfter(current: Promise<void>, signal: AbortSignal): Promise<void> {
    // Its failure is told to those who wait for it.
    await current.catch(() => {});
    const publications = this.#waiting;
    this.#waiting = [];
    this.#current = persist(this.#persistence, signal, () =>
      this.#ledger.notePublications(this.#chain, publications),
    );
    this.#next = null;
    await this.#current;
  }
}
