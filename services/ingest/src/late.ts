import { slot } from "@candlewick/domain";
import { acquire } from "./acquire.ts";
import { type Persistence, persist } from "./backoff.ts";
import type { Cursor, IngestPorts, SlotEntry } from "./ports.ts";
import type { SettlementPublisher } from "./publish.ts";
import {
  emptyRecord,
  missingParent,
  type Settlement,
  type SettlementRules,
  settleBlock,
} from "./settlement.ts";

/** Pace of going back to slots that failed. */
export interface LateSettings {
  readonly cursorName: string;
  /** Between rounds. */
  readonly everyMs: number;
  /** Slots per round, so that the head of the chain never waits for the past. */
  readonly perRound: number;
}

/** Under which name the cursor before a slot that was given up is kept. */
export function keptCursorName(cursorName: string, at: number): string {
  return `${cursorName}/before/${at}`;
}

/**
 * Goes back to the slots that the ledger holds as failed or missing. A late block is priced from the
 * cursor that was kept when its slot was given up, that is from the price that its predecessor left; the
 * blocks that were published since keep the price they were published with, and the running price does
 * not go back. So a late block gets the same price whenever, and however often, it is settled.
 */
export class LateSlots {
  readonly #ports: IngestPorts;
  readonly #settings: LateSettings;
  readonly #rules: SettlementRules;
  readonly #publisher: SettlementPublisher;
  readonly #ledger: Persistence;
  /** When to look at a slot again, in monotonic milliseconds. */
  readonly #due = new Map<number, number>();

  constructor(
    ports: IngestPorts,
    settings: LateSettings,
    rules: SettlementRules,
    publisher: SettlementPublisher,
    ledger: Persistence,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#rules = rules;
    this.#publisher = publisher;
    this.#ledger = ledger;
  }

  /** One round after the other until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#ports.clock.delay(this.#settings.everyMs, signal);
      await this.round(signal);
    }
  }

  /** Tries the slots that are due, lowest first. */
  async round(signal: AbortSignal): Promise<void> {
    const { ledger, clock, source } = this.#ports;
    const entries = await persist(this.#ledger, signal, () =>
      ledger.unsettledSlots(this.#rules.chain, MAX_UNSETTLED_SEEN),
    );
    const known = new Set(entries.map((entry) => entry.slot));
    for (const at of this.#due.keys()) if (!known.has(at)) this.#due.delete(at);
    const now = clock.monotonic();
    const due = entries.filter(
      (entry) => source.covers(entry.slot) && (this.#due.get(entry.slot) ?? 0) <= now,
    );
    for (const entry of due.slice(0, this.#settings.perRound)) {
      signal.throwIfAborted();
      await this.#retry(entry, signal);
    }
  }

  /** Whether the slot is settled now. */
  async #retry(entry: SlotEntry, signal: AbortSignal, depth = 0): Promise<boolean> {
    const { ledger } = this.#ports;
    const name = keptCursorName(this.#settings.cursorName, entry.slot);
    const before = await persist(this.#ledger, signal, () => ledger.cursor(name));
    const result = await this.#acquire(entry, signal);
    const attempts = entry.attempts + 1;
    if (result.kind === "block") {
      const parent = missingParent(before, result.decoded.block, this.#rules);
      const linked =
        parent === null || before === null || (await this.#retryParent(parent, entry, before, signal, depth));
      await this.#publish(before, settleBlock(before, result.decoded, attempts, this.#rules), linked, signal);
      if (linked) return true;
      await this.#postpone(entry, `published, but its parent in slot ${parent} is missing`, signal);
      return false;
    }
    if (result.kind === "absent" && entry.status === "failed") {
      await this.#settleEmpty(entry, attempts, signal);
      return true;
    }
    await this.#postpone(entry, result.kind === "failed" ? result.reason : entry.reason, signal);
    return false;
  }

  /**
   * Settles the parent of a late block where it was taken for skipped as well, from the same price. As long
   * as that fails the child stays unsettled too: the ledger does not take back that the parent was skipped.
   */
  async #retryParent(
    parent: number,
    child: SlotEntry,
    before: Cursor,
    signal: AbortSignal,
    depth: number,
  ): Promise<boolean> {
    const { ledger, logger, metrics } = this.#ports;
    const reason = `slot ${child.slot} names this slot as its parent, but it was taken for skipped`;
    if (child.attempts <= 1) logger.error("a block is missing", { slot: parent, reason });
    metrics.missingParent();
    const name = keptCursorName(this.#settings.cursorName, parent);
    await persist(this.#ledger, signal, () => ledger.saveCursor(name, before));
    if (depth >= MAX_DEPTH) return false;
    const { attempts } = child;
    return await this.#retry(
      { slot: parent, status: "missing", attempts, reason, blockId: null },
      signal,
      depth + 1,
    );
  }

  async #postpone(entry: SlotEntry, reason: string | null, signal: AbortSignal): Promise<void> {
    const { logger, clock } = this.#ports;
    const attempts = entry.attempts + 1;
    this.#due.set(entry.slot, clock.monotonic() + this.#waitMs(attempts));
    logger.debug("a late slot failed again", { slot: entry.slot, attempts, reason });
    await this.#record([{ ...entry, attempts, reason }], signal);
  }

  async #acquire(entry: SlotEntry, signal: AbortSignal) {
    try {
      return await acquire(this.#ports, slot(entry.slot), signal);
    } catch (error) {
      signal.throwIfAborted();
      // What ends the service at the head of the chain, such as a node that has pruned the block, must not do so here.
      return { kind: "failed" as const, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Publishes a late block; `settled`: and writes down that it is done. */
  async #publish(
    before: Cursor | null,
    late: Settlement,
    settled: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { logger, metrics } = this.#ports;
    // The skipped slots before it have their records; only its own is new.
    const own = { ...late, records: late.records.slice(-1), entries: late.entries.slice(-1) };
    await this.#publisher.sendTrades(own, signal);
    await this.#publisher.sendRecords(own, signal);
    if (!settled) return;
    await this.#record(own.entries, signal);
    metrics.block("processed");
    metrics.trades(own.trades.length);
    for (const [reason, count] of own.skipped) metrics.skipped(reason, count);
    this.#due.delete(late.slot);
    logger.info("a late slot is settled", {
      slot: late.slot,
      trades: own.trades.length,
      pricedAfterSlot: before?.slot ?? null,
    });
  }

  async #settleEmpty(entry: SlotEntry, attempts: number, signal: AbortSignal): Promise<void> {
    const at = slot(entry.slot);
    const record = emptyRecord(this.#rules.chain, at, "skipped");
    await this.#publisher.sendRecords({ records: [record] }, signal);
    await this.#record([{ ...entry, status: "skipped", attempts, reason: null }], signal);
    this.#ports.metrics.block("skipped");
    this.#due.delete(entry.slot);
  }

  async #record(entries: readonly SlotEntry[], signal: AbortSignal): Promise<void> {
    await persist(this.#ledger, signal, () => this.#ports.ledger.recordSlots(this.#rules.chain, entries));
  }

  #waitMs(attempts: number): number {
    return Math.min(MAX_WAIT_MS, this.#settings.everyMs * 2 ** Math.min(attempts, 20));
  }
}

/** How many missing parents in a row are settled in one go. */
const MAX_DEPTH = 32;
const MAX_UNSETTLED_SEEN = 1_000;
const MAX_WAIT_MS = 3_600_000;
