import { USDC_MINT, WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import {
  RAYDIUM_CLMM_PROGRAM,
  RAYDIUM_CPMM_PROGRAM,
  RAYDIUM_V4_PROGRAM,
  TOKEN_2022_PROGRAM,
} from "../src/index.ts";
import { decodeCalls, expected, onlySwap, outline } from "./swap-of.ts";
import {
  accountsAt,
  address,
  Bytes,
  type Call,
  transfer,
  transferChecked,
  transferWithFee,
} from "./transaction-builder.ts";

const BALANCES = [
  { account: "coin vault", mint: "coin", before: 10_000n, after: 9_500n },
  { account: "sol vault", mint: WSOL_MINT, before: 2_000n, after: 2_100n, decimals: 9 },
  { account: "user coins", mint: "coin", before: 0n, after: 500n, owner: address("friend") },
];

describe("Raydium AMM v4", () => {
  const named = {
    pool: "pool",
    coin: "coin vault",
    pc: "sol vault",
    in: "user sol",
    out: "user coins",
    owner: "user",
  };
  const layouts: [string, number, string[]][] = [
    [
      "swapBaseIn with target orders",
      9,
      accountsAt(18, {
        1: named.pool,
        5: named.coin,
        6: named.pc,
        15: named.in,
        16: named.out,
        17: named.owner,
      }),
    ],
    [
      "swapBaseIn without",
      9,
      accountsAt(17, {
        1: named.pool,
        4: named.coin,
        5: named.pc,
        14: named.in,
        15: named.out,
        16: named.owner,
      }),
    ],
    [
      "swapBaseOut with target orders",
      11,
      accountsAt(18, {
        1: named.pool,
        5: named.coin,
        6: named.pc,
        15: named.in,
        16: named.out,
        17: named.owner,
      }),
    ],
    [
      "swapBaseOut without",
      11,
      accountsAt(17, {
        1: named.pool,
        4: named.coin,
        5: named.pc,
        14: named.in,
        15: named.out,
        16: named.owner,
      }),
    ],
    [
      "swapBaseInV2",
      16,
      accountsAt(8, { 1: named.pool, 3: named.coin, 4: named.pc, 5: named.in, 6: named.out, 7: named.owner }),
    ],
    [
      "swapBaseOutV2",
      17,
      accountsAt(8, { 1: named.pool, 3: named.coin, 4: named.pc, 5: named.in, 6: named.out, 7: named.owner }),
    ],
  ];
  const call = (tag: number, accounts: string[], calls: Call[]): Call => {
    return { program: RAYDIUM_V4_PROGRAM, accounts, data: new Bytes().u8(tag).u64(1, 2).bytes(), calls };
  };

  it.each(layouts)("%s", (_, tag, accounts) => {
    const calls = [transfer("user sol", "sol vault", 100n), transfer("coin vault", "user coins", 500n)];
    const swap = onlySwap([call(tag, accounts, calls)], { balances: BALANCES });
    expect(outline(swap)).toEqual(
      expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 500n], maker: "user" }),
    );
    expect([swap.reserveIn, swap.reserveOut, swap.quoteMint]).toEqual([2_100n, 9_500n, WSOL_MINT]);
    expect(swap.recipient).toBe(address("friend"));
  });

  it("passes over what an old pool first settles with its market", () => {
    const calls = [
      transfer("market coin vault", "coin vault", 7n),
      transfer("market sol vault", "sol vault", 8n),
      transfer("user coins", "coin vault", 500n),
      transfer("sol vault", "user sol", 100n),
    ];
    const accounts = accountsAt(18, {
      1: "pool",
      5: "coin vault",
      6: "sol vault",
      15: "user coins",
      16: "user sol",
      17: "user",
    });
    const swap = onlySwap([call(9, accounts, calls)], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ mints: [address("coin"), WSOL_MINT], user: [500n, 100n] });
  });

  it.each<[string, Call, string | null]>([
    ["no transfer", call(9, layouts[0]?.[2] ?? [], []), "no-transfer"],
    ["too few accounts", call(9, ["a", "b"], []), "malformed-instruction"],
    ["a deposit", call(3, layouts[0]?.[2] ?? [], [transfer("user sol", "sol vault", 1n)]), null],
    ["no data at all", { ...call(9, [], []), data: new Uint8Array(), accounts: ["a", "b"] }, null],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect([swaps, [...skipped]]).toEqual([[], reason === null ? [] : [[reason, 1]]]);
  });

  it("does not know the mints of vaults that no list names", () => {
    const calls = [transfer("user sol", "sol vault", 100n), transfer("coin vault", "user coins", 500n)];
    const { swaps, skipped } = decodeCalls([call(16, layouts[4]?.[2] ?? [], calls)]);
    expect([swaps, [...skipped]]).toEqual([[], [["unknown-mint", 1]]]);
  });
});

