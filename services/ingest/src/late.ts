import { slot } from "@candlewick/domain";
import { acquire } from "./acquire.ts";
import { Alarm } from "./alarm.ts";
import { type Persistence, persist } from "./backoff.ts";
import { readKeptSettlement } from "./kept-settlement.ts";
import type { Cursor, IngestPorts, Publication, SlotEntry } from "./ports.ts";
import type { PublicationLog } from "./publication-log.ts";
import type { SettlementPublisher } from "./publish.ts";
import {
  emptyRecord,
  missingParent,
  type Settlement,
  type SettlementRules,
  settleBlock,
} from "./settlement.ts";
import type { SlotResult } from "./step.ts";

/** Pace of going back to slots that failed. */
export interface LateSettings {
  readonly cursorName: string;
  /** Between rounds. */
  readonly everyMs: number;
  /** Slots per round, so that the head of the chain never waits for the past. */
  readonly perRound: number;
}

/** Why backfill has slots in the ledger that were never tried. */
export const BACKFILL_REASON = "asked for by backfill";

/** Under which name the cursor before a slot that was given up is kept. */
export function keptCursorName(cursorName: string, at: number): string {
  return `${cursorName}/before/${at}`;
}

/**
 * Goes back to the slots that the ledger holds as failed or missing. A late block is priced from the
 * cursor that was kept when its slot was given up, that is from the price that its predecessor left; the
 * blocks that were published since keep the price they were published with, and the running price does
 * not go back. So a late block gets the same price whenever, and however often, it is settled. Where
 * another block was published for the slot before, it is taken back first.
 */
export class LateSlots {
  readonly #ports: IngestPorts;
  readonly #settings: LateSettings;
  readonly #rules: SettlementRules;
  readonly #publisher: SettlementPublisher;
  readonly #log: PublicationLog | null;
  readonly #ledger: Persistence;
  readonly #alarm: Alarm;
  /** The cursors after the last blocks that were settled here. */
  readonly #settled: Cursor[] = [];
  /** When to look at a slot again, in monotonic milliseconds. */
  readonly #due = new Map<number, number>();

  constructor(
    ports: IngestPorts,
    settings: LateSettings,
    rules: SettlementRules,
    publisher: SettlementPublisher,
    log: PublicationLog | null,
    ledger: Persistence,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#rules = rules;
    this.#publisher = publisher;
    this.#log = log;
    this.#ledger = ledger;
    this.#alarm = new Alarm(ports.clock);
  }

  /** One round after the other until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#alarm.wait(this.#settings.everyMs, signal);
      await this.round(signal);
    }
  }

  /** There is a slot that need not wait for the next round. */
  wake(): void {
    this.#alarm.ring();
  }

