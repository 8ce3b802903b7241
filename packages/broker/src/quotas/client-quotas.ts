import type { Journal } from "../storage/journal.ts";
import { entityKey, partsOf, type QuotaEntity } from "./quota-entity.ts";

/** What is bounded, under Kafka's names. */
export const BOUND_RATES = ["producer_byte_rate", "consumer_byte_rate", "request_percentage"] as const;
export type BoundRate = (typeof BOUND_RATES)[number];

/** Bounds of one entity by their names, in bytes a second, percent, or changes a second. */
export type Quotas = Readonly<Record<string, number>>;

export interface QuotaEntry {
  readonly entity: QuotaEntity;
  readonly quotas: Quotas;
}

/** A bound that holds for a client, and together with whom: all whose share is the same count as one. */
export interface Bound {
  /** Bytes, or percent of a thread. */
  readonly perSecond: number;
  readonly share: string;
}

const KIND = "quota";

/** The quotas that were set. Changes are appended to the journal before a call returns. */
export class ClientQuotas {
  readonly #journal: Journal;
  readonly #entries = new Map<string, QuotaEntry>();
  /** How many entities have a bound of each kind: most brokers have none, which must cost nothing. */
  readonly #counts: Record<BoundRate, number> = {
    producer_byte_rate: 0,
    consumer_byte_rate: 0,
    request_percentage: 0,
  };

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const { key, value } of journal.entries()) {
      const [kind] = JSON.parse(key) as [string];
      if (kind !== KIND) continue;
      const entry = value as QuotaEntry;
      this.#entries.set(entityKey(entry.entity), entry);
    }
    this.#count();
  }

  #count(): void {
    for (const rate of BOUND_RATES) {
      this.#counts[rate] = this.all().filter(({ quotas }) => quotas[rate] !== undefined).length;
    }
  }

  all(): QuotaEntry[] {
    return [...this.#entries.values()];
  }

  quotasOf(entity: QuotaEntity): Quotas {
    return this.#entries.get(entityKey(entity))?.quotas ?? {};
  }

  /** Gives entities these bounds in place of those that they have, as one change. Throws where the disk refuses. */
  replace(entries: readonly QuotaEntry[]): void {
    const isEmpty = ({ quotas }: QuotaEntry): boolean => Object.keys(quotas).length === 0;
    this.#journal.put(
      entries.map((entry) => ({
        key: JSON.stringify([KIND, partsOf(entry.entity)]),
        value: isEmpty(entry) ? null : entry,
      })),
    );
    for (const entry of entries) {
      if (isEmpty(entry)) this.#entries.delete(entityKey(entry.entity));
      else this.#entries.set(entityKey(entry.entity), entry);
    }
    this.#count();
  }

  /** Resolves when all changes before the call are on the disk. */
  flush(): Promise<void> {
    return this.#journal.flush();
  }

  /** The bound of a client, by Kafka's order: what names the user counts more, and names more than defaults. */
  bound(rate: BoundRate, user: string, clientId: string): Bound | undefined {
    if (this.#counts[rate] === 0) return undefined;
    const both = JSON.stringify([user, clientId]);
    const candidates: readonly (readonly [entity: QuotaEntity, share: string])[] = [
      [{ user, "client-id": clientId }, both],
      [{ user, "client-id": null }, both],
      [{ user }, JSON.stringify([user])],
      [{ user: null, "client-id": clientId }, both],
      [{ user: null, "client-id": null }, both],
      [{ user: null }, JSON.stringify([user])],
      [{ "client-id": clientId }, JSON.stringify([null, clientId])],
      [{ "client-id": null }, JSON.stringify([null, clientId])],
    ];
    for (const [entity, share] of candidates) {
      const perSecond = this.quotasOf(entity)[rate];
      if (perSecond !== undefined) return { perSecond, share };
    }
    return undefined;
  }
}
