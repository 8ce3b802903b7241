import type { Journal, JournalEntry } from "../storage/journal.ts";

export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly committedMs: number;
}

export interface OffsetKey {
  readonly topic: string;
  readonly partition: number;
}

/** Distinguishes offsets from the other things in the coordinators' journal. */
const KIND = "offset";

function partitionKey(topic: string, partition: number): string {
  return `${partition}:${topic}`;
}

function parsePartitionKey(key: string): OffsetKey {
  const colon = key.indexOf(":");
  return { topic: key.slice(colon + 1), partition: Number(key.slice(0, colon)) };
}

/** The offsets that groups have committed. Changes are appended to the journal before a call returns. */
export class OffsetStore {
  readonly #journal: Journal;
  readonly #groups = new Map<string, Map<string, CommittedOffset>>();

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const { key, value } of journal.entries()) {
      const [kind, group, partition] = JSON.parse(key) as [string, string, string];
      if (kind === KIND) this.#offsetsOf(group).set(partition, value as CommittedOffset);
    }
  }

  #offsetsOf(group: string): Map<string, CommittedOffset> {
    let offsets = this.#groups.get(group);
    if (offsets === undefined) {
      offsets = new Map();
      this.#groups.set(group, offsets);
    }
    return offsets;
  }

  /** Writes the offsets as one change; they are durable once the journal is flushed. */
  commit(group: string, offsets: readonly (OffsetKey & CommittedOffset)[]): void {
    const entries: JournalEntry[] = offsets.map(({ topic, partition, ...value }) => ({
      key: JSON.stringify([KIND, group, partitionKey(topic, partition)]),
      value,
    }));
    this.#journal.put(entries);
    const stored = this.#offsetsOf(group);
    for (const { topic, partition, ...value } of offsets) stored.set(partitionKey(topic, partition), value);
  }

  get(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(group)?.get(partitionKey(topic, partition));
  }

  all(group: string): (OffsetKey & CommittedOffset)[] {
    return [...(this.#groups.get(group) ?? [])].map(([key, value]) => ({
      ...parsePartitionKey(key),
      ...value,
    }));
  }

  groups(): IterableIterator<string> {
    return this.#groups.keys();
  }

  has(group: string): boolean {
    return (this.#groups.get(group)?.size ?? 0) > 0;
  }

  /** Forgets the offsets of a group that the filter names. Returns how many there were. */
  remove(group: string, filter: (offset: OffsetKey & CommittedOffset) => boolean): number {
    const doomed = this.all(group).filter(filter);
    if (doomed.length === 0) return 0;
    const keys = doomed.map(({ topic, partition }) => partitionKey(topic, partition));
    this.#journal.put(keys.map((key) => ({ key: JSON.stringify([KIND, group, key]), value: null })));
    const stored = this.#groups.get(group);
    for (const key of keys) stored?.delete(key);
    if (stored?.size === 0) this.#groups.delete(group);
    return doomed.length;
  }

  removeTopic(topic: string): void {
    for (const group of [...this.#groups.keys()]) this.remove(group, (offset) => offset.topic === topic);
  }
}
