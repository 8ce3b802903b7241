import { type ChainAccount, METADATA_PROGRAM, metadataAddress } from "@candlewick/decode";
import {
  type PoolCreated,
  rawAmount,
  slot,
  type TokenFacts,
  type Trade,
  tradeOfSwap,
  WSOL_MINT,
} from "@candlewick/domain";
import type { StoredPool, StoredToken } from "@candlewick/store";
import { base58 } from "@scure/base";
import { expect, test } from "vitest";
import { type DirectoryStore, PairDirectory, poolsCreatedIn } from "../src/pair-directory.ts";
import type { DecodedBlock } from "../src/ports.ts";
import { blockAt, swapAt } from "./chain-model.ts";
import { JumpingClock, MemoryLogger } from "./memory-ports.ts";

const quiet = new AbortController().signal;
const MINT = base58.encode(Buffer.alloc(32, 7));
const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

class MemoryDirectory implements DirectoryStore {
  readonly stored = new Map<string, StoredToken>();
  readonly created = new Map<string, StoredPool>();

  async tokens(_chain: string, mints: readonly string[]): Promise<Map<string, StoredToken>> {
    return new Map([...this.stored].filter(([mint]) => mints.includes(mint)));
  }

  async saveTokens(_chain: string, tokens: readonly TokenFacts[]): Promise<void> {
    for (const facts of tokens) this.stored.set(facts.mint, { facts, readAtMs: 1 });
  }

  async pools(_chain: string, addresses: readonly string[]): Promise<Map<string, StoredPool>> {
    return new Map([...this.created].filter(([pool]) => addresses.includes(pool)));
  }

  async savePools(_chain: string, pools: readonly StoredPool[]): Promise<void> {
    for (const pool of pools) this.created.set(pool.pool, pool);
  }
}

function open(accounts: ReadonlyMap<string, ChainAccount>, store = new MemoryDirectory()) {
  const clock = new JumpingClock();
  const asked: string[][] = [];
  const outcomes: string[] = [];
  const directory = new PairDirectory({
    chain: "solana",
    store,
    readAccounts: async (addresses) => {
      asked.push([...addresses]);
      return addresses.map((address) => accounts.get(address) ?? null);
    },
    clock,
    logger: new MemoryLogger(),
    everyMs: 1_000,
    maxAgeMs: 3_600_000,
    onLookup: (outcome, count) => {
      if (count > 0) outcomes.push(`${outcome} ${count}`);
    },
  });
  return { directory, store, asked, outcomes, clock };
}

function mintAccount(supply: bigint): ChainAccount {
  const data = Buffer.alloc(82);
  data.writeBigUInt64LE(supply, 36);
  data.writeUInt8(6, 44);
  data.writeUInt8(1, 45);
  return { address: MINT, owner: TOKEN_PROGRAM, data };
}

function metadataAccount(name: string, symbol: string): ChainAccount {
  const text = (value: string, size: number) => {
    const bytes = Buffer.alloc(4 + size);
    bytes.writeUInt32LE(size, 0);
    bytes.write(value, 4);
    return bytes;
  };
  const data = Buffer.concat([
    Buffer.from([4]),
    Buffer.alloc(32, 1),
    base58.decode(MINT),
    text(name, 32),
    text(symbol, 10),
    text("", 200),
    Buffer.alloc(50),
  ]);
  return { address: metadataAddress(MINT) ?? "", owner: METADATA_PROGRAM, data };
}

function tradeOf(pool = "pool"): Trade {
  const swap = { ...swapAt(slot(5), 0, null), pool, assetOut: { mint: MINT, decimals: 6 } };
  return tradeOfSwap(swap, { chain: "solana", id: "block", slot: slot(5), time: 1 }, null, [WSOL_MINT]);
}

const empty: DecodedBlock = blockAt(5, 4, { swaps: 0 });

test("a trade tells what is known, and what is not is looked up for the next", async () => {
  const accounts = new Map(
    [mintAccount(5_000n), metadataAccount("Candle Coin", "WICK")].map((one) => [one.address, one]),
  );
  const { directory, asked, outcomes, store } = open(accounts);
  const [before] = directory.describe(empty, [tradeOf()]);
  expect(before?.facts).toMatchObject({
    baseSymbol: "SOL",
    tokenSymbol: null,
    tokenSupply: null,
    createdSlot: null,
  });
  await directory.round(quiet);
  const [after] = directory.describe(empty, [tradeOf()]);
  expect(after?.facts).toMatchObject({
    tokenSymbol: "WICK",
    tokenName: "Candle Coin",
    tokenSupply: rawAmount(5_000n),
  });
  expect(asked).toHaveLength(1);
  expect(asked[0]).toContain(metadataAddress(MINT));
  expect(store.stored.get(MINT)?.facts.symbol).toBe("WICK");
  await directory.round(quiet);
  expect(asked).toHaveLength(1);
  expect(outcomes).toEqual(["read 1", "unknown 1"]);
});

test("what the store has is not asked of the chain", async () => {
  const store = new MemoryDirectory();
  const { directory, asked, clock } = open(new Map(), store);
  const facts = { decimals: 6, name: "Old", symbol: "OLD", supply: rawAmount(1n) };
  for (const mint of [MINT, WSOL_MINT])
    store.stored.set(mint, { facts: { mint, ...facts }, readAtMs: clock.now() });
  directory.describe(empty, [tradeOf()]);
  await directory.round(quiet);
  expect(directory.describe(empty, [tradeOf()])[0]?.facts?.tokenSymbol).toBe("OLD");
  expect(asked).toEqual([]);
});

test("an account that is not there stays unknown, and is not asked for again at once", async () => {
  const { directory, asked } = open(new Map());
  for (let round = 0; round < 3; round++) {
    expect(directory.describe(empty, [tradeOf()])[0]?.facts?.tokenSymbol).toBeNull();
    await directory.round(quiet);
  }
  expect(asked).toHaveLength(1);
});

test("a pool that begins in a block is known to the block's own trades, and kept", () => {
  const { directory } = open(new Map());
  const created: PoolCreated = {
    kind: "created",
    position: { slot: slot(5), txIndex: 0, outer: 0, inner: null, hop: 0 },
    tx: "tx",
    venue: "PumpFun",
    program: "program",
    pool: "new-pool",
    sides: [
      { mint: MINT, decimals: 6, reserve: null },
      { mint: WSOL_MINT, decimals: 9, reserve: null },
    ],
    creator: "maker",
    name: "Fresh",
    symbol: "FRSH",
    supply: rawAmount(10n),
  };
  const block: DecodedBlock = { ...empty, poolEvents: [created] };
  const [trade] = directory.describe(block, [tradeOf("new-pool")]);
  expect(trade?.facts).toMatchObject({ tokenSymbol: "FRSH", tokenName: "Fresh", createdSlot: 5 });
  expect(poolsCreatedIn(block)).toEqual([
    {
      pool: "new-pool",
      blockId: "block-5",
      slot: 5,
      time: empty.block.time,
      venue: "PumpFun",
      tx: "tx",
      creator: "maker",
    },
  ]);
});

test("more than can be looked up waits, and is counted", () => {
  const { directory, outcomes } = open(new Map());
  const trades = Array.from({ length: 6_000 }, (_, n) => tradeOf(`pool-${n}`));
  directory.describe(empty, trades);
  expect(outcomes.filter((outcome) => outcome === "deferred 1")).toHaveLength(1_000);
});