/** An event in the log of a program that cannot call itself. */
function clmmEvent(pool: string, amounts: [bigint, bigint, bigint, bigint], zeroForOne: boolean): Uint8Array {
  return new Bytes()
    .hex("40c6cde8260871e2")
    .key(pool, "sender", "account 0", "account 1")
    .u64(...amounts)
    .u8(zeroForOne ? 1 : 0)
    .padTo(221)
    .bytes();
}

describe("Raydium CLMM", () => {
  const accounts = accountsAt(17, {
    0: "user",
    2: "pool",
    3: "user sol",
    4: "user coins",
    5: "sol vault",
    6: "coin vault",
    11: WSOL_MINT,
    12: "coin",
  });
  const call = (discriminator: string, calls: Call[], logData: Uint8Array[] = [], list = accounts): Call => {
    const data = new Bytes().hex(discriminator).u64(1, 2, 0, 0).u8(1).bytes();
    return { program: RAYDIUM_CLMM_PROGRAM, accounts: list, data, calls, logData };
  };

  it.each([
    ["swap", "f8c69e91e17587c8"],
    ["swap_v2", "2b04ed0b1ac91e62"],
  ])("%s", (_, discriminator) => {
    const calls = [transfer("user sol", "sol vault", 100n), transfer("coin vault", "user coins", 500n)];
    const swap = onlySwap([call(discriminator, calls)], { balances: BALANCES });
    expect(outline(swap)).toEqual(
      expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 500n], maker: "user" }),
    );
    expect([swap.reserveIn, swap.reserveOut]).toEqual([2_100n, 9_500n]);
  });

  it("calls the mint with the greater address its quote, as its token 1", () => {
    const calls = [transfer("user sol", "sol vault", 100n), transfer("coin vault", "user coins", 500n)];
    const quoteFor = (mint: string) => {
      const balances = [
        { account: "coin vault", mint, before: 1n, after: 1n },
        { account: "sol vault", mint: WSOL_MINT, before: 1n, after: 1n, decimals: 9 },
      ];
      return onlySwap([call("f8c69e91e17587c8", calls)], { balances }).quoteMint;
    };
    expect(quoteFor(USDC_MINT)).toBe(USDC_MINT);
    // A zero byte in front: shorter in value though its text begins like any other.
    const small = "1".repeat(4) + "z".repeat(38);
    expect(quoteFor(small)).toBe(WSOL_MINT);
  });

  it("takes what a Token-2022 mint withheld from the event in the log", () => {
    const checked = { program: TOKEN_2022_PROGRAM };
    const calls = [
      transferChecked("user sol", WSOL_MINT, "sol vault", 100n, { decimals: 9 }),
      transferChecked("coin vault", "coin", "user coins", 500n, checked),
    ];
    const event = clmmEvent("pool", [475n, 25n, 100n, 0n], false);
    const other = clmmEvent("other pool", [1n, 1n, 1n, 1n], false);
    const swap = onlySwap([call("2b04ed0b1ac91e62", calls, [other, event])], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ user: [100n, 475n], pooled: [100n, 500n] });
    const calls2 = [
      transferChecked("user coins", "coin", "coin vault", 500n, checked),
      transferChecked("sol vault", WSOL_MINT, "user sol", 100n, { decimals: 9 }),
    ];
    const turned = accounts
      .with(3, "user coins")
      .with(4, "user sol")
      .with(5, "coin vault")
      .with(6, "sol vault");
    const list = turned.with(11, "coin").with(12, WSOL_MINT);
    const event2 = clmmEvent("pool", [475n, 25n, 100n, 0n], true);
    const swap2 = onlySwap([call("2b04ed0b1ac91e62", calls2, [event2], list)], { balances: BALANCES });
    expect(outline(swap2)).toMatchObject({ user: [500n, 100n], pooled: [475n, 100n] });
  });

  it("takes the fee that a transfer with fee tells itself, whatever the log says", () => {
    const calls = [
      transfer("user sol", "sol vault", 100n),
      transferWithFee("coin vault", "coin", "user coins", 500n, 30n),
    ];
    const event = clmmEvent("pool", [475n, 25n, 100n, 0n], false);
    const swap = onlySwap([call("2b04ed0b1ac91e62", calls, [event])], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ user: [100n, 470n], pooled: [100n, 500n] });
  });

  it("swap_router_base_in: a fill per hop, found by its vaults among tick arrays", () => {
    const list = [
      ...["user", "user sol", WSOL_MINT, "token program", "token program 2022", "memo"],
      ...[
        "config 1",
        "pool 1",
        "user middle",
        "in 1",
        "out 1",
        "middle",
        "observation 1",
        "ticks",
        "ticks b",
      ],
      ...["config 2", "pool 2", "user coins", "in 2", "out 2", "coin", "observation 2", "ticks c"],
    ];
    const calls = [
      transferChecked("user sol", WSOL_MINT, "in 1", 100n, { decimals: 9 }),
      transferChecked("out 1", "middle", "user middle", 40n),
      transferChecked("user middle", "middle", "in 2", 40n),
      transferChecked("out 2", "coin", "user coins", 500n),
    ];
    const { swaps, skipped } = decodeCalls([call("457d73daf5baf2c4", calls, [], list)]);
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
  });

  it.each<[string, Call, string | null]>([
    ["no transfer", call("f8c69e91e17587c8", []), "no-transfer"],
    ["too few accounts", call("2b04ed0b1ac91e62", [], [], ["a", "b"]), "malformed-instruction"],
    ["a route without transfers", call("457d73daf5baf2c4", [], [], accountsAt(20, {})), "no-transfer"],
    [
      "a route of other vaults",
      call("457d73daf5baf2c4", [transfer("a", "b", 1n), transfer("c", "d", 1n)], [], accountsAt(20, {})),
      "malformed-instruction",
    ],
    ["an increase of liquidity", call("2e9cf3760dcdfbb2", [transfer("user sol", "sol vault", 1n)]), null],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect([swaps, [...skipped]]).toEqual([[], reason === null ? [] : [[reason, 1]]]);
  });
});

