import { WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { METEORA_DBC_PROGRAM, MOONSHOT_PROGRAM, RAYDIUM_LAUNCHLAB_PROGRAM } from "../src/index.ts";
import { decodeCalls, expected, onlySwap, outline } from "./swap-of.ts";
import {
  accountsAt,
  address,
  Bytes,
  type Call,
  selfCpi,
  transactionOf,
  transfer,
  transferChecked,
} from "./transaction-builder.ts";

const NAMED = {
  0: "user",
  4: "pool",
  5: "user base",
  6: "user quote",
  7: "base vault",
  8: "quote vault",
  9: "coin",
  10: WSOL_MINT,
};
const MINTS = [
  { account: "base vault", mint: "coin", before: 500n, after: 400n },
  { account: "quote vault", mint: WSOL_MINT, before: 900n, after: 1000n, decimals: 9 },
];

describe("Raydium LaunchLab", () => {
  const event = (of: { before: bigint; after: bigint; amounts: [bigint, bigint]; direction: number }) =>
    new Bytes()
      .hex("bddb7fd34ee661ee")
      .key("pool")
      .u64(793n, 1000n, 30n)
      .u64(10n, of.before, 20n, of.after)
      .u64(...of.amounts)
      .u64(1n, 1n, 0n, 0n)
      .u8(of.direction)
      .u8(0)
      .u8(1)
      .bytes();
  const trade = (id: string, calls: readonly Call[], logData: readonly Uint8Array[] = []): Call => ({
    program: RAYDIUM_LAUNCHLAB_PROGRAM,
    accounts: accountsAt(18, NAMED),
    data: new Bytes().hex(id).u64(1n, 1n, 0n).bytes(),
    calls,
    logData,
  });
  const bought = event({ before: 70n, after: 168n, amounts: [100n, 10n], direction: 0 });
  const sold = event({ before: 168n, after: 70n, amounts: [10n, 96n], direction: 1 });

  it.each(["faea0d7bd59c13ec", "18d3742869039938"])("buy %s", (id) => {
    const swap = onlySwap(
      [
        trade(id, [
          selfCpi(RAYDIUM_LAUNCHLAB_PROGRAM, bought),
          transfer("user quote", "quote vault", 100n),
          transferChecked("base vault", "coin", "user base", 10n),
        ]),
      ],
      { balances: MINTS },
    );
    expect(outline(swap)).toEqual(
      expected({
        pool: "pool",
        mints: [WSOL_MINT, "coin"],
        user: [100n, 10n],
        pooled: [98n, 10n],
        maker: "user",
      }),
    );
    // Virtual and real together: 30 + 168 and 1000 - 20.
    expect([swap.reserveIn, swap.reserveOut]).toEqual([198n, 980n]);
  });

  it.each(["9527de9bd37c981a", "5fc8472208090ba6"])("sell %s", (id) => {
    const swap = onlySwap(
      [
        trade(id, [
          selfCpi(RAYDIUM_LAUNCHLAB_PROGRAM, sold),
          transfer("user base", "base vault", 10n),
          transferChecked("quote vault", WSOL_MINT, "user quote", 96n, { decimals: 9 }),
        ]),
      ],
      { balances: MINTS },
    );
    expect(outline(swap)).toEqual(
      expected({
        pool: "pool",
        mints: ["coin", WSOL_MINT],
        user: [10n, 96n],
        pooled: [10n, 98n],
        maker: "user",
      }),
    );
  });

  it("reads the event from the log where the self-call is missing, and the amounts from it alone", () => {
    const swap = onlySwap([trade("faea0d7bd59c13ec", [], [bought])], { balances: MINTS });
    expect([swap.userIn, swap.userOut, swap.poolIn]).toEqual([100n, 10n, 98n]);
  });

  it("does without an event: the transfers are the user's amounts", () => {
    const calls = [transfer("user quote", "quote vault", 100n), transfer("base vault", "user base", 10n)];
    const swap = onlySwap([trade("faea0d7bd59c13ec", calls)], { balances: MINTS });
    expect([swap.userIn, swap.userOut, swap.poolIn]).toEqual([100n, 10n, 100n]);
  });

  it("counts what it cannot read", () => {
    expect(decodeCalls([trade("faea0d7bd59c13ec", [])]).skipped).toEqual(new Map([["no-transfer", 1]]));
    const unknown = trade("0102030405060708", [selfCpi(RAYDIUM_LAUNCHLAB_PROGRAM, bought)]);
    expect(decodeCalls([unknown]).skipped).toEqual(new Map([["unknown-instruction", 1]]));
    expect(decodeCalls([trade("afaf6d1f0d989bed", [])]).skipped).toEqual(new Map());
    const short = { ...trade("faea0d7bd59c13ec", []), accounts: accountsAt(10, NAMED) };
    expect(decodeCalls([short]).skipped).toEqual(new Map([["malformed-instruction", 1]]));
  });
});

describe("Moonshot", () => {
  const SYSTEM = "11111111111111111111111111111111";
  const lamports = (destination: string, amount: bigint): Call => ({
    program: SYSTEM,
    accounts: ["user", destination],
    data: new Bytes().u32(2).u64(amount).bytes(),
  });
  const trade = (id: string, calls: readonly Call[], logData: readonly Uint8Array[]): Call => ({
    program: MOONSHOT_PROGRAM,
    accounts: accountsAt(11, { 0: "user", 1: "user coins", 2: "curve", 3: "curve coins", 6: "coin" }),
    data: new Bytes().hex(id).u64(10n, 100n).u8(0).u64(500n).bytes(),
    calls,
    logData,
  });
  const event = (curve = "curve") =>
    new Bytes()
      .hex("bddb7fd34ee661ee")
      .u64(10n, 100n, 2n, 1n, 900n)
      .key(curve, "coin", "user")
      .u8(0)
      .text("trade")
      .bytes();
  const balances = [{ account: "curve coins", mint: "coin", before: 500n, after: 490n, decimals: 9 }];
  const coins = transferChecked("curve coins", "coin", "user coins", 10n, { decimals: 9 });
  const buy = (calls: readonly Call[], logData: readonly Uint8Array[]) =>
    trade("66063d1201daebea", calls, logData);

  it("buys with fees on top", () => {
    const swap = onlySwap([buy([coins], [event("another"), event()])], { balances });
    expect(outline(swap)).toEqual(
      expected({
        pool: "curve",
        mints: [WSOL_MINT, "coin"],
        user: [103n, 10n],
        pooled: [100n, 10n],
        maker: "user",
      }),
    );
    expect([swap.reserveIn, swap.reserveOut]).toEqual([null, 490n]);
  });

  it("sells with fees taken off", () => {
    const back = transferChecked("user coins", "coin", "curve coins", 10n, { decimals: 9 });
    const swap = onlySwap([trade("33e685a4017f83ad", [back], [event()])], {
      balances: [{ account: "curve coins", mint: "coin", before: 490n, after: 500n, decimals: 9 }],
    });
    expect(outline(swap)).toEqual(
      expected({
        pool: "curve",
        mints: ["coin", WSOL_MINT],
        user: [10n, 97n],
        pooled: [10n, 100n],
        maker: "user",
      }),
    );
  });

  it("takes a buy from the transfers where the log is cut", () => {
    const calls = [coins, lamports("curve", 100n), lamports("fees", 2n), lamports("more fees", 1n)];
    const swap = onlySwap([buy(calls, [])], { balances });
    expect([swap.userIn, swap.userOut, swap.poolIn]).toEqual([103n, 10n, 100n]);
  });

  it("takes a sale from the balances where the log is cut, beside what was transferred", () => {
    const back = transferChecked("user coins", "coin", "curve coins", 10n, { decimals: 9 });
    const sale = trade("33e685a4017f83ad", [back], []);
    const changes = { curve: -100, "filler-4": 2, "filler-5": 1 + 7 };
    const swap = onlySwap([sale, lamports("filler-5", 7n)], { balances, lamports: changes });
    expect([swap.userIn, swap.userOut, swap.poolOut]).toEqual([10n, 97n, 100n]);
    // Of two sales the balances do not tell which was which.
    expect(decodeCalls([sale, sale], { balances, lamports: changes }).skipped).toEqual(
      new Map([["no-event", 2]]),
    );
    expect(decodeCalls([sale], { balances }).skipped).toEqual(new Map([["no-event", 1]]));
  });
});

describe("Meteora DBC", () => {
  const trade = (calls: readonly Call[], id = "414b3f4ceb5b5b88"): Call => ({
    program: METEORA_DBC_PROGRAM,
    accounts: accountsAt(15, {
      2: "pool",
      3: "user in",
      4: "user out",
      5: "base vault",
      6: "quote vault",
      7: "coin",
      8: WSOL_MINT,
      9: "user",
    }),
    data: new Bytes().hex(id).u64(100n, 1n).bytes(),
    calls,
  });
  const first = (direction: number) =>
    new Bytes()
      .hex("1b3c15d58aaabb93")
      .key("pool", "config")
      .u8(direction)
      .u8(0)
      .u64(100n, 1n, 100n, 10n)
      .padTo(162)
      .bytes();
  const second = (direction: number) =>
    new Bytes()
      .hex("bd4233a826507599")
      .key("pool", "config")
      .u8(direction)
      .u8(0)
      .u64(100n, 1n)
      .u8(0)
      .u64(100n, 99n, 0n, 10n)
      .padTo(187)
      .bytes();
  const moved = [
    transfer("user in", "quote vault", 100n),
    transferChecked("base vault", "coin", "user out", 10n),
  ];
  const told = (...events: Uint8Array[]) => events.map((event) => selfCpi(METEORA_DBC_PROGRAM, event));

  it.each([
    ["the first event", told(first(1))],
    ["the second event", told(second(1))],
    ["both events", told(first(1), second(1))],
    ["none", []],
  ])("is one swap with %s", (_, events) => {
    const swap = onlySwap([trade([...moved, ...events])], { balances: MINTS });
    expect(outline(swap)).toEqual(
      expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 10n], maker: "user" }),
    );
    expect(swap.quoteMint).toBe(WSOL_MINT);
    expect([swap.reserveIn, swap.reserveOut]).toEqual([1000n, 400n]);
  });

  it("takes the amounts from an event where the transfers are not there", () => {
    const balances = MINTS;
    const swap = onlySwap([trade(told(second(0)), "f8c69e91e17587c8")], { balances });
    expect([swap.assetIn.mint, swap.userIn, swap.userOut]).toEqual([address("coin"), 100n, 10n]);
    expect(onlySwap([trade(told(first(1)))], { balances }).assetIn.mint).toBe(WSOL_MINT);
  });

  it("counts what it cannot read", () => {
    expect(decodeCalls([trade([])]).skipped).toEqual(new Map([["no-transfer", 1]]));
    const unknown = trade(told(first(0)), "0102030405060708");
    expect(decodeCalls([unknown]).skipped).toEqual(new Map([["unknown-instruction", 1]]));
    expect(transactionOf([unknown])).toBeDefined();
  });
});
