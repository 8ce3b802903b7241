import { WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { ORCA_WHIRLPOOL_PROGRAM, TOKEN_2022_PROGRAM } from "../src/index.ts";
import { decodeCalls, expected, onlySwap, outline } from "./swap-of.ts";
import {
  accountsAt,
  address,
  Bytes,
  type Call,
  SIGNATURE,
  transfer,
  transferChecked,
} from "./transaction-builder.ts";

const BALANCES = [
  { account: "vault a", mint: WSOL_MINT, before: 2_000n, after: 2_100n, decimals: 9 },
  { account: "vault b", mint: "coin", before: 10_000n, after: 9_500n },
];
const V1 = accountsAt(11, { 1: "user", 2: "pool", 3: "user a", 4: "vault a", 5: "user b", 6: "vault b" });
const V2 = accountsAt(15, {
  3: "user",
  4: "pool",
  5: WSOL_MINT,
  6: "coin",
  7: "user a",
  8: "vault a",
  9: "user b",
  10: "vault b",
});

function call(
  discriminator: string,
  accounts: string[],
  flags: number[],
  calls: Call[],
  logData: Uint8Array[] = [],
): Call {
  const isTwoHop = flags.length === 3;
  const data = new Bytes().hex(discriminator).u64(1, 2);
  if (!isTwoHop) data.u64(0, 0);
  for (const flag of flags) data.u8(flag);
  return { program: ORCA_WHIRLPOOL_PROGRAM, accounts, data: data.bytes(), calls, logData };
}

describe("Orca Whirlpool", () => {
  const aToB = [transfer("user a", "vault a", 100n), transfer("vault b", "user b", 500n)];
  const bToA = [transfer("user b", "vault b", 500n), transfer("vault a", "user a", 100n)];
  it.each([
    ["swap", "f8c69e91e17587c8", V1],
    ["swap_v2", "2b04ed0b1ac91e62", V2],
  ])("%s in both directions", (_, discriminator, accounts) => {
    const there = onlySwap([call(discriminator, accounts, [1, 1], aToB)], { balances: BALANCES });
    expect(outline(there)).toEqual(
      expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 500n], maker: "user" }),
    );
    const back = onlySwap([call(discriminator, accounts, [1, 0], bToA)], { balances: BALANCES });
    expect(outline(back)).toEqual(
      expected({ pool: "pool", mints: ["coin", WSOL_MINT], user: [500n, 100n], maker: "user" }),
    );
    expect([there.quoteMint, back.quoteMint]).toEqual([address("coin"), address("coin")]);
    expect([there.reserveIn, there.reserveOut]).toEqual([2_100n, 9_500n]);
  });

  it("takes what a Token-2022 mint withheld from the event in the log", () => {
    const calls = [
      transferChecked("user a", WSOL_MINT, "vault a", 100n, { decimals: 9 }),
      transferChecked("vault b", "coin", "user b", 500n, { program: TOKEN_2022_PROGRAM }),
    ];
    const traded = new Bytes().hex("e1ca49af932ba096").key("pool").u8(1).padTo(73).u64(100, 500, 0, 25, 1, 1);
    const trade = call("2b04ed0b1ac91e62", V2, [1, 1], calls, [traded.padTo(121).bytes()]);
    expect(outline(onlySwap([trade], { balances: BALANCES }))).toMatchObject({
      user: [100n, 475n],
      pooled: [100n, 500n],
    });
  });

  it("two_hop_swap: two swaps, each with the user's accounts", () => {
    const accounts = accountsAt(20, {
      1: "user",
      2: "pool 1",
      3: "pool 2",
      4: "user sol",
      5: "sol vault",
      6: "user middle",
      7: "middle vault 1",
      8: "user coins",
      9: "coin vault",
      10: "user middle",
      11: "middle vault 2",
    });
    const calls = [
      transfer("user sol", "sol vault", 100n),
      transfer("middle vault 1", "user middle", 40n),
      transfer("user middle", "middle vault 2", 40n),
      transfer("coin vault", "user coins", 500n),
    ];
    const balances = [
      { account: "sol vault", mint: WSOL_MINT, before: 0n, after: 100n, decimals: 9 },
      { account: "middle vault 1", mint: "middle", before: 40n, after: 0n },
      { account: "middle vault 2", mint: "middle", before: 0n, after: 40n },
      { account: "coin vault", mint: "coin", before: 500n, after: 0n },
    ];
    const { swaps } = decodeCalls([call("c360ed6c44a2dbe6", accounts, [1, 1, 0], calls)], { balances });
    expect(swaps.map(outline)).toEqual([
      expected({ pool: "pool 1", mints: [WSOL_MINT, "middle"], user: [100n, 40n], maker: "user" }),
      expected({
        at: [0, null, 1],
        pool: "pool 2",
        mints: ["middle", "coin"],
        user: [40n, 500n],
        maker: "user",
      }),
    ]);
    expect(swaps.map(({ quoteMint }) => quoteMint)).toEqual([address("middle"), address("middle")]);
    expect(swaps.map(({ routeId }) => routeId)).toEqual([`${SIGNATURE}:0`, `${SIGNATURE}:0`]);
  });

  it("two_hop_swap_v2: the middle transfer, from vault to vault, belongs to both swaps", () => {
    const accounts = accountsAt(24, {
      0: "pool 1",
      1: "pool 2",
      2: WSOL_MINT,
      3: "middle",
      4: "coin",
      8: "user sol",
      9: "sol vault",
      10: "middle vault 1",
      11: "middle vault 2",
      12: "coin vault",
      13: "user coins",
      14: "user",
    });
    const calls = [
      transferChecked("user sol", WSOL_MINT, "sol vault", 100n, { decimals: 9 }),
      transferChecked("middle vault 1", "middle", "middle vault 2", 40n),
      transferChecked("coin vault", "coin", "user coins", 500n),
    ];
    const { swaps, skipped } = decodeCalls([call("ba8fd11dfe02c275", accounts, [1, 1, 0], calls)]);
    expect(skipped.size).toBe(0);
    expect(swaps.map(outline)).toEqual([
      expected({ pool: "pool 1", mints: [WSOL_MINT, "middle"], user: [100n, 40n], maker: "user" }),
      expected({
        at: [0, null, 1],
        pool: "pool 2",
        mints: ["middle", "coin"],
        user: [40n, 500n],
        maker: "user",
      }),
    ]);
    expect(swaps.map(({ quoteMint }) => quoteMint)).toEqual([address("middle"), address("middle")]);
  });

  it.each<[string, Call, string | null]>([
    ["no transfer", call("f8c69e91e17587c8", V1, [1, 1], []), "no-transfer"],
    ["too few accounts", call("2b04ed0b1ac91e62", ["a", "b"], [1, 1], aToB), "malformed-instruction"],
    ["data without direction", call("f8c69e91e17587c8", V1, [1], aToB), "malformed-instruction"],
    ["an increase of liquidity", call("2e9cf3760dcdfbb2", V1, [1, 1], aToB), null],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect([swaps, [...skipped]]).toEqual([[], reason === null ? [] : [[reason, 1]]]);
  });
});
