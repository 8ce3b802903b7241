import type { ChainName, Slot } from "@candlewick/domain";
import type { OutgoingMessage } from "@candlewick/kafka";
import type { Clock, LogFields, Logger } from "@candlewick/runtime";
import type { RetryPage, SlotRange } from "@candlewick/store";
import { noMetrics } from "../src/metrics.ts";
import type {
  BlockSource,
  Cursor,
  DecodeBlock,
  Fetched,
  IngestPorts,
  Ledger,
  Publication,
  Publisher,
  ReopenedSlot,
  SlotEntry,
  SlotPlan,
} from "../src/ports.ts";
import type { ModelChain } from "./chain-model.ts";

/** A clock whose delays pass at once, in the order in which they end; those of a year and more never do. */
export class JumpingClock implements Clock {
  #nowMs = 0;
  readonly #waiting: { atMs: number; ring: () => void }[] = [];
  #scheduled = false;

  now(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const timer = { atMs: this.#nowMs + ms, ring: resolve };
      signal?.addEventListener("abort", () => {
        const index = this.#waiting.indexOf(timer);
        if (index >= 0) this.#waiting.splice(index, 1);
        reject(signal.reason);
      });
      if (ms >= YEAR_MS) return;
      this.#waiting.push(timer);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#waiting.sort((a, b) => a.atMs - b.atMs);
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.#nowMs = Math.max(this.#nowMs, next.atMs);
        next.ring();
      }
      this.#schedule();
    });
  }
}

export const YEAR_MS = 365 * 86_400_000;

/** What outlives a crash: cursors and the ledger of slots, as the store keeps them. */
export class MemoryLedger implements Ledger {
  readonly cursors = new Map<string, Cursor>();
  readonly slots = new Map<number, SlotEntry>();
  readonly published = new Map<string, Publication>();

  async cursor(name: string): Promise<Cursor | null> {
    return this.cursors.get(name) ?? null;
  }

  async saveCursor(name: string, cursor: Cursor): Promise<void> {
    this.cursors.set(name, cursor);
  }

  async keepCursor(name: string, cursor: Cursor): Promise<Cursor> {
    const kept = this.cursors.get(name) ?? cursor;
    this.cursors.set(name, kept);
    return kept;
  }

  async recordSlots(_chain: ChainName, entries: readonly SlotEntry[]): Promise<void> {
    for (const entry of entries) {
      const known = this.slots.get(entry.slot);
      // A slot never becomes less settled.
      if (known !== undefined && SETTLED.indexOf(entry.status) < SETTLED.indexOf(known.status)) continue;
      this.slots.set(entry.slot, entry);
    }
  }

  async unsettledSlots(_chain: ChainName, limit: number, range: SlotRange = ALL_SLOTS): Promise<SlotEntry[]> {
    return (await this.slotEntries("solana", range, Number.MAX_SAFE_INTEGER))
      .filter((entry) => entry.status === "failed" || entry.status === "missing")
      .slice(0, limit);
  }

  async slotsToRetry(_chain: ChainName, { skip, limit, lastReason }: RetryPage): Promise<SlotEntry[]> {
    const rank = ({ blockId, reason }: SlotEntry) => (blockId !== null ? 0 : reason === lastReason ? 2 : 1);
    return (await this.unsettledSlots("solana", Number.MAX_SAFE_INTEGER))
      .sort((a, b) => rank(a) - rank(b) || a.slot - b.slot)
      .slice(skip, skip + limit);
  }

  async unsettledCount(): Promise<number> {
    return (await this.unsettledSlots("solana", Number.MAX_SAFE_INTEGER)).length;
  }

  async slotEntries(_chain: ChainName, { from, to }: SlotRange, limit: number): Promise<SlotEntry[]> {
    return [...this.slots.values()]
      .filter((entry) => entry.slot >= from && entry.slot <= to)
      .sort((a, b) => a.slot - b.slot)
      .slice(0, limit);
  }

  async reopenSlots(_chain: ChainName, slots: readonly ReopenedSlot[]): Promise<void> {
    for (const { slot, blockId, reason } of slots) {
      const known = this.slots.get(slot);
      if (known === undefined || known.blockId !== blockId || SETTLED.indexOf(known.status) < 2) continue;
      this.slots.set(slot, { ...known, status: "missing", attempts: 0, reason });
    }
  }

