import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressBook } from "../src/chain/address.ts";
import { CoinMint } from "../src/chain/coin.ts";
import { fillOf, total } from "../src/chain/fill.ts";
import type { Pool } from "../src/chain/pool.ts";
import { makePools } from "../src/chain/pool-list.ts";
import { seedOf } from "../src/encoding/random.ts";

const seed = seedOf("fills");
const book = new AddressBook("fills");
const list = makePools(seed, book, 40, 150);
const coins = new CoinMint(seed, book, 100, list.usdc.priceSol).between(0, 5_000);
const pools: readonly Pool[] = [...list.deep, ...list.others, ...coins.map((coin) => coin.curve)];

test("no swap makes a pool poorer, costs more than its budget or pays more than the vault has", () => {
  const anyPool = fc.constantFrom(...pools);
  const anyPart = fc.double({ min: 1e-9, max: 2, noNaN: true });
  fc.assert(
    fc.property(anyPool, fc.nat(6_000), fc.boolean(), anyPart, (pool, index, baseIn, part) => {
      const before = pool.stateAt(index);
      const budget = BigInt(Math.ceil(Number(baseIn ? before.base : before.quote) * part));
      const fill = fillOf(pool, before, baseIn, budget);
      if (fill === null) return;
      const { after } = fill;
      expect(after.base * after.quote).toBeGreaterThanOrEqual(before.base * before.quote);
      expect(fill.userIn).toBeLessThanOrEqual(budget);
      expect(after.vaultBase).toBeGreaterThanOrEqual(0n);
      expect(after.vaultQuote).toBeGreaterThanOrEqual(0n);
      expect(fill.poolIn).toBeLessThanOrEqual(fill.userIn);
      expect(fill.userOut).toBeLessThanOrEqual(fill.poolOut);
    }),
    { numRuns: 2_000 },
  );
});

test("where user and pool differ, the fees are the difference", () => {
  for (const pool of pools.filter(({ venue }) => venue === "PumpFun" || venue === "PumpSwap")) {
    const before = pool.stateAt(4_000);
    const buy = fillOf(pool, before, false, before.quote / 1_000n);
    const sell = fillOf(pool, before, true, before.base / 100_000n);
    if (buy !== null) expect(buy.userIn - buy.poolIn).toBe(total(buy.fees));
    if (sell !== null) expect(sell.poolOut - sell.userOut).toBe(total(sell.fees));
  }
});
