import type { TopicPartition } from "@candlewick/contracts";
import type {
  Asset,
  BlockRecord,
  Candle,
  ChainName,
  Interval,
  OrderKey,
  PairFacts,
  Slot,
  SolPrice,
  TokenFacts,
  Trade,
  Venue,
} from "@candlewick/domain";
import type { VerifyOptions, VerifyReport } from "./verify/report.ts";

/** How far a checkpoint moves one partition. */
export interface OffsetAdvance extends TopicPartition {
  /** The next offset that must be stored now; null: none is stored yet. */
  readonly expected: bigint | null;
  /** The next offset from then on. */
  readonly next: bigint;
}

/** Records that a batch held and that give nothing to store, by reason. A message that cannot be read counts as one. */
export interface CheckpointCounts {
  readonly skipped?: Readonly<Record<string, number>>;
  readonly rejected?: Readonly<Record<string, number>>;
}

/** What one transaction stores. */
export interface Checkpoint {
  readonly group: string;
  readonly offsets: readonly OffsetAdvance[];
  /** The intervals of which candles are kept. One that is new to the chain is made for the stored trades too. */
  readonly intervals: readonly Interval[];
  /** In any order, duplicates allowed. Each must have a block time. */
  readonly trades: readonly Trade[];
  readonly blocks: readonly BlockRecord[];
  readonly counts?: CheckpointCounts;
}

/**
 * What became of a checkpoint's records:
 * `trades.length = inserted + duplicate` and `inserted = applied + late + retracted`.
 */
export interface CheckpointResult {
  /** Trades that were not stored before. */
  readonly inserted: number;
  /** Inserted and counted in candles that were open, as seen from the chain's head. */
  readonly applied: number;
  /** Inserted and counted in a candle that had closed before. */
  readonly late: number;
  /** Inserted, but of a block already known as orphaned: counted in no candle. */
  readonly retracted: number;
  /** Trades that were stored before, or twice in the batch. */
  readonly duplicate: number;
  /** Trades taken out of candles, or put back, because a block of theirs changed its state. */
  readonly withdrawn: number;
  readonly restored: number;
  /** Block records that came after a record of a higher status and changed nothing. */
  readonly staleBlocks: number;
  /** Trades that name other assets for their pair than the pair's first trade does. */
  readonly assetConflicts: number;
  /** Rows of candles that were written. */
  readonly candles: number;
}

/** Where a source stands, under the name of its cursor. */
export interface SourcePosition {
  readonly source: string;
  readonly slot: number;
  /** Up to where the chain's final state was compared; null where the source tells of none. */
  readonly finalizedSlot: number | null;
}

/** Where ingest stands. `slot` is the last one that is done. */
export interface Cursor {
  readonly slot: number;
  readonly blockId: string | null;
  /** Unix seconds. */
  readonly blockTime: number | null;
  readonly solPrice: SolPrice | null;
}

/** `processed` and `skipped` are settled; `failed` and `missing` are to be tried again. */
export type SlotStatus = "missing" | "failed" | "skipped" | "processed";

/** One slot in ingest's ledger. */
export interface SlotEntry {
  readonly slot: number;
  readonly status: SlotStatus;
  readonly attempts: number;
  readonly reason: string | null;
  readonly blockId: string | null;
}

/** A block that was published, or was about to be, and is neither final nor taken back. */
export interface Publication {
  readonly slot: number;
  readonly blockId: string;
  /** What it was published with, in ingest's own words. */
  readonly settlement: string;
}

/** A slot whose settlement turned out to be wrong. */
/** Which of the slots to try: reopened ones that held a block first, those of `lastReason` last, else lowest first. */
export interface RetryPage {
  readonly skip: number;
  readonly limit: number;
  readonly lastReason: string;
}

export interface ReopenedSlot {
  readonly slot: number;
  /** The block, or null for none, that the ledger holds: where it holds another, nothing is reopened. */
  readonly blockId: string | null;
  readonly reason: string;
}

/** A stretch of slots, both ends in. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
}

/** The ledger of one chain in numbers. */
export interface LedgerSummary {
  /** The lowest and the highest slot in the ledger; null where it is empty. */
  readonly range: SlotRange | null;
  readonly slots: Readonly<Record<SlotStatus, number>>;
  /** Slots between the lowest and the highest of which the ledger holds nothing. */
  readonly unknown: number;
  /** Blocks that were published and are neither final nor taken back. */
  readonly open: number;
}