  async notePublications(_chain: ChainName, publications: readonly Publication[]): Promise<void> {
    for (const one of publications) {
      const name = `${one.slot} ${one.blockId}`;
      if (!this.published.has(name)) this.published.set(name, one);
    }
  }

  async publications(_chain: ChainName, { from, to }: SlotRange, limit: number): Promise<Publication[]> {
    return [...this.published.values()]
      .filter(({ slot }) => slot >= from && slot <= to)
      .sort((a, b) => a.slot - b.slot)
      .slice(0, limit);
  }

  async closePublications(
    _chain: ChainName,
    closed: readonly Pick<Publication, "slot" | "blockId">[],
  ): Promise<void> {
    for (const { slot, blockId } of closed) this.published.delete(`${slot} ${blockId}`);
  }
}

const ALL_SLOTS: SlotRange = { from: 0, to: Number.MAX_SAFE_INTEGER };
const SETTLED = ["missing", "failed", "skipped", "processed"];

/** A topic log in memory; an acknowledgement comes some turns of the loop after the send. */
export class MemoryLog implements Publisher {
  readonly messages: OutgoingMessage[] = [];

  async send(message: OutgoingMessage): Promise<void> {
    this.messages.push(message);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Topic, key, headers and value of each message, as text. */
  lines(): string[] {
    return this.messages.map(lineOf);
  }
}

export function lineOf({ topic, key, value, headers }: OutgoingMessage): string {
  return `${topic} ${key?.toString()} ${JSON.stringify(headers ?? {})} ${value?.toString()}`;
}

/** A model chain as a source; its bytes name the slot only, `decodeModel` knows the rest. */
export class ModelSource implements BlockSource {
  readonly name = "model";
  readonly continuity = "linked";
  readonly decodeAttempts = 2;
  readonly chain: ModelChain;
  fetches = 0;

  constructor(chain: ModelChain) {
    this.chain = chain;
  }

  covers(): boolean {
    return true;
  }

  head(): number | null {
    return [...this.chain.slots.keys()].at(-1) ?? null;
  }

  async origin(): Promise<number> {
    return this.chain.first - 1;
  }

  async plan(after: number | null, limit: number): Promise<SlotPlan> {
    const listed = [...this.chain.slots].filter(
      ([at, found]) => at > (after ?? -1) && (found.kind === "block" || found.kind === "broken"),
    );
    const slots = listed.slice(0, limit).map(([at]) => at as Slot);
    return { slots, ended: slots.length === listed.length };
  }

  async fetch(slot: Slot): Promise<Fetched> {
    this.fetches += 1;
    const found = this.chain.slots.get(slot);
    if (found === undefined || found.kind === "empty") return { kind: "absent" };
    return { kind: "block", bytes: Buffer.from(String(slot)), attempts: 1 };
  }

  place(slot: Slot): string {
    return `slot ${slot}`;
  }

  async close(): Promise<void> {}
}

export function decodeModel(chain: ModelChain): DecodeBlock {
  return (_bytes, slot) => {
    const found = chain.slots.get(slot);
    if (found?.kind === "block" || found?.kind === "hidden") return found.decoded;
    const error = new Error("the block is broken");
    error.name = "DecodeError";
    throw error;
  };
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what is logged. */
export class MemoryLogger implements Logger {
  readonly lines: LogLine[] = [];

  debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "debug", message, fields });
  }

  info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "info", message, fields });
  }

  warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "warn", message, fields });
  }

  error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: "error", message, fields });
  }

  child(): Logger {
    return this;
  }

  at(level: LogLine["level"]): string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message);
  }
}

/** Ports over memory; any of them may be replaced. */
export function memoryPorts(chain: ModelChain, replaced: Partial<IngestPorts> = {}): IngestPorts {
  return {
    source: new ModelSource(chain),
    decode: decodeModel(chain),
    publisher: new MemoryLog(),
    ledger: new MemoryLedger(),
    clock: new JumpingClock(),
    random: () => 0.5,
    logger: new MemoryLogger(),
    metrics: noMetrics,
    ...replaced,
  };
}