  /** Tries slots that are due: reopened ones first, what backfill asked for last, else lowest first. */
  async round(signal: AbortSignal): Promise<void> {
    const { ledger, clock, metrics } = this.#ports;
    metrics.unsettled(await persist(this.#ledger, signal, () => ledger.unsettledCount(this.#rules.chain)));
    const now = clock.monotonic();
    for (const [at, dueMs] of this.#due) if (dueMs <= now) this.#due.delete(at);
    for (const entry of await this.#dueEntries(signal)) {
      signal.throwIfAborted();
      await this.settle(entry, signal);
    }
  }

  /** As many slots as a round takes, page by page: those that must wait leave their places to others. */
  async #dueEntries(signal: AbortSignal): Promise<SlotEntry[]> {
    const { ledger, source } = this.#ports;
    const { perRound } = this.#settings;
    const due: SlotEntry[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const where = { skip: page * PAGE_SLOTS, limit: PAGE_SLOTS, lastReason: BACKFILL_REASON };
      const entries = await persist(this.#ledger, signal, () =>
        ledger.slotsToRetry(this.#rules.chain, where),
      );
      due.push(...entries.filter((entry) => source.covers(entry.slot) && !this.#due.has(entry.slot)));
      if (due.length >= perRound || entries.length < PAGE_SLOTS) break;
    }
    return due.slice(0, perRound);
  }

  /** Tries one slot now, with what was fetched for it ahead of time where that is given. Whether it is settled then. */
  async settle(
    entry: SlotEntry,
    signal: AbortSignal,
    ahead: Promise<SlotResult> | null = null,
  ): Promise<boolean> {
    const { truth, before } = await this.#takeBack(entry, signal);
    switch (truth.kind) {
      case "unknown":
        await this.#postpone(entry, "it is not known yet which block the chain has here", signal);
        return false;
      case "absent":
        await this.#settleEmpty(entry, before, entry.attempts + 1, signal);
        return true;
      case "as-published":
        await this.#record([{ ...entry, status: "processed", reason: null }], signal);
        this.#due.delete(entry.slot);
        return true;
      case "block":
        return await this.#retry(entry, before, truth.id, signal, 0, ahead);
      default:
        return truth satisfies never;
    }
  }

  /** Announces every block as orphaned that was published for the slot and is not the chain's. */
  async #takeBack(entry: SlotEntry, signal: AbortSignal): Promise<{ truth: Wanted; before: Cursor | null }> {
    const { ledger, source, metrics, logger } = this.#ports;
    const { chain } = this.#rules;
    const oracle = source.oracle ?? null;
    const range = { from: entry.slot, to: entry.slot };
    const published =
      oracle === null
        ? []
        : await persist(this.#ledger, signal, () => ledger.publications(chain, range, MAX_PUBLICATIONS_SEEN));
    const before = await this.#before(entry.slot, published, signal);
    if (oracle === null || (published.length === 0 && entry.blockId === null))
      return { truth: { kind: "block", id: null }, before };
    const truth = await oracle.truth(entry.slot, signal);
    if (truth === null) return { truth: { kind: "unknown" }, before };
    const id = truth.kind === "block" ? truth.id : null;
    const wrong = published.filter(({ blockId }) => blockId !== id);
    const records = wrong.map(({ blockId, settlement }) => ({
      ...(readKeptSettlement(settlement)?.record ?? emptyRecord(chain, slot(entry.slot), "orphaned")),
      id: blockId,
      status: "orphaned" as const,
    }));
    await this.#publisher.sendRecords({ records }, signal);
    await persist(this.#ledger, signal, () => ledger.closePublications(chain, wrong));
    for (const { blockId } of wrong) {
      metrics.block("orphaned");
      logger.warn("a published block is not on the chain: it is taken back", {
        slot: entry.slot,
        block: blockId,
      });
    }
    if (truth.kind === "absent") return { truth, before };
    // The ledger keeps the id of a block that was taken back: only an open publication shows that it still counts.
    const asPublished = truth.id === entry.blockId && published.some(({ blockId }) => blockId === truth.id);
    return { truth: asPublished ? { kind: "as-published" } : truth, before };
  }

  /**
   * The cursor before a slot. Where none was kept, it is what another block of the slot was published after, or
   * what the slot settled just before left: it is kept, so that the slot is priced the same from now on.
   */
  async #before(at: number, published: readonly Publication[], signal: AbortSignal): Promise<Cursor | null> {
    const { ledger } = this.#ports;
    const name = keptCursorName(this.#settings.cursorName, at);
    const kept = await persist(this.#ledger, signal, () => ledger.cursor(name));
    if (kept !== null) return kept;
    const earlier = this.#settled.filter((cursor) => cursor.slot < at).sort((a, b) => b.slot - a.slot);
    const before = readKeptSettlement(published[0]?.settlement)?.before ?? earlier[0] ?? null;
    if (before === null) return null;
    // A backfill beside ingest may have another one in hand: both price the slot from what was kept first.
    return await persist(this.#ledger, signal, () => ledger.keepCursor(name, before));
  }

  /** Leaves a cursor for the slots after it. */
  #leave(cursor: Cursor): void {
    this.#settled.push(cursor);
    if (this.#settled.length > MAX_SETTLED_KEPT) this.#settled.shift();
  }

  /** Whether the slot is settled now. */
  async #retry(
    entry: SlotEntry,
    before: Cursor | null,
    wantedId: string | null,
    signal: AbortSignal,
    depth: number,
    ahead: Promise<SlotResult> | null = null,
  ): Promise<boolean> {
    const result = await this.#confirmed(await this.#acquire(entry, wantedId, signal, ahead), signal);
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
    if (
      result.kind === "absent" &&
      (entry.status === "failed" || (await this.#isEmpty(entry.slot, signal)))
    ) {
      await this.#settleEmpty(entry, before, attempts, signal);
      return true;
    }
    await this.#postpone(entry, result.kind === "failed" ? result.reason : entry.reason, signal);
    return false;
  }

  /** A late block has no neighbours that would show that it is the chain's: others are asked. */
  async #confirmed(result: SlotResult, signal: AbortSignal): Promise<SlotResult> {
    const { oracle = null } = this.#ports.source;
    if (result.kind !== "block" || oracle === null) return result;
    const isConfirmed = await oracle.confirm(result.decoded.block, signal);
    if (isConfirmed === true) return result;
    const { id, parentId } = result.decoded.block;
    const what = isConfirmed === null ? "is not known to be" : "is not";
    const reason = `block ${id} with parent ${parentId} ${what} what the chain has in this slot`;
    return { kind: "failed", reason, attempts: result.attempts };
  }

  /** A slot that some block names as its parent is not settled by one list that leaves it out. */
  async #isEmpty(at: number, signal: AbortSignal): Promise<boolean> {
    const { oracle = null } = this.#ports.source;
    return oracle !== null && (await oracle.truth(at, signal))?.kind === "absent";
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
    const range = { from: parent, to: parent };
    const [known] = await persist(this.#ledger, signal, () =>
      ledger.slotEntries(this.#rules.chain, range, 1),
    );
    if (known?.status === "processed") return true;
    const reason = `slot ${child.slot} names this slot as its parent, but it was taken for skipped`;
    if (child.attempts <= 1) logger.error("a block is missing", { slot: parent, reason });
    metrics.missingParent();
    const name = keptCursorName(this.#settings.cursorName, parent);
    await persist(this.#ledger, signal, () => ledger.saveCursor(name, before));
    if (depth >= MAX_DEPTH) return false;
    const { attempts } = child;
    const entry: SlotEntry = { slot: parent, status: "missing", attempts, reason, blockId: null };
    return await this.#retry(entry, before, null, signal, depth + 1);
  }

  async #postpone(entry: SlotEntry, reason: string | null, signal: AbortSignal): Promise<void> {
    const { logger, clock } = this.#ports;
    const attempts = entry.attempts + 1;
    this.#due.set(entry.slot, clock.monotonic() + this.#waitMs(attempts));
    logger.debug("a late slot failed again", { slot: entry.slot, attempts, reason });
    await this.#record([{ ...entry, attempts, reason }], signal);
  }

  async #acquire(
    entry: SlotEntry,
    wantedId: string | null,
    signal: AbortSignal,
    ahead: Promise<SlotResult> | null,
  ): Promise<SlotResult> {
    try {
      const early = await ahead;
      if (
        early !== null &&
        (wantedId === null || (early.kind === "block" && early.decoded.block.id === wantedId))
      )
        return early;
      return await acquire(this.#ports, slot(entry.slot), signal, wantedId);
    } catch (error) {
      signal.throwIfAborted();
      // What ends the service at the head of the chain, such as a node that has pruned the block, must not do so here.
      return { kind: "failed", reason: error instanceof Error ? error.message : String(error), attempts: 1 };
    }
  }

  /** Publishes a late block; `settled`: and writes down that it is done. */
  async #publish(
    before: Cursor | null,
    late: Settlement,
    settled: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { logger, metrics, savePools } = this.#ports;
    // The skipped slots before it have their records; only its own is new.
    const own = { ...late, records: late.records.slice(-1), entries: late.entries.slice(-1) };
    await this.#log?.note(own, signal);
    await this.#publisher.sendTrades(own, signal);
    await this.#publisher.sendRecords(own, signal);
    if (savePools !== undefined && own.pools.length > 0)
      await persist(this.#ledger, signal, () => savePools(own.pools));
    if (!settled) return;
    await this.#record(own.entries, signal);
    this.#leave(late.cursor);
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

  async #settleEmpty(
    entry: SlotEntry,
    before: Cursor | null,
    attempts: number,
    signal: AbortSignal,
  ): Promise<void> {
    const at = slot(entry.slot);
    const record = emptyRecord(this.#rules.chain, at, "skipped");
    await this.#publisher.sendRecords({ records: [record] }, signal);
    await this.#record([{ ...entry, status: "skipped", attempts, reason: null, blockId: null }], signal);
    if (before !== null) this.#leave(before);
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

/** What a late slot is to become: a block (of that id, where it is known), none, what it was, or nothing yet. */
type Wanted =
  | { readonly kind: "block"; readonly id: string | null }
  | { readonly kind: "absent" | "as-published" | "unknown" };

/** How many missing parents in a row are settled in one go. */
const MAX_DEPTH = 32;
const MAX_PUBLICATIONS_SEEN = 1_000;
const PAGE_SLOTS = 1_000;
/** What a round looks at; only slots that must wait can take up so many. */
const MAX_PAGES = 64;
/** Blocks after which a slot without a kept cursor may come. */
const MAX_SETTLED_KEPT = 64;
const MAX_WAIT_MS = 3_600_000;