describe("Raydium CPMM", () => {
  const accounts = accountsAt(13, {
    0: "user",
    3: "pool",
    4: "user sol",
    5: "user coins",
    6: "sol vault",
    7: "coin vault",
    10: WSOL_MINT,
    11: "coin",
  });
  const call = (discriminator: string, calls: Call[], logData: Uint8Array[] = []): Call => {
    const data = new Bytes().hex(discriminator).u64(1, 2).bytes();
    return { program: RAYDIUM_CPMM_PROGRAM, accounts, data, calls, logData };
  };
  const calls = [
    transferChecked("user sol", WSOL_MINT, "sol vault", 100n, { decimals: 9 }),
    transferChecked("coin vault", "coin", "user coins", 500n, { program: TOKEN_2022_PROGRAM }),
  ];

  it.each([
    ["swap_base_input", "8fbe5adac41e33de"],
    ["swap_base_output", "37d96256a34ab4ad"],
  ])("%s", (_, discriminator) => {
    const swap = onlySwap([call(discriminator, calls)], { balances: BALANCES });
    expect(outline(swap)).toEqual(
      expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 500n], maker: "user" }),
    );
    expect([swap.reserveIn, swap.reserveOut]).toEqual([2_100n, 9_500n]);
  });

  it.each([89, 170])("takes what a mint withheld from the event of %i bytes", (size) => {
    const event = new Bytes().hex("40c6cde8260871e2").key("pool").u64(2000, 10_000, 100, 500, 0, 25);
    const swap = onlySwap([call("8fbe5adac41e33de", calls, [event.padTo(size).bytes()])], {
      balances: BALANCES,
    });
    expect(outline(swap)).toMatchObject({ user: [100n, 475n], pooled: [100n, 500n] });
  });

  it("counts a swap without transfers, and no deposit", () => {
    expect([...decodeCalls([call("8fbe5adac41e33de", [])]).skipped]).toEqual([["no-transfer", 1]]);
    expect(decodeCalls([call("f223c68952e1f2b6", calls)]).skipped.size).toBe(0);
  });
});
