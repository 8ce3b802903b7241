import {
  type ChainAccount,
  decodeMetadataAccount,
  decodeMintAccount,
  metadataAddress,
} from "@candlewick/decode";
import {
  type ChainName,
  type PairFacts,
  type PoolCreated,
  pairFacts,
  type Slot,
  type TokenFacts,
  type Trade,
} from "@candlewick/domain";
import type { Clock, Logger } from "@candlewick/runtime";
import type { Store, StoredPool } from "@candlewick/store";
import type { DecodedBlock } from "./ports.ts";

/** Where what is known of tokens and pools is kept over restarts. */
export type DirectoryStore = Pick<Store, "tokens" | "saveTokens" | "pools" | "savePools">;

/** Reads accounts of the chain, in the order of the addresses; null for one that does not exist. */
export type ReadAccounts = (
  addresses: readonly string[],
  signal: AbortSignal,
) => Promise<readonly (ChainAccount | null)[]>;

export interface DirectoryOptions {
  readonly chain: ChainName;
  readonly store: DirectoryStore;
  /** Null: what the store and the blocks themselves tell is all. */
  readonly readAccounts: ReadAccounts | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two rounds of looking things up: at most one call to a node each. */
  readonly everyMs: number;
  /** After that a supply is read again. */
  readonly maxAgeMs: number;
  /** Told of what was looked up, and of what had to wait because too much was wanted. */
  readonly onLookup: (outcome: LookupOutcome, count: number) => void;
}

export type LookupOutcome = "stored" | "read" | "unknown" | "deferred";

interface KnownToken {
  readonly facts: TokenFacts | null;
  readonly readAtMs: number;
}

const MAX_KNOWN = 50_000;
const MAX_WANTED = 5_000;
/** Each mint takes two accounts, and a call at most a hundred. */
const MINTS_PER_ROUND = 50;
const POOLS_PER_ROUND = 200;
/** After that an account that was not there is looked for again. */
const UNKNOWN_MS = 600_000;

/**
 * What is known of tokens and pools beside their trades: symbols, names, supply, and where a pair began. A
 * trade takes what is known at the moment and never waits: what is not known is null, and wanted.
 */
