import { type Slot, slot } from "@candlewick/domain";
import { CandlewickError, type Clock, ERRORS, type Logger } from "@candlewick/runtime";
import type { ReadAccounts } from "../pair-directory.ts";
import type { BlockSource, Fetched, SlotPlan } from "../ports.ts";
import { fetchBlock } from "./block-fetch.ts";
import type { GenesisMemory } from "./genesis-check.ts";
import type { RpcTrouble } from "./rpc-error.ts";
import { RpcOracle } from "./rpc-oracle.ts";
import { type EndpointTrouble, RpcPool } from "./rpc-pool.ts";
import { rpcEndpoint } from "./rpc-url.ts";
import { SlotFeed } from "./slot-feed.ts";

/** Where a first run starts: some slots before the head, with the first block that the node has, or with a slot. */
export type StartSlot = "head" | "first" | number;

export interface SolanaRpcOptions {
  readonly rpcUrl: string;
  /** Further endpoints of the same chain. */
  readonly moreRpcUrls?: readonly string[];
  /** Null: derived from the URLs. */
  readonly wsUrl: string | null;
  /** For each endpoint; null or absent: no bound. */
  readonly requestsPerSecond?: number | null;
  readonly hedge?: boolean;
  readonly maxBehindSlots?: number;
  readonly quarantineMs?: number;
  readonly genesis?: GenesisMemory | null;
  readonly onEndpoint?: (endpoint: string, trouble: EndpointTrouble) => void;
  readonly commitment: "confirmed" | "finalized";
  readonly startSlot: StartSlot;
  /** How far before the head a first run starts with `startSlot: head`. */
  readonly lookbackSlots: number;
  /** The highest version of transactions that the node may send. */
  readonly maxTransactionVersion: number;
  /** For one call. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly pollMs: number;
  readonly watchdogMs: number;
  /** How often a block is asked for that comes damaged or with an unknown error. */
  readonly blockAttempts: number;
  /** How long a block is waited for that the node says is not there yet. */
  readonly notYetTimeoutMs: number;
  readonly clock: Clock;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly onRpcError: (trouble: RpcTrouble) => void;
}

/** How many slots one getBlocks asks about at first, and at most (nodes refuse more). */
const FIRST_SPAN = 1_000;
const MAX_SPAN = 500_000;

/** Blocks of a Solana node by JSON-RPC. */
export class SolanaRpcSource implements BlockSource {
  readonly name: string;
  readonly continuity = "linked";
  readonly decodeAttempts: number;
  readonly #options: SolanaRpcOptions;
  readonly oracle: RpcOracle;
  readonly accounts: ReadAccounts;
  readonly #pool: RpcPool;
  readonly #feed: SlotFeed;
  /** Slots that hold blocks and were not planned yet, ascending. */
  #known: number[] = [];
  #checked = false;

  constructor(options: SolanaRpcOptions) {
    const { clock, logger, pollMs, watchdogMs, rpcUrl, moreRpcUrls = [], wsUrl } = options;
    const endpoints = [rpcEndpoint(rpcUrl, wsUrl), ...moreRpcUrls.map((url) => rpcEndpoint(url))];
    this.name = endpoints.map(({ shown }) => shown).join(", ");
    this.decodeAttempts = options.blockAttempts * endpoints.length;
    this.#options = options;
    const pool = new RpcPool({
      requestsPerSecond: null,
      hedge: true,
      maxBehindSlots: 150,
      quarantineMs: 600_000,
      genesis: null,
      onEndpoint: () => {},
      ...options,
      endpoints,
    });
    this.#pool = pool;
    this.oracle = new RpcOracle(pool, options.clock);
    this.accounts = (addresses, signal) => pool.accounts(addresses, signal);
    this.#feed = new SlotFeed({
      wsUrls: endpoints.flatMap((endpoint) => endpoint.wsUrls),
      headSlot: (signal) => pool.headSlot(signal),
      clock,
      logger,
      pollMs,
      idlePollMs: pollMs * 5,
      watchdogMs,
    });
  }

  /** Makes sure that the node answers within `timeoutMs`. Rejects with a CandlewickError that names it. */
  async probe(timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#pool.probe(timeoutMs, signal);
  }

  covers(): boolean {
    return true;
  }

  head(): number | null {
    return this.#feed.head;
  }

  async origin(signal: AbortSignal): Promise<number | null> {
    const { startSlot, lookbackSlots } = this.#options;
    let start: number;
    if (typeof startSlot === "number") start = startSlot;
    else {
      const first = await this.#pool.firstSlot(signal);
      start =
        startSlot === "first" ? first : Math.max(first, (await this.#pool.headSlot(signal)) - lookbackSlots);
    }
    return start === 0 ? null : start - 1;
  }

  async plan(after: number | null, limit: number, signal: AbortSignal): Promise<SlotPlan> {
    const from = (after ?? -1) + 1;
    while (this.#known.length === 0) this.#known = await this.#blocksFrom(from, signal);
    return { slots: this.#known.splice(0, limit).map(slot), ended: false };
  }

  /** Slots that hold blocks, from `from` to `to`; of a long stretch the first ones. */
  async slotsBetween(from: number, to: number, signal: AbortSignal): Promise<number[]> {
    for (let start = from, span = FIRST_SPAN; start <= to; span = Math.min(span * 8, MAX_SPAN)) {
      const end = Math.min(to, start + span - 1);
      const slots = await this.#pool.blockSlots(start, end, signal);
      if (slots.length > 0) return slots;
      start = end + 1;
    }
    return [];
  }

  async fetch(at: Slot, signal: AbortSignal): Promise<Fetched> {
    return await fetchBlock(this.#pool, at, this.#options, signal);
  }

  place(at: Slot): string {
    return `The answer of ${this.name} for slot ${at}`;
  }

  async close(): Promise<void> {
    await this.#feed.close();
  }

  /** The next slots with blocks from `from` on; none where the node's answers do not agree yet. */
  async #blocksFrom(from: number, signal: AbortSignal): Promise<number[]> {
    if (!this.#checked) await this.#checkStart(from, signal);
    this.#checked = true;
    const head = await this.#feed.headAfter(from - 1, signal);
    // What the node calls its head holds a block.
    if (head === from) return [head];
    // A node that has pruned a stretch lists none of its blocks: that must not be taken for skipped slots.
    if (head - from > FIRST_SPAN) await this.#checkHistory(from, signal);
    let start = from;
    for (let span = FIRST_SPAN; start <= head; span = Math.min(span * 8, MAX_SPAN)) {
      const end = Math.min(head, start + span - 1);
      const slots = await this.#pool.blockSlots(start, end, signal);
      if (slots.length > 0) return slots;
      start = end + 1;
    }
    // Another server behind the same address answered, and it is behind.
    await this.#options.clock.delay(this.#options.pollMs, signal);
    return [];
  }

  async #checkStart(from: number, signal: AbortSignal): Promise<void> {
    await this.#checkHistory(from, signal);
    const head = await this.#pool.headSlot(signal);
    if (head >= from - 1) return;
    this.#options.logger.warn(
      "the node's head is before the slot to go on with: it is catching up, or it serves another chain; waiting",
      { head, slot: from },
    );
  }

  async #checkHistory(from: number, signal: AbortSignal): Promise<void> {
    const first = await this.#pool.firstSlot(signal);
    if (from >= first) return;
    throw new CandlewickError(
      ERRORS.badInput,
      `The node at ${this.name} has blocks from slot ${first} on, but ingest must go on with slot ${from}.`,
      "Point ingest.rpcUrl at an archive node until the gap is filled.",
    );
  }
}
