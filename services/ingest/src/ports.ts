import type { PoolEvent, Slot, Swap } from "@candlewick/domain";
import type { OutgoingMessage } from "@candlewick/kafka";
import type { Clock, Logger } from "@candlewick/runtime";
import type { Store, StoredPool } from "@candlewick/store";
import type { IngestMetrics } from "./metrics.ts";
import type { PairDirectory, ReadAccounts } from "./pair-directory.ts";

/** What a block says about itself. */
export interface BlockFacts {
  readonly slot: Slot;
  readonly id: string;
  readonly parentSlot: Slot | null;
  readonly parentId: string | null;
  readonly height: number | null;
  /** Unix seconds. */
  readonly time: number | null;
  readonly transactions: number;
}

/** A block as the decoder hands it over: its swaps in order of position, and what gave none, by reason. */
export interface DecodedBlock {
  readonly block: BlockFacts;
  readonly swaps: readonly Swap[];
  readonly skipped: ReadonlyMap<string, number>;
  /** What happened to pools beside trades. */
  readonly poolEvents?: readonly PoolEvent[];
}

/** How a block's bytes are written: a JSON-RPC answer, or Yellowstone's protobuf. */
export type BlockFormat = "json" | "yellowstone";

/** A block that lies in a file, and is read where it is decoded; inflated it may have that many bytes. */
export interface StoredBlock {
  readonly path: string;
  readonly maxBytes: number;
}

/** A block's bytes, or a stored block, to swaps. Throws, or rejects, for anything that is not a block. */
export type DecodeBlock = (
  block: Uint8Array | StoredBlock,
  slot: Slot,
  format: BlockFormat,
) => DecodedBlock | Promise<DecodedBlock>;

/**
 * How far ingest came: every slot up to and with `slot` is settled (published, proved to be skipped, or
 * recorded as failed). It carries the running price of SOL, so that whatever comes after it is priced the
 * same by every run.
 */
export type { Cursor, Publication, ReopenedSlot, SlotEntry } from "@candlewick/store";

/** Where cursors and the settlement of every slot are kept durably. */
export type Ledger = Pick<
  Store,
  | "cursor"
  | "saveCursor"
  | "keepCursor"
  | "recordSlots"
  | "unsettledSlots"
  | "slotsToRetry"
  | "unsettledCount"
  | "reopenSlots"
  | "slotEntries"
  | "notePublications"
  | "publications"
  | "closePublications"
>;

/** Sends messages; the promise resolves once all in-sync replicas have acknowledged. */
export interface Publisher {
  send(message: OutgoingMessage): Promise<unknown>;
}

/** Slots to settle next, in ascending order. `ended`: there will be no more after these. */
export interface SlotPlan {
  readonly slots: readonly Slot[];
  readonly ended: boolean;
}

/**
 * What a source has for a slot. `absent`: the chain has no block there, as far as the source can prove.
 * `failed`: the source gave up after that many attempts.
 */
export type Fetched =
  | {
      readonly kind: "block";
      readonly bytes: Uint8Array;
      readonly attempts: number;
      /** Default `json`. */
      readonly format?: BlockFormat;
    }
  | { readonly kind: "file"; readonly file: StoredBlock; readonly attempts: number }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly reason: string; readonly attempts: number };

/** How sure a chain is of a block: seen, voted for by two thirds, never to be taken back. */
export type Commitment = "processed" | "confirmed" | "finalized";

/** A slot and the block that is held to be in it. */
export interface SlotBlock {
  readonly slot: number;
  readonly id: string | null;
}

/** What the chain has in a slot: a block, or for sure none. */
export type SlotTruth = { readonly kind: "block"; readonly id: string } | { readonly kind: "absent" };

/**
 * Which of two blocks is not the chain's: the settled one or the new one. `both`: both may stand. `unknown`:
 * nobody could tell.
 */
export type Verdict = "last" | "next" | "both" | "unknown";

/** Questions about the chain itself, for a source that has more than one view of it, or can look again. */
export interface ChainOracle {
  /** Which of two blocks in doubt is not the chain's, as far as can be told. */
  judge(last: SlotBlock, next: BlockFacts, signal: AbortSignal): Promise<Verdict>;
  /** Whether a block is the chain's and follows on the block that it names; null where that cannot be told. */
  confirm(block: BlockFacts, signal: AbortSignal): Promise<boolean | null>;
  /** The block of a slot, as most that can be asked say; null where they do not agree, or do not know yet. */
  truth(slot: number, signal: AbortSignal): Promise<SlotTruth | null>;
  /** The slots after `after` that hold final blocks, as far as finality goes, but not beyond `through`. */
  finalized(
    after: number,
    through: number,
    signal: AbortSignal,
  ): Promise<{ readonly through: number; readonly slots: readonly number[] }>;
}

/** Where blocks come from. */
export interface BlockSource {
  /** For people: a folder, or a URL without credentials. */
  readonly name: string;
  /** `linked`: every slot between two planned ones has no block. `sparse`: nothing is known of those. */
  readonly continuity: "linked" | "sparse";
  /** Null for a source whose blocks are past doubt, or that knows nothing else than them. */
  readonly oracle?: ChainOracle | null;
  /** Reads accounts of the chain; null or absent where that is not possible. */
  readonly accounts?: ReadAccounts | null;
  /** How often in all a block that cannot be decoded is fetched before it is given up. */
  readonly decodeAttempts: number;
  /** Whether a slot that failed in an earlier run may be had from here. */
  covers(slot: number): boolean;
  /** The highest slot known to exist, for the lag; null while unknown. */
  head(): number | null;
  /** The slot that a first run starts after; null where it starts with whatever comes first. */
  origin(signal: AbortSignal): Promise<number | null>;
  /** Waits until there are slots after `after` (null: from the start) and names at most `limit` of them. */
  plan(after: number | null, limit: number, signal: AbortSignal): Promise<SlotPlan>;
  /** Fetches one slot's block. Trouble on the way is retried inside; a rejection ends the service. */
  fetch(slot: Slot, signal: AbortSignal): Promise<Fetched>;
  /** Where the block of a slot lies, for error messages. */
  place(slot: Slot): string;
  close(): Promise<void>;
}

/** All that the loop needs from outside. */
export interface IngestPorts {
  readonly source: BlockSource;
  readonly decode: DecodeBlock;
  readonly publisher: Publisher;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: IngestMetrics;
  /** What is known of pairs, put on their trades; absent: nothing. */
  readonly directory?: PairDirectory;
  /** Keeps where pools began to exist; absent: nobody does. */
  readonly savePools?: (pools: readonly StoredPool[]) => Promise<void>;
}