export class PairDirectory {
  readonly #options: DirectoryOptions;
  readonly #tokens = new Map<string, KnownToken>();
  readonly #pools = new Map<string, { readonly slot: Slot; readonly time: number | null } | null>();
  readonly #wantedMints = new Set<string>();
  readonly #wantedPools = new Set<string>();
  #readsAccounts: boolean;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#readsAccounts = options.readAccounts !== null;
  }

  /** The trades of a block with what is known of their pairs; what the block tells of new ones is learned first. */
  describe({ block, poolEvents = [] }: DecodedBlock, trades: readonly Trade[]): Trade[] {
    for (const event of poolEvents) {
      if (event.kind === "created") this.#learn(event, block.slot, block.time);
    }
    return trades.map((trade) => ({ ...trade, facts: this.#factsOf(trade) }));
  }

  /** Looks things up, round by round, until the signal is aborted. Trouble costs facts and nothing else. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs, logger } = this.#options;
    let failing = false;
    while (!signal.aborted) {
      await clock.delay(everyMs, signal);
      try {
        await this.round(signal);
        failing = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!failing)
          logger.warn("facts of tokens cannot be looked up for now; they stay unknown", { error });
        failing = true;
      }
    }
  }

  /** Looks up some of what is wanted: in the store first, then on the chain. */
  async round(signal: AbortSignal): Promise<void> {
    await this.#lookUpPools();
    const mints = take(this.#wantedMints, MINTS_PER_ROUND);
    if (mints.length === 0) return;
    const { chain, store, clock, maxAgeMs, onLookup } = this.#options;
    const stored = await store.tokens(chain, mints);
    const now = clock.now();
    for (const [mint, { facts, readAtMs }] of stored) this.#remember(mint, { facts, readAtMs });
    const missing = mints.filter((mint) => {
      const known = stored.get(mint);
      return known === undefined || now - known.readAtMs > maxAgeMs;
    });
    onLookup("stored", mints.length - missing.length);
    if (missing.length > 0 && this.#readsAccounts) await this.#read(missing, signal);
  }

  async #read(mints: readonly string[], signal: AbortSignal): Promise<void> {
    const { readAccounts, chain, store, clock, onLookup } = this.#options;
    if (readAccounts === null) return;
    const places = mints.map((mint) => metadataAddress(mint) ?? mint);
    const accounts = await readAccounts([...mints, ...places], signal);
    const found: TokenFacts[] = [];
    for (const [index, mint] of mints.entries()) {
      const facts = tokenFactsOf(mint, accounts[index] ?? null, accounts[mints.length + index] ?? null);
      this.#remember(mint, { facts: facts ?? this.#tokens.get(mint)?.facts ?? null, readAtMs: clock.now() });
      if (facts !== null) found.push(facts);
    }
    await store.saveTokens(chain, found);
    onLookup("read", found.length);
    onLookup("unknown", mints.length - found.length);
  }

  async #lookUpPools(): Promise<void> {
    const pools = take(this.#wantedPools, POOLS_PER_ROUND);
    if (pools.length === 0) return;
    const { chain, store } = this.#options;
    const stored = await store.pools(chain, pools);
    for (const pool of pools) this.#rememberPool(pool, stored.get(pool) ?? null);
  }

  #factsOf(trade: Trade): PairFacts {
    const created = this.#pools.get(trade.pair);
    if (created === undefined) this.#want(this.#wantedPools, trade.pair);
    return pairFacts(trade, {
      base: this.#token(trade.base.mint),
      token: this.#token(trade.token.mint),
      created: created ?? null,
    });
  }

  #token(mint: string): TokenFacts | null {
    const known = this.#tokens.get(mint);
    const { clock, maxAgeMs } = this.#options;
    const age = known === undefined ? Number.POSITIVE_INFINITY : clock.now() - known.readAtMs;
    if (age > (known?.facts === null ? UNKNOWN_MS : maxAgeMs)) this.#want(this.#wantedMints, mint);
    return known?.facts ?? null;
  }

  #learn({ pool, sides, name, symbol, supply }: PoolCreated, slot: Slot, time: number | null): void {
    this.#rememberPool(pool, { slot, time });
    const [{ mint, decimals }] = sides;
    if (name === null && symbol === null && supply === null) return;
    if (decimals === null || this.#tokens.has(mint)) return;
    // The chain itself is asked as well: a maker's claim and the supply of today are two things.
    this.#remember(mint, { facts: { mint, decimals, name, symbol, supply }, readAtMs: 0 });
  }

  #want(wanted: Set<string>, key: string): void {
    if (wanted.size < MAX_WANTED) wanted.add(key);
    // Its next trade asks again.
    else if (!wanted.has(key)) this.#options.onLookup("deferred", 1);
  }

  #remember(mint: string, token: KnownToken): void {
    this.#tokens.delete(mint);
    this.#tokens.set(mint, token);
    bound(this.#tokens);
  }

  #rememberPool(pool: string, created: { readonly slot: Slot; readonly time: number | null } | null): void {
    this.#pools.delete(pool);
    this.#pools.set(pool, created);
    bound(this.#pools);
  }
}

/** The pools that began to exist in a block, as the store keeps them. */
export function poolsCreatedIn({ block, poolEvents = [] }: DecodedBlock): StoredPool[] {
  return poolEvents.flatMap((event) =>
    event.kind === "created"
      ? [
          {
            pool: event.pool,
            blockId: block.id,
            slot: block.slot,
            time: block.time,
            venue: event.venue,
            tx: event.tx,
            creator: event.creator,
          },
        ]
      : [],
  );
}

function tokenFactsOf(
  mint: string,
  mintAccount: ChainAccount | null,
  metadata: ChainAccount | null,
): TokenFacts | null {
  const facts = mintAccount === null ? null : decodeMintAccount(mintAccount);
  if (facts === null) return null;
  const claim = metadata === null ? null : decodeMetadataAccount(metadata, mint);
  return claim === null
    ? facts
    : { ...facts, name: facts.name ?? claim.name, symbol: facts.symbol ?? claim.symbol };
}

function take(wanted: Set<string>, count: number): string[] {
  const some = [...wanted].slice(0, count);
  for (const key of some) wanted.delete(key);
  return some;
}

function bound(known: Map<string, unknown>): void {
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) return;
    known.delete(oldest);
  }
}