/** The facts of a pair, from its first stored trade. */
export interface Pair {
  readonly chain: ChainName;
  readonly address: string;
  readonly venue: Venue;
  readonly program: string;
  readonly base: Asset;
  readonly token: Asset;
  readonly firstSlot: number;
  /** Absent where nothing is known but what its trades are. */
  readonly facts?: PairFacts;
}

/** A token as it was read from the chain. */
export interface StoredToken {
  readonly facts: TokenFacts;
  /** Unix milliseconds. */
  readonly readAtMs: number;
}

/** Where a pool began to exist. */
export interface StoredPool {
  readonly pool: string;
  readonly blockId: string;
  readonly slot: Slot;
  /** Unix seconds. */
  readonly time: number | null;
  readonly venue: Venue;
  readonly tx: string;
  readonly creator: string | null;
}

/** A pair with what it did lately. */
export interface PairSummary extends Pair {
  /** The last trade that counts; null where none does. */
  readonly lastTrade: {
    readonly slot: number;
    /** Unix seconds. */
    readonly time: number;
    readonly priceBase: number | null;
    readonly priceUsd: number | null;
  } | null;
  /** Of the hourly candles of the 24 hours before the head: units of 10^-(base decimals + 9) dollars. */
  readonly usdVolume24h: bigint;
  readonly trades24h: number;
}

export interface PairFilter {
  readonly chain?: ChainName;
  /** The beginning of a pair's or a mint's address or of the token's symbol, or a known symbol (SOL, USDC, USDT). */
  readonly search?: string;
  /** Default `volume`: dollars in 24 hours. */
  readonly sort?: "volume" | "last-trade";
  /** Default 100, at most 1000. */
  readonly limit?: number;
}

/** A candle as stored, with what a reader needs to write its amounts. */
export interface StoredCandle {
  readonly candle: Candle;
  /** Grows with every change of this candle. */
  readonly revision: number;
  readonly assets: { readonly base: Asset; readonly token: Asset };
}

export interface CandleQuery {
  /** Default `solana`. */
  readonly chain?: ChainName;
  readonly pair: string;
  /** Name of the interval, such as `1m`. */
  readonly interval: string;
  /** Bounds of the opening time in milliseconds: from (in) and to (out). */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Default 1000, at most 100,000. Counted from the end that `order` begins with. */
  readonly limit?: number;
  /** Default `oldest-first`. */
  readonly order?: "oldest-first" | "newest-first";
}

/** A trade as stored, with the key and the prices that its candles were made with. */
export interface StoredTrade {
  readonly trade: Trade;
  readonly orderKey: OrderKey;
  readonly priceBase: number | null;
  readonly priceUsd: number | null;
}

/** The place of a trade among those of its pair: block time in unix seconds, then the order key. */
export interface TradeCursor {
  readonly time: number;
  readonly orderKey: OrderKey;
}

export interface TradeQuery {
  /** Default `solana`. */
  readonly chain?: ChainName;
  readonly pair: string;
  /** Only trades before this one. */
  readonly before?: TradeCursor;
  /** Default 100, at most 10,000. */
  readonly limit?: number;
}

/** What the database holds of one chain. */
export interface ChainStatus {
  readonly chain: ChainName;
  /** The highest slot whose block counts, and its time in unix seconds. */
  readonly headSlot: number | null;
  readonly headTime: number | null;
  readonly blocks: number;
  readonly orphanedBlocks: number;
  readonly unsettledSlots: number;
  readonly pairs: number;
  /** Estimates of the planner's statistics for large tables, exact for small ones. */
  readonly trades: number;
  readonly candles: number;
}

export interface StoreStatus {
  readonly schemaVersion: number;
  readonly serverVersion: string;
  readonly chains: readonly ChainStatus[];
  /** Stored next offsets by group and partition name. */
  readonly offsets: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
  /** What became of all records, by group and kind (`received`, `applied`, `skipped:<reason>`, ...). */
  readonly accounting: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
}

export interface SnapshotOptions {
  /** Default `solana`. */
  readonly chain?: ChainName;
  /** How far back from the head single trades are wanted. */
  readonly recentSeconds: number;
}

/** Where the price of a pair stood at the end of one bucket of the shortest interval. */
export interface MinuteClose {
  readonly openMs: number;
  readonly base: number | null;
  readonly usd: number | null;
}

export interface PairSnapshot {
  readonly pair: Pair;
  /** The latest candle of each interval. */
  readonly latest: readonly StoredCandle[];
  /** Of the last 24 hours before the head and the last one before them, oldest first, sparse. */
  readonly closes: readonly MinuteClose[];
  /** Of the last `recentSeconds` before the head, oldest first. */
  readonly recent: readonly StoredTrade[];
}

