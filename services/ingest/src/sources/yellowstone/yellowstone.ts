import { type Slot, slot } from "@candlewick/domain";
import { CandlewickError, type Clock, ERRORS, type Logger } from "@candlewick/runtime";
import { Alarm } from "../../alarm.ts";
import { backoffMs, DEFAULT_BACKOFF, PeerHealth } from "../../backoff.ts";
import type { ReadAccounts } from "../../pair-directory.ts";
import type {
  BlockFacts,
  BlockSource,
  ChainOracle,
  Commitment,
  Fetched,
  SlotPlan,
  SlotTruth,
  Verdict,
} from "../../ports.ts";
import { redactUrl } from "../rpc-url.ts";
import type { SolanaRpcSource, StartSlot } from "../solana-rpc.ts";
import { BlockWindow } from "./block-window.ts";
import { GeyserClient, type StreamEnd } from "./geyser-client.ts";
import type { GeyserUpdate } from "./geyser-messages.ts";

export interface YellowstoneOptions {
  readonly url: string;
  readonly token: string | null;
  readonly commitment: Commitment;
  readonly startSlot: StartSlot;
  readonly timeoutMs: number;
  /** At least 64 MiB on a real chain: blocks are large. */
  readonly maxMessageBytes: number;
  /** How many bytes of blocks may wait to be taken before the stream is held back. */
  readonly maxBufferBytes: number;
  /** A stream from which nothing came for so long is opened anew. */
  readonly watchdogMs: number;
  /** How long a block is waited for that another names as its parent. */
  readonly notYetTimeoutMs: number;
  /** JSON-RPC of the same chain, for what the stream cannot bring again; null: such slots stay in the ledger. */
  readonly fallback: SolanaRpcSource | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onTrouble: (kind: string) => void;
}

/** Slots before the cursor that are asked for again, to see them become final. */
const OVERLAP_SLOTS = 64;
/** The same after a stream that ended: what was not final then becomes so with what comes. */
const RECONNECT_OVERLAP_SLOTS = 8;

/** Blocks as a Yellowstone server streams them. */
export class YellowstoneSource implements BlockSource, ChainOracle {
  readonly name: string;
  readonly continuity = "linked";
  /** What the stream brought stays what it is; a fallback may have it whole. */
  readonly decodeAttempts = 2;
  readonly oracle = this;
  readonly accounts: ReadAccounts | null;
  readonly #options: YellowstoneOptions;
  readonly #client: GeyserClient;
  readonly #window: BlockWindow;
  readonly #health: PeerHealth;
  readonly #closing = new AbortController();
  readonly #arrival: Alarm;
  #loop: Promise<void> | null = null;
  #failure: Error | null = null;
  #heardAtMs = 0;
  #resume: (() => void) | null = null;
  /** After which slot finality cannot go on, and since when. */
  #hole: { readonly after: number; readonly sinceMs: number } | null = null;
  #isHoleTold = false;
  /** Blocks that could not be decoded as they came: they are fetched elsewhere. */
  readonly #handed = new Map<number, number>();

  constructor(options: YellowstoneOptions) {
    const url = URL.canParse(options.url) ? new URL(options.url) : null;
    if (url === null || !["http:", "https:"].includes(url.protocol)) {
      throw new CandlewickError(
        ERRORS.configuration,
        "ingest.grpcUrl is not a URL that begins with http:// or https://.",
        "Write it like http://127.0.0.1:10000.",
      );
    }
    this.name = redactUrl(url);
    this.accounts = options.fallback?.accounts ?? null;
    this.#options = options;
    this.#client = new GeyserClient(options);
    this.#window = new BlockWindow(options.maxBufferBytes);
    this.#arrival = new Alarm(options.clock);
    this.#health = new PeerHealth(`the Yellowstone server at ${this.name}`, options.clock, options.logger);
  }

  covers(): boolean {
    return true;
  }

  head(): number | null {
    return this.#window.head;
  }

