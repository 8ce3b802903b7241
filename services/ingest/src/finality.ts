import { type BlockRecord, slot } from "@candlewick/domain";
import { type Persistence, persist } from "./backoff.ts";
import { type KeptSettlement, readKeptSettlement } from "./kept-settlement.ts";
import { keptCursorName } from "./late.ts";
import type { ChainOracle, IngestPorts, Publication, ReopenedSlot, SlotEntry, SlotTruth } from "./ports.ts";
import type { SettlementPublisher } from "./publish.ts";
import { emptyRecord, type SettlementRules } from "./settlement.ts";

export interface FinalitySettings {
  readonly cursorName: string;
  readonly everyMs: number;
}

/** What a round found out about one slot. */
interface Finding {
  readonly slot: number;
  readonly truth: SlotTruth;
  readonly entry: SlotEntry | null;
  readonly publications: readonly (Publication & { readonly kept: KeptSettlement | null })[];
}

/** Under which name the slot is kept up to which everything is final. */
export function finalizedCursorName(cursorName: string): string {
  return `${cursorName}/finalized`;
}

/**
 * Follows the chain's finality behind the cursor. Every block that was published ends here: it is announced
 * as finalized, or as orphaned where the chain did not keep it. A slot whose entry in the ledger contradicts
 * the final chain is opened again.
 */
export class Finality {
  readonly #ports: IngestPorts;
  readonly #oracle: ChainOracle;
  readonly #settings: FinalitySettings;
  readonly #rules: SettlementRules;
  readonly #publisher: SettlementPublisher;
  readonly #ledger: Persistence;
  readonly #onReopened: () => void;
  #after: number | null = null;
  /** Where the next look at what is open behind the final slot begins. */
  #oldFrom = 0;
  readonly #postponed = new Map<number, { readonly attempts: number; readonly dueMs: number }>();

  constructor(
    ports: IngestPorts,
    oracle: ChainOracle,
    settings: FinalitySettings,
    rules: SettlementRules,
    publisher: SettlementPublisher,
    ledger: Persistence,
    onReopened: () => void,
  ) {
    this.#ports = ports;
    this.#oracle = oracle;
    this.#settings = settings;
    this.#rules = rules;
    this.#publisher = publisher;
    this.#ledger = ledger;
    this.#onReopened = onReopened;
  }