/** One consistent view: the offsets, and the state that the records before them made. */
export interface MarketSnapshot {
  readonly chain: ChainName;
  readonly headSlot: number | null;
  readonly headTime: number | null;
  readonly offsets: ReadonlyMap<string, bigint>;
  /** The pairs that traded in the last 24 hours before the head, or in the longest interval where that is longer. */
  readonly pairs: readonly PairSnapshot[];
}

/**
 * The durable state. Every method rejects with a CandlewickError: DATABASE_UNREACHABLE and DISK_FULL can be
 * tried again, FENCED asks to read the offsets anew.
 */
export interface Store {
  /** The stored next offsets of a group, by partition name; partitions without one are absent. */
  offsets(group: string, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, bigint>>;
  /** Stores a batch and its offsets in one transaction, all or nothing. Rejects with FENCED where an expected offset is not the stored one. */
  checkpoint(batch: Checkpoint): Promise<CheckpointResult>;
  cursor(name: string): Promise<Cursor | null>;
  /** Where all sources that ever ran stand, by name. */
  sourcePositions(): Promise<SourcePosition[]>;
  saveCursor(name: string, cursor: Cursor): Promise<void>;
  /** Saves a cursor where there is none of that name; resolves to the one that is there then. */
  keepCursor(name: string, cursor: Cursor): Promise<Cursor>;
  /** Writes ingest's ledger. A settled slot is not unsettled again. */
  recordSlots(chain: ChainName, entries: readonly SlotEntry[]): Promise<void>;
  /** Failed or missing slots, lowest first. */
  unsettledSlots(chain: ChainName, limit: number, range?: SlotRange): Promise<SlotEntry[]>;
  /** Failed or missing slots in the order in which they are to be tried. */
  slotsToRetry(chain: ChainName, page: RetryPage): Promise<SlotEntry[]>;
  /** How many slots are failed or missing. */
  unsettledCount(chain: ChainName): Promise<number>;
  /** Makes settled slots missing again, each where the ledger holds that block for it. */
  reopenSlots(chain: ChainName, slots: readonly ReopenedSlot[]): Promise<void>;
  /** The entries of a range, lowest first. */
  slotEntries(chain: ChainName, range: SlotRange, limit: number): Promise<SlotEntry[]>;
  /** To be written before the first message of a block is sent. What is there already stays as it is. */
  notePublications(chain: ChainName, publications: readonly Publication[]): Promise<void>;
  /** Those of a range of slots, lowest first. */
  publications(chain: ChainName, range: SlotRange, limit: number): Promise<Publication[]>;
  /** Forgets publications: their blocks are final, or were taken back. */
  closePublications(
    chain: ChainName,
    closed: readonly Pick<Publication, "slot" | "blockId">[],
  ): Promise<void>;
  /** Writes down as missing what the ledger does not know of a range; resolves to how many slots that were. */
  noteMissingSlots(chain: ChainName, range: SlotRange, reason: string): Promise<number>;
  ledgerSummary(chain: ChainName): Promise<LedgerSummary>;
  /** Stretches of slots between the lowest and the highest of which the ledger holds nothing, lowest first. */
  ledgerGaps(chain: ChainName, limit: number): Promise<SlotRange[]>;
  /** Tokens as they were read last, by mint; those never read are absent. */
  tokens(chain: ChainName, mints: readonly string[]): Promise<ReadonlyMap<string, StoredToken>>;
  /** Stores tokens as just read, over what was known of them. */
  saveTokens(chain: ChainName, tokens: readonly TokenFacts[]): Promise<void>;
  /** Where pools began to exist, by address; those whose creation was not seen are absent. */
  pools(chain: ChainName, addresses: readonly string[]): Promise<ReadonlyMap<string, StoredPool>>;
  savePools(chain: ChainName, pools: readonly StoredPool[]): Promise<void>;
  snapshot(group: string, options: SnapshotOptions): Promise<MarketSnapshot>;
  pairs(filter?: PairFilter): Promise<PairSummary[]>;
  /** The pair with that address, on the chain or on any; null where none is stored. */
  pair(address: string, chain?: ChainName): Promise<PairSummary | null>;
  candles(query: CandleQuery): Promise<StoredCandle[]>;
  /** Trades of blocks that count, newest first. */
  trades(query: TradeQuery): Promise<StoredTrade[]>;
  status(): Promise<StoreStatus>;
  /** Recomputes everything that is derived and lists what differs. */
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  close(): Promise<void>;
}
