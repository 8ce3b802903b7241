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

function tombstones(group: string, keys: readonly string[]): JournalEntry[] {
  return keys.map((key) => ({ key: JSON.stringify([KIND, group, key]), value: null }));
}

/** The offsets that groups have committed. Changes are appended to the journal before a call returns. */
export class OffsetStore {
  readonly #journal: Journal;
  readonly #groups = new Map<string, Map<string, CommittedOffset>>();
  /** What is to be taken out of the journal with the next entries, as the disk was full when it was forgotten. */
  #owed: JournalEntry[] = [];
  /** Told of each change after it was made; null where an offset is gone. */
  onChange: (group: string, key: OffsetKey, committed: CommittedOffset | null) => void = () => {};

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
    this.#put(entries);
    const stored = this.#offsetsOf(group);
    for (const { topic, partition, ...value } of offsets) {
      stored.set(partitionKey(topic, partition), value);
      this.onChange(group, { topic, partition }, value);
    }
  }

  #put(entries: readonly JournalEntry[]): void {
    this.#journal.put([...this.#owed, ...entries]);
    this.#owed = [];
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
    const keys = this.#keysOf(group, filter);
    if (keys.length === 0) return 0;
    this.#put(tombstones(group, keys));
    this.#forget(group, keys);
    return keys.length;
  }

  #keysOf(group: string, filter: (offset: OffsetKey & CommittedOffset) => boolean): string[] {
    return this.all(group)
      .filter(filter)
      .map(({ topic, partition }) => partitionKey(topic, partition));
  }

  #forget(group: string, keys: readonly string[]): void {
    const stored = this.#groups.get(group);
    for (const key of keys) stored?.delete(key);
    if (stored?.size === 0) this.#groups.delete(group);
    for (const key of keys) this.onChange(group, parsePartitionKey(key), null);
  }

  /** Forgets all offsets of a group, as one change with entries about other things. */
  removeGroup(group: string, others: readonly JournalEntry[]): void {
    const keys = this.#keysOf(group, () => true);
    this.#put([...tombstones(group, keys), ...others]);
    this.#forget(group, keys);
  }

  /**
   * Forgets the offsets in a topic that is gone. On a full disk they are taken out of the journal with the next
   * change; until then no topic may be created, as one of the same name must not have them.
   */
  removeTopic(topic: string): void {
    for (const group of [...this.#groups.keys()]) {
      const keys = this.#keysOf(group, (offset) => offset.topic === topic);
      this.#owed.push(...tombstones(group, keys));
      this.#forget(group, keys);
    }
    this.settle();
  }

  /** Brings to the journal what it does not know yet. Throws where the disk refuses. */
  settle(): void {
    if (this.#owed.length > 0) this.#put([]);
  }

  /** Forgets offsets in topics that are not there; the journal is told with the next change. */
  forgetOrphans(exists: (topic: string) => boolean): void {
    for (const group of [...this.#groups.keys()]) {
      const keys = this.#keysOf(group, ({ topic }) => !exists(topic));
      this.#owed.push(...tombstones(group, keys));
      this.#forget(group, keys);
    }
  }
}
