import { slot } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { decodeSolanaBlock } from "../src/index.ts";
import { BLOCK, BLOCK_SLOT, hasRecordedData, recorded } from "./recorded-data.ts";

const VENUES: Readonly<Record<string, string>> = {
  pumpswap: "PumpSwap",
  pump: "PumpFun",
  rayV4: "RaydiumV4",
  rayCLMM: "RaydiumClmm",
  dlmm: "MeteoraDlmm",
  orca: "OrcaWhirlpool",
  damm1: "MeteoraDammV1",
};

/** The row that the list leaves open, as its transfers resolve it. */
const DAMM_V1 = {
  mintIn: "So11111111111111111111111111111111111111112",
  mintOut: "A85ksAZjhSeT68AfD7PjKE3TyAng7E5XSgkETgkGmoon",
  amounts: ["6676847", "76385353936048"],
};

describe.skipIf(!hasRecordedData)("a mainnet block of April 2025", () => {
  const decoded = hasRecordedData
    ? decodeSolanaBlock(recorded(BLOCK), slot(BLOCK_SLOT))
    : { block: null, swaps: [], skipped: new Map() };
  const rows = hasRecordedData
    ? recorded("blocks/332254855.expected_swaps.csv").toString().trim().split("\n").slice(1)
    : [];

  it("has every expected swap in order, and no other", () => {
    const expected = rows.map((row) => {
      const [, , tx, signature, path, , venue = "", pool, mintIn, mintOut, amountIn, amountOut] =
        row.split(",");
      const told = amountIn === "" ? DAMM_V1 : { mintIn, mintOut, amounts: [amountIn, amountOut] };
      return { tx: Number(tx), signature, path, venue: VENUES[venue], pool, ...told };
    });
    const found = decoded.swaps.map((swap) => ({
      tx: swap.position.txIndex,
      signature: swap.tx,
      path: [swap.position.outer, swap.position.inner].filter((part) => part !== null).join("."),
      venue: swap.venue,
      pool: swap.pool,
      mintIn: swap.assetIn.mint,
      mintOut: swap.assetOut.mint,
      amounts: [String(swap.userIn), String(swap.userOut)],
    }));
    expect(found).toEqual(expected);
    expect(found).toHaveLength(28);
    expect(decoded.skipped.size).toBe(0);
  });

  it("tells the pool's own amounts where the venue does", () => {
    for (const [index, row] of rows.entries()) {
      const swap = decoded.swaps[index];
      const [, told] = /pool_quote_amount=(\d+)/.exec(row) ?? [];
      const quoteIn = swap?.quoteMint === swap?.assetIn.mint;
      if (told !== undefined) expect(String(quoteIn ? swap?.poolIn : swap?.poolOut)).toBe(told);
      else expect([swap?.poolIn, swap?.poolOut]).toEqual([swap?.userIn, swap?.userOut]);
    }
  });

  it("has the facts of the block", () => {
    expect(decoded.block).toEqual({
      slot: BLOCK_SLOT,
      id: "Dv2zuiYE5zAjZzsCo5E4h2Ef2bJfFxXVhBHWb5NkkLfa",
      parentSlot: 332254854,
      parentId: "DmWTkipXuVhNSqRJRUb7Mxoxf5XFLEiHY6vzBTYxp4zc",
      height: 310496508,
      time: 1744174462,
      transactions: 1445,
    });
  });

  it("has the reserves of a pool go from swap to swap by what was exchanged", () => {
    // Five swaps of one DLMM pool in five transactions: each vault changes by exactly the transferred amount.
    const pool = "2L47gbUzGsnJZqRzfny4b3VWvKBnMRTMeNH3uzFrj6ko";
    const swaps = decoded.swaps.filter((swap) => swap.pool === pool);
    expect(swaps).toHaveLength(4);
    for (const [index, swap] of swaps.entries()) {
      const next = swaps[index + 1];
      if (next === undefined) continue;
      expect(next.reserveIn).toBe((swap.reserveIn ?? 0n) + next.userIn);
      expect(next.reserveOut).toBe((swap.reserveOut ?? 0n) - next.userOut);
    }
  });

  it("has no reserves of the shared vaults of DAMM v1, and all others", () => {
    for (const swap of decoded.swaps) {
      const known = swap.reserveIn !== null && swap.reserveOut !== null;
      expect(known).toBe(swap.venue !== "MeteoraDammV1");
    }
  });

  it("gives the swaps of one outer instruction one route", () => {
    const routes = new Map<string, number>();
    for (const { routeId } of decoded.swaps) {
      if (routeId !== null) routes.set(routeId, (routes.get(routeId) ?? 0) + 1);
    }
    expect([...routes.keys()].map((id) => id.replace(/^(.{4}).*:/, "$1:"))).toEqual(["3Pnp:2", "3vjR:4"]);
    expect([...routes.values()]).toEqual([2, 2]);
  });

  it("reads the JSON-RPC response as it reads its result", () => {
    const result = recorded(BLOCK).toString();
    const response = Buffer.from(`{"jsonrpc":"2.0","result":${result},"id":1}`);
    expect(decodeSolanaBlock(response, slot(BLOCK_SLOT))).toEqual(decoded);
  });
});
