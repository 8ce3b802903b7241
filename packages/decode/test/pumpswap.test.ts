import { WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { PUMPFUN_PROGRAM, PUMPSWAP_PROGRAM } from "../src/index.ts";
import { decodeCalls, expected, onlySwap, outline } from "./swap-of.ts";
import {
  accountsAt,
  address,
  Bytes,
  type Call,
  SIGNATURE,
  selfCpi,
  transfer,
  transferChecked,
} from "./transaction-builder.ts";

interface TradeFields {
  readonly base: bigint;
  readonly quote: bigint;
  readonly userQuote: bigint;
  readonly lpFee?: bigint;
  readonly before?: [bigint, bigint];
  readonly pool?: string;
  /** Null: the mark of an instruction that leaves its fees in the pool. */
  readonly feeRecipient?: string | null;
}

const BUY = "67f4521f2cf57777";
const SELL = "3e2f370aa503dc2a";

function event(name: string, of: TradeFields): Bytes {
  const bytes = new Bytes()
    .hex(name)
    .u64(1_700_000_000, of.base, 0, 0, 0, ...(of.before ?? [10_000n, 2_000n]), of.quote, 20, of.lpFee ?? 2n)
    .padTo(112)
    .u64(of.userQuote)
    .key(of.pool ?? "pool", "user")
    .padTo(248);
  return (of.feeRecipient === null ? bytes : bytes.key(of.feeRecipient ?? "fee recipient")).padTo(312);
}

const ACCOUNTS = accountsAt(17, {
  0: "pool",
  1: "user",
  3: "coin",
  4: WSOL_MINT,
  5: "user coins",
  6: "user sol",
  7: "base vault",
  8: "quote vault",
});

const BALANCES = [
  { account: "base vault", mint: "coin", before: 10_000n, after: 9_500n },
  { account: "quote vault", mint: WSOL_MINT, before: 2_000n, after: 2_102n, decimals: 9 },
];

function call(discriminator: string, calls: readonly Call[], accounts = ACCOUNTS): Call {
  return {
    program: PUMPSWAP_PROGRAM,
    accounts,
    data: new Bytes().hex(discriminator).u64(1, 2).bytes(),
    calls,
  };
}

const cpi = (bytes: Bytes) => selfCpi(PUMPSWAP_PROGRAM, bytes.bytes());

describe("PumpSwap", () => {
  it.each([
    ["buy", "66063d1201daebea"],
    ["buy_exact_quote_in", "c62e1552b4d9e870"],
    ["buy_v2", "b817ee6167c5d33d"],
    ["buy_exact_quote_in_v2", "c2ab1c46684d5b2f"],
  ])("%s: the user's amounts and the pool's", (_, discriminator) => {
    const bought = event(BUY, { base: 500n, quote: 100n, userQuote: 103n });
    const swap = onlySwap([call(discriminator, [cpi(bought)])], { balances: BALANCES });
    expect(outline(swap)).toEqual(
      expected({
        pool: "pool",
        mints: [WSOL_MINT, "coin"],
        user: [103n, 500n],
        pooled: [100n, 500n],
        maker: "user",
      }),
    );
    expect([swap.reserveIn, swap.reserveOut, swap.quoteMint]).toEqual([2_102n, 9_500n, WSOL_MINT]);
  });

  it.each([
    ["sell", "33e685a4017f83ad"],
    ["sell_v2", "5df6823ce7e940b2"],
  ])("%s: the user's amounts and the pool's", (_, discriminator) => {
    const sold = event(SELL, { base: 500n, quote: 100n, userQuote: 97n });
    const swap = onlySwap([call(discriminator, [cpi(sold)])], { balances: BALANCES });
    expect(outline(swap)).toEqual(
      expected({
        pool: "pool",
        mints: ["coin", WSOL_MINT],
        user: [500n, 97n],
        pooled: [500n, 100n],
        maker: "user",
      }),
    );
    expect([swap.reserveIn, swap.reserveOut]).toEqual([9_500n, 2_102n]);
  });

  it("accepts events that have grown", () => {
    const bought = event(BUY, { base: 500n, quote: 100n, userQuote: 103n }).padTo(600);
    expect(outline(onlySwap([call("66063d1201daebea", [cpi(bought)])], { balances: BALANCES })).user).toEqual(
      [103n, 500n],
    );
  });

  it("takes the event's reserves where the vaults' balances are not listed, but not of trades that keep fees", () => {
    const balances = [{ account: "elsewhere", mint: "coin", before: 1n, after: 1n }];
    const bought = { base: 500n, quote: 100n, userQuote: 103n };
    const first = onlySwap([call("66063d1201daebea", [cpi(event(BUY, bought))])], { balances });
    expect([first.reserveIn, first.reserveOut]).toEqual([2_102n, 9_500n]);
    const kept = cpi(event(BUY, { ...bought, feeRecipient: null }));
    const second = onlySwap([call("b817ee6167c5d33d", [kept])], { balances });
    expect([second.reserveIn, second.reserveOut]).toEqual([null, null]);
    const sold = cpi(event(SELL, { base: 500n, quote: 100n, userQuote: 97n }));
    const third = onlySwap([call("33e685a4017f83ad", [sold])], { balances });
    expect([third.reserveIn, third.reserveOut]).toEqual([10_500n, 1_902n]);
  });

  it("a route: one fill per pool, and the bonding curves' program tells its own", () => {
    const accounts = [
      ...accountsAt(16, { 0: "user", 1: "user sol", 2: "user coins" }),
      ...["middle", WSOL_MINT, "first pool", "first base", "first quote"],
      ...["coin", "middle", "second pool", "second base", "second quote"],
    ];
    const calls = [
      transferChecked("user sol", WSOL_MINT, "first quote", 103n, { decimals: 9 }),
      cpi(event(BUY, { base: 40n, quote: 100n, userQuote: 103n, pool: "first pool" })),
      transferChecked("first base", "middle", "second quote", 40n),
      transferChecked("second base", "coin", "user coins", 500n),
      cpi(event(BUY, { base: 500n, quote: 40n, userQuote: 40n, pool: "second pool" })),
    ];
    const balances = [
      { account: "first base", mint: "middle", before: 100n, after: 60n },
      { account: "first quote", mint: WSOL_MINT, before: 0n, after: 103n, decimals: 9 },
      { account: "second base", mint: "coin", before: 1000n, after: 500n },
      { account: "second quote", mint: "middle", before: 0n, after: 40n },
    ];
    const { swaps, skipped } = decodeCalls([call("2b644913e9f66f94", calls, accounts)], { balances });
    expect(skipped.size).toBe(0);
    expect(swaps.map(outline)).toEqual([
      expected({
        pool: "first pool",
        mints: [WSOL_MINT, "middle"],
        user: [103n, 40n],
        pooled: [100n, 40n],
        maker: "user",
      }),
      expected({
        at: [0, null, 1],
        pool: "second pool",
        mints: ["middle", "coin"],
        user: [40n, 500n],
        maker: "user",
      }),
    ]);
    expect(swaps.map(({ routeId }) => routeId)).toEqual([`${SIGNATURE}:0`, `${SIGNATURE}:0`]);
    expect(swaps.map(({ reserveIn, reserveOut }) => [reserveIn, reserveOut])).toEqual([
      [103n, 60n],
      [40n, 500n],
    ]);
  });

  it("without any event: what left the user's account, fees too, and what arrived", () => {
    const calls = [
      transfer("base vault", "user coins", 500n),
      transfer("user sol", "quote vault", 102n),
      transfer("user sol", "fee account", 1n),
    ];
    const swap = onlySwap([call("66063d1201daebea", calls)], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ user: [103n, 500n], pooled: [102n, 500n] });
  });

  it("a pool with SOL as its base: buying takes the SOL", () => {
    const accounts = ACCOUNTS.with(3, WSOL_MINT).with(4, "coin");
    const bought = event(BUY, { base: 500n, quote: 100n, userQuote: 103n });
    const swap = onlySwap([call("66063d1201daebea", [cpi(bought)], accounts)], { balances: BALANCES });
    expect(outline(swap).mints).toEqual([address("coin"), WSOL_MINT]);
    expect(swap.quoteMint).toBe(address("coin"));
  });

  const bought = event(BUY, { base: 500n, quote: 100n, userQuote: 103n });
  it.each<[string, Call, string | null]>([
    [
      "an event cut short",
      call("66063d1201daebea", [selfCpi(PUMPSWAP_PROGRAM, bought.bytes().subarray(0, 200))]),
      "malformed-event",
    ],
    [
      "the event of another pool",
      call("66063d1201daebea", [cpi(event(BUY, { base: 1n, quote: 1n, userQuote: 1n, pool: "other" }))]),
      "malformed-event",
    ],
    ["no event and no transfer", call("66063d1201daebea", []), "no-transfer"],
    ["too few accounts", call("66063d1201daebea", [], ["pool", "user"]), "malformed-instruction"],
    ["a route without events", call("2b644913e9f66f94", [], accountsAt(26, {})), "no-event"],
    [
      "an unknown instruction that trades elsewhere",
      call("0102030405060708", [cpi(bought)], ["x", "y"]),
      "unknown-instruction",
    ],
    ["a deposit", call("f223c68952e1f2b6", [transfer("user sol", "quote vault", 1n)]), null],
    [
      "a burn from the pool",
      call("694406af000723a2", [
        selfCpi(PUMPSWAP_PROGRAM, new Bytes().hex("3f451c16305cc2b9").padTo(200).bytes()),
      ]),
      null,
    ],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect(swaps).toEqual([]);
    expect([...skipped]).toEqual(reason === null ? [] : [[reason, 1]]);
  });

  it("is not taken in by the same event from another program or in a text of the log", () => {
    const spoof = selfCpi("router", bought.bytes());
    const router: Call = {
      program: "router",
      accounts: [PUMPSWAP_PROGRAM, PUMPFUN_PROGRAM],
      data: new Uint8Array(),
      calls: [spoof],
    };
    const { swaps, skipped } = decodeCalls([{ ...router, logData: [bought.bytes()] }], {
      balances: BALANCES,
    });
    expect([swaps, skipped.size]).toEqual([[], 0]);
  });
});
