import { type BlockRecord, isCanonical } from "@candlewick/domain";
import { dropOldest } from "./oldest-entry.ts";
import type { StoredProgress } from "./ports.ts";

/** A slot and its block time in unix seconds. */
export interface BlockPoint {
  readonly slot: number;
  readonly block_time: number | null;
}

/** How the system is doing, as `/api/status` and the status channel tell it. Unknown is null. */
export interface ServeStatus {
  readonly version: string;
  /** Milliseconds since the epoch when this was put together. */
  readonly time: number;
  /** The newest block that is known, from Kafka or the store. */
  readonly head: BlockPoint | null;
  readonly dataflow: {
    readonly head: BlockPoint | null;
    /** Kafka records that are not in the store yet. */
    readonly lag_records: number | null;
    /** Block time between the newest block and the last one stored. */
    readonly lag_seconds: number | null;
  };
  /** Means of the last ten seconds. */
  readonly rates: { readonly trades_per_second: number; readonly blocks_per_second: number };
  readonly clients: number;
}

const WINDOW_SECONDS = 10;
const MAX_SEEN_BLOCKS = 2048;

/** Follows the block records: the head of the chain, and how much arrives. */
export class StatusBoard {
  #head: BlockPoint | null = null;
  readonly #seen = new Set<string>();
  readonly #window = new Map<number, { blocks: number; trades: number }>();
  readonly #sinceSecond: number;

  constructor(nowMs: number) {
    this.#sinceSecond = Math.floor(nowMs / 1000);
  }

  /** Takes a block record. A block is counted once, however often its status is told. */
  block(record: BlockRecord, nowMs: number): void {
    if (!isCanonical(record.status) || record.id === null) return;
    if (this.#head === null || record.slot >= this.#head.slot) {
      this.#head = { slot: record.slot, block_time: record.time };
    }
    if (this.#seen.has(record.id)) return;
    this.#seen.add(record.id);
    if (this.#seen.size > MAX_SEEN_BLOCKS) dropOldest(this.#seen);
    const second = Math.floor(nowMs / 1000);
    const bucket = this.#window.get(second) ?? { blocks: 0, trades: 0 };
    bucket.blocks += 1;
    bucket.trades += record.tradeCount;
    this.#window.set(second, bucket);
    this.#trim(second);
  }

  /** `ends`: the next offset of each partition that the dataflow reads, as Kafka has it. */
  status(input: {
    version: string;
    nowMs: number;
    clients: number;
    progress: StoredProgress | null;
    ends: ReadonlyMap<string, bigint>;
  }): ServeStatus {
    const { version, nowMs, clients, progress, ends } = input;
    const stored: BlockPoint | null =
      progress?.head == null ? null : { slot: progress.head.slot, block_time: progress.head.time };
    const head = newer(this.#head, stored);
    const lagRecords = progress === null ? null : lag(ends, progress.offsets);
    return {
      version,
      time: nowMs,
      head,
      dataflow: { head: stored, lag_records: lagRecords, lag_seconds: lagSeconds(head, stored, lagRecords) },
      rates: this.#rates(Math.floor(nowMs / 1000)),
      clients,
    };
  }

  #rates(second: number): { trades_per_second: number; blocks_per_second: number } {
    this.#trim(second);
    let blocks = 0;
    let trades = 0;
    for (const bucket of this.#window.values()) {
      blocks += bucket.blocks;
      trades += bucket.trades;
    }
    const seconds = Math.min(WINDOW_SECONDS, Math.max(1, second - this.#sinceSecond + 1));
    return { trades_per_second: trades / seconds, blocks_per_second: blocks / seconds };
  }

  #trim(second: number): void {
    for (const key of this.#window.keys()) {
      if (key <= second - WINDOW_SECONDS) this.#window.delete(key);
    }
  }
}

function newer(a: BlockPoint | null, b: BlockPoint | null): BlockPoint | null {
  if (a === null || b === null) return a ?? b;
  return b.slot > a.slot ? b : a;
}

/** Kafka records from the stored offsets to the ends. A partition that is not stored yet counts from its start. */
function lag(ends: ReadonlyMap<string, bigint>, stored: ReadonlyMap<string, bigint>): number {
  let records = 0n;
  for (const [partition, end] of ends) {
    const next = stored.get(partition) ?? 0n;
    if (end > next) records += end - next;
  }
  return Number(records);
}

function lagSeconds(
  head: BlockPoint | null,
  stored: BlockPoint | null,
  lagRecords: number | null,
): number | null {
  if (lagRecords === 0) return 0;
  if (head?.block_time == null || stored?.block_time == null) return null;
  return Math.max(0, head.block_time - stored.block_time);
}