  /** One round after the other until the signal is aborted. `cursorSlot` tells how far ingest has come. */
  async run(cursorSlot: () => number | null, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#ports.clock.delay(this.#settings.everyMs, signal);
      while (await this.round(cursorSlot(), signal));
    }
  }

  /** Settles what has become final up to the cursor; resolves to whether there may be more. */
  async round(cursorSlot: number | null, signal: AbortSignal): Promise<boolean> {
    const after = await this.#begin(cursorSlot, signal);
    if (after === null || cursorSlot === null) return false;
    const bound = Math.min(cursorSlot, after + MAX_SLOTS);
    const final =
      bound > after ? await this.#oracle.finalized(after, bound, signal) : { through: after, slots: [] };
    const { findings, through } = await this.#look(after, final, signal);
    await this.#announce(findings, signal);
    await this.#enter(findings, signal);
    if (through <= after) return false;
    const { ledger, metrics } = this.#ports;
    const name = finalizedCursorName(this.#settings.cursorName);
    const cursor = { slot: through, blockId: null, blockTime: null, solPrice: null };
    await persist(this.#ledger, signal, () => ledger.saveCursor(name, cursor));
    this.#after = through;
    metrics.finalizedTo(through);
    return through === after + MAX_SLOTS;
  }

  /** A chain that was followed before this was kept begins where it stands. */
  async #begin(cursorSlot: number | null, signal: AbortSignal): Promise<number | null> {
    if (this.#after !== null || cursorSlot === null) return this.#after;
    const { ledger } = this.#ports;
    const { cursorName } = this.#settings;
    const name = finalizedCursorName(cursorName);
    const known = await persist(this.#ledger, signal, () => ledger.cursor(name));
    const range = { from: 0, to: cursorSlot };
    const [first] = await persist(this.#ledger, signal, () =>
      ledger.publications(this.#rules.chain, range, 1),
    );
    this.#after = known?.slot ?? Math.min(cursorSlot, first === undefined ? cursorSlot : first.slot - 1);
    return this.#after;
  }

  /** Compares what the ledger holds with the final chain, from the highest slot down along the parents. */
  async #look(
    after: number,
    final: { readonly through: number; readonly slots: readonly number[] },
    signal: AbortSignal,
  ): Promise<{ findings: Finding[]; through: number }> {
    const { ledger } = this.#ports;
    const { chain } = this.#rules;
    const { fresh, through } = await this.#fresh(after, final.through, signal);
    const range = { from: after + 1, to: through };
    const entries = await persist(this.#ledger, signal, () => ledger.slotEntries(chain, range, MAX_SLOTS));
    const old = await this.#old(after, signal);
    const bySlot = Map.groupBy([...old, ...fresh], (publication) => publication.slot);
    const entryOf = new Map(entries.map((entry) => [entry.slot, entry]));
    const holdsBlock = new Set(final.slots);
    const concerned = [...new Set([...bySlot.keys(), ...entryOf.keys()])].sort((a, b) => b - a);
    const findings: Finding[] = [];
    let lowestUnknown: number | null = null;
    let parent: { slot: number; id: string } | null = null;
    for (const at of concerned) {
      const linked =
        parent?.slot === at && bySlot.get(at)?.some(({ blockId }) => blockId === parent?.id) === true
          ? parent.id
          : null;
      const mayBeEmpty = at > after && !holdsBlock.has(at) && parent !== null && parent.slot < at;
      const truth = await this.#truth(at, linked, mayBeEmpty && !bySlot.has(at), signal);
      if (truth === null) {
        if (at > after) lowestUnknown = at;
        else this.#postpone(at);
        continue;
      }
      this.#postponed.delete(at);
      const publications = (bySlot.get(at) ?? []).map((publication) => ({
        ...publication,
        kept: readKeptSettlement(publication.settlement),
      }));
      findings.push({ slot: at, truth, entry: entryOf.get(at) ?? null, publications });
      if (truth.kind === "block") {
        const record = publications.find(({ blockId }) => blockId === truth.id)?.kept?.record;
        parent =
          record === undefined || record.parentSlot === null || record.parentId === null
            ? null
            : { slot: record.parentSlot, id: record.parentId };
      }
    }
    findings.reverse();
    if (lowestUnknown === null) return { findings, through };
    const end = lowestUnknown - 1;
    return { findings: findings.filter((finding) => finding.slot <= end), through: Math.max(after, end) };
  }

  /** What was published of slots that are final now; not all of them, where it is too much for one round. */
  async #fresh(
    after: number,
    through: number,
    signal: AbortSignal,
  ): Promise<{ readonly fresh: readonly Publication[]; readonly through: number }> {
    const { ledger } = this.#ports;
    const range = { from: after + 1, to: through };
    const fresh = await persist(this.#ledger, signal, () =>
      ledger.publications(this.#rules.chain, range, MAX_FRESH),
    );
    const last = fresh.at(-1);
    if (last === undefined || fresh.length < MAX_FRESH) return { fresh, through };
    // Of the last slot there may be more than was read.
    return { fresh: fresh.filter(({ slot: at }) => at < last.slot), through: last.slot - 1 };
  }

  /** Some of what is open behind the final slot, the next ones in turn: late blocks, and those without an answer. */
  async #old(after: number, signal: AbortSignal): Promise<readonly Publication[]> {
    const { ledger, clock } = this.#ports;
    const range = { from: this.#oldFrom, to: after };
    const old = await persist(this.#ledger, signal, () =>
      ledger.publications(this.#rules.chain, range, MAX_OLD),
    );
    const last = old.at(-1);
    this.#oldFrom = last === undefined || old.length < MAX_OLD ? 0 : last.slot + 1;
    const now = clock.monotonic();
    return old.filter(({ slot: at }) => (this.#postponed.get(at)?.dueMs ?? 0) <= now);
  }

  /** An old slot that nobody knows is asked about again, after pauses that grow. */
  #postpone(at: number): void {
    const attempts = (this.#postponed.get(at)?.attempts ?? 0) + 1;
    const waitMs = Math.min(MAX_OLD_WAIT_MS, this.#settings.everyMs * 2 ** Math.min(attempts, 20));
    this.#postponed.delete(at);
    this.#postponed.set(at, { attempts, dueMs: this.#ports.clock.monotonic() + waitMs });
    for (const oldest of this.#postponed.keys()) {
      if (this.#postponed.size <= MAX_FRESH) return;
      this.#postponed.delete(oldest);
    }
  }

  /**
   * A parent that was published itself, and a slot that a parent leaves out and of which nothing was published,
   * need no further question. All else does: what a single block says of its parent may be wrong.
   */
  async #truth(
    at: number,
    linked: string | null,
    isEmpty: boolean,
    signal: AbortSignal,
  ): Promise<SlotTruth | null> {
    if (linked !== null) return { kind: "block", id: linked };
    return isEmpty ? { kind: "absent" } : await this.#oracle.truth(at, signal);
  }

  /** Sends what is final and what is orphaned, in order of slot. */
  async #announce(findings: readonly Finding[], signal: AbortSignal): Promise<void> {
    const { metrics, logger } = this.#ports;
    const records: BlockRecord[] = [];
    for (const { slot: at, truth, publications } of findings) {
      for (const { blockId, kept } of publications) {
        const isFinal = truth.kind === "block" && truth.id === blockId;
        if (isFinal && this.#rules.commitment === "finalized") continue;
        const status = isFinal ? "finalized" : "orphaned";
        const record = kept?.record ?? { ...emptyRecord(this.#rules.chain, slot(at), status), id: blockId };
        records.push({ ...record, status });
        metrics.block(status);
        if (!isFinal)
          logger.warn("a published block is not on the chain: it is taken back", {
            slot: at,
            block: blockId,
          });
      }
    }
    await this.#publisher.sendRecords({ records }, signal);
  }

  /** Brings the ledger to what is known now. */
  async #enter(findings: readonly Finding[], signal: AbortSignal): Promise<void> {
    const { ledger } = this.#ports;
    const { chain } = this.#rules;
    const reopened: ReopenedSlot[] = [];
    const skipped: SlotEntry[] = [];
    for (const finding of findings) {
      const { slot: at, truth, entry } = finding;
      if (entry === null) continue;
      if (entry.status === "failed" || entry.status === "missing") {
        await this.#keepBefore(finding, signal);
        continue;
      }
      const holds = entry.status === "processed" ? entry.blockId : null;
      const is = truth.kind === "block" ? truth.id : null;
      if (holds === is) continue;
      const reason = `the final chain has ${is === null ? "no block" : `block ${is}`} in this slot`;
      reopened.push({ slot: at, blockId: entry.blockId, reason });
      await this.#keepBefore(finding, signal);
      if (is === null)
        skipped.push({ slot: at, status: "skipped", attempts: entry.attempts, reason, blockId: null });
    }
    const closed = findings.flatMap((finding) => finding.publications);
    await persist(this.#ledger, signal, () => ledger.reopenSlots(chain, reopened));
    await persist(this.#ledger, signal, () => ledger.recordSlots(chain, skipped));
    await persist(this.#ledger, signal, () => ledger.closePublications(chain, closed));
    if (reopened.length > skipped.length) this.#onReopened();
  }

  /** The publications of a slot are closed: what its block is priced from, when it comes, must outlive them. */
  async #keepBefore({ slot: at, publications }: Finding, signal: AbortSignal): Promise<void> {
    const { ledger } = this.#ports;
    const before = publications.find(({ kept }) => (kept?.before ?? null) !== null)?.kept?.before ?? null;
    if (before === null) return;
    const name = keptCursorName(this.#settings.cursorName, at);
    await persist(this.#ledger, signal, () => ledger.keepCursor(name, before));
  }
}

/** Slots in one round. */
const MAX_SLOTS = 2_000;
/** Published blocks in one round: of the slots that are final now, and of earlier ones. */
const MAX_FRESH = MAX_SLOTS * 4;
const MAX_OLD = 200;
const MAX_OLD_WAIT_MS = 60_000;