  async origin(signal: AbortSignal): Promise<number | null> {
    const { startSlot, fallback } = this.#options;
    if (typeof startSlot === "number") return startSlot === 0 ? null : startSlot - 1;
    if (startSlot === "first" && fallback !== null) return await fallback.origin(signal);
    this.#follow(startSlot === "first" ? await this.#client.firstAvailable(signal) : null);
    while (this.#window.slotsAfter(-1).length === 0) await this.#waitForArrival(signal);
    return (this.#window.slotsAfter(-1)[0] ?? 1) - 1;
  }

  async plan(after: number | null, limit: number, signal: AbortSignal): Promise<SlotPlan> {
    const from = (after ?? -1) + 1;
    this.#follow(after === null ? null : Math.max(0, from - OVERLAP_SLOTS));
    for (;;) {
      const slots = this.#window.slotsAfter(from - 1);
      const [first] = slots;
      if (first !== undefined) {
        const before = await this.#gap(from, first, limit, signal);
        if (before.length > 0) return { slots: before.map(slot), ended: false };
        return { slots: slots.slice(0, limit).map(slot), ended: false };
      }
      await this.#waitForArrival(signal);
    }
  }

  async fetch(at: Slot, signal: AbortSignal): Promise<Fetched> {
    const { clock, notYetTimeoutMs, fallback } = this.#options;
    const began = clock.monotonic();
    for (;;) {
      const block = this.#window.block(at);
      const attempts = (this.#handed.get(at) ?? 0) + 1;
      if (block !== null && (attempts === 1 || fallback === null)) {
        this.#handed.set(at, attempts);
        this.#taken(at);
        return { kind: "block", bytes: block.bytes, attempts, format: "yellowstone" };
      }
      if (block !== null || this.#window.isDead(at) || this.#isPast(at)) break;
      if (clock.monotonic() - began >= notYetTimeoutMs) break;
      await this.#waitForArrival(signal, notYetTimeoutMs);
    }
    const truth = this.#window.truth(at);
    if (truth?.kind === "absent") return { kind: "absent" };
    if (fallback !== null) return await fallback.fetch(at, signal);
    return {
      kind: "failed",
      reason: "the stream did not bring the block, and no RPC node is configured",
      attempts: 1,
    };
  }

  /** Forks are part of a chain that is not settled yet: only finality decides. */
  async judge(): Promise<Verdict> {
    return "both";
  }

  async confirm(block: BlockFacts, signal: AbortSignal): Promise<boolean | null> {
    const truth = this.#window.truth(block.slot);
    if (truth !== null) return truth.kind === "block" && truth.id === block.id;
    return (await this.#options.fallback?.oracle.confirm(block, signal)) ?? null;
  }

  async truth(at: number, signal: AbortSignal): Promise<SlotTruth | null> {
    return this.#window.truth(at) ?? (await this.#options.fallback?.oracle.truth(at, signal)) ?? null;
  }

  async finalized(after: number, through: number, signal: AbortSignal) {
    const final = this.#window.finalized;
    const slots = this.#window.finalSlots(after, through);
    if (final !== null && slots !== null)
      return { through: Math.max(after, Math.min(final, through)), slots };
    const { fallback } = this.#options;
    if (fallback !== null) return await fallback.oracle.finalized(after, through, signal);
    if (final !== null) this.#tellHole(after, final);
    return { through: after, slots: [] };
  }

  /** A hole that stays is final: nobody else can be asked what was in it. A block may come a little later. */
  #tellHole(after: number, final: number): void {
    const { clock, logger, notYetTimeoutMs } = this.#options;
    const now = clock.monotonic();
    if (this.#hole?.after !== after) this.#hole = { after, sinceMs: now };
    if (this.#isHoleTold || now - this.#hole.sinceMs < notYetTimeoutMs) return;
    this.#isHoleTold = true;
    logger.error(
      "finality cannot be followed over a hole in the stream: set ingest.grpcFallback and rpcUrl",
      {
        finalizedTo: after,
        finalInStream: final,
      },
    );
  }

  place(at: Slot): string {
    return `The block of slot ${at} from ${this.name}`;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the source is closed"));
    this.#arrival.ring();
    await this.#loop;
    this.#client.close();
    await this.#options.fallback?.close();
  }

  /** Slots that came and went before the stream began: only an RPC node has them. */
  async #gap(from: number, first: number, limit: number, signal: AbortSignal): Promise<number[]> {
    const { fallback } = this.#options;
    // A block that was built on what was before the gap shows that there is nothing in it.
    const parent = this.#window.block(first)?.parentSlot ?? from;
    if (fallback === null || parent < from) return [];
    return (await fallback.slotsBetween(from, first - 1, signal)).slice(0, limit);
  }

  /** Whether the stream is so far beyond a slot that its block will not come any more. */
  #isPast(at: number): boolean {
    return at <= (this.#window.finalized ?? -1);
  }

  #taken(at: number): void {
    this.#window.taken(at);
    for (const old of this.#handed.keys()) if (old < at - OVERLAP_SLOTS * 4) this.#handed.delete(old);
    if (this.#window.isFull) return;
    this.#resume?.();
    this.#resume = null;
  }

  #follow(fromSlot: number | null): void {
    this.#loop ??= this.#run(fromSlot).catch((error: unknown) => {
      if (this.#closing.signal.aborted) return;
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#arrival.ring();
    });
  }

  async #run(first: number | null): Promise<void> {
    const { clock, random, commitment, logger, onTrouble } = this.#options;
    const { signal } = this.#closing;
    let fromSlot = first;
    for (let attempt = 1; !signal.aborted; attempt++) {
      fromSlot = await this.#available(fromSlot, signal);
      let heard = false;
      const take = (update: GeyserUpdate, resume: () => void) => {
        if (!heard) this.#health.worked();
        heard = true;
        this.#heardAtMs = clock.monotonic();
        return this.#take(update, resume);
      };
      const end = await this.#watched(
        (within) => this.#client.stream(commitment, fromSlot, take, within),
        signal,
      );
      onTrouble(end.tooOld ? "replay-gone" : "stream-ended");
      if (end.refused) throw this.#refusal(end.reason);
      this.#health.failed(new Error(end.reason));
      if (end.tooOld) {
        logger.warn("the server no longer has the slots since the last one", {
          fromSlot,
          reason: end.reason,
        });
        fromSlot = null;
      } else {
        // The last slots are asked for again, as blocks come a little out of order; what is known is passed over.
        const { head } = this.#window;
        fromSlot = head === null ? fromSlot : Math.max(0, head + 1 - RECONNECT_OVERLAP_SLOTS);
      }
      if (heard) attempt = 1;
      await clock.delay(backoffMs(DEFAULT_BACKOFF, attempt + 1, random()), signal);
    }
  }

  /** Ends a stream that says nothing any more although its connection lives. */
  async #watched(
    stream: (signal: AbortSignal) => Promise<StreamEnd>,
    signal: AbortSignal,
  ): Promise<StreamEnd> {
    const { clock, watchdogMs } = this.#options;
    const over = new AbortController();
    const within = AbortSignal.any([signal, over.signal]);
    this.#heardAtMs = clock.monotonic();
    this.#resume = null;
    const watch = async () => {
      // While the stream is held back by us its silence means nothing.
      while (this.#resume !== null || clock.monotonic() - this.#heardAtMs < watchdogMs) {
        await clock.delay(watchdogMs / 2, within);
      }
      over.abort(new Error(`nothing came for ${watchdogMs} ms`));
    };
    // Rejects when the stream ends first.
    watch().catch(() => {});
    try {
      return await stream(within);
    } catch (error) {
      signal.throwIfAborted();
      if (error !== over.signal.reason) throw error;
      return { reason: `nothing came for ${watchdogMs} ms`, tooOld: false, refused: false };
    } finally {
      over.abort(new Error("the stream has ended"));
    }
  }

  /** The slot to go on with, or the first one after it that the server still has. */
  async #available(fromSlot: number | null, signal: AbortSignal): Promise<number | null> {
    if (fromSlot === null) return null;
    const first = await this.#client.firstAvailable(signal);
    if (first === null || first <= fromSlot) return fromSlot;
    this.#options.logger.warn("the server's stream begins after the slot to go on with", { fromSlot, first });
    return first;
  }

  /** Whether there is room for more. */
  #take(update: GeyserUpdate, resume: () => void): boolean {
    if (update.kind === "slot") this.#window.status(update.slot, update.parent, update.stage);
    if (update.kind === "block" && this.#window.add(update.block)) this.#arrival.ring();
    if (update.kind === "slot" && update.stage === "dead") this.#arrival.ring();
    if (!this.#window.isFull) return true;
    this.#resume = resume;
    return false;
  }

  async #waitForArrival(signal: AbortSignal, ms = ARRIVAL_CHECK_MS): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await this.#arrival.wait(Math.min(ms, ARRIVAL_CHECK_MS), signal);
    if (this.#failure !== null) throw this.#failure;
  }

  #refusal(reason: string): CandlewickError {
    return new CandlewickError(
      ERRORS.configuration,
      `The Yellowstone server at ${this.name} refuses the subscription: ${reason}.`,
      "Check ingest.grpcUrl and ingest.grpcToken.",
    );
  }
}

/** Several wait for the same bell: each looks again after so much time at the latest. */
const ARRIVAL_CHECK_MS = 50;
