import { createHash } from "node:crypto";
import { USDC_MINT, WSOL_MINT } from "@candlewick/domain";
import { base58 } from "@scure/base";
import { describe, expect, it } from "vitest";
import { PUMPFUN_PROGRAM, PUMPSWAP_PROGRAM } from "../src/index.ts";
import { decodeCalls, expected, onlySwap, outline } from "./swap-of.ts";
import { accountsAt, address, Bytes, type Call, selfCpi, transferChecked } from "./transaction-builder.ts";

interface TradeFields {
  readonly coin?: string;
  readonly isBuy?: boolean;
  readonly sol?: bigint;
  readonly coins?: bigint;
  readonly fee?: bigint;
  readonly creatorFee?: bigint;
  readonly cashback?: bigint;
  readonly quoteMint?: string | null;
  readonly quote?: bigint;
  readonly ixName?: string;
  readonly shareholders?: number;
}

/** The first generation ends with the real reserves. */
function firstEvent(of: TradeFields): Bytes {
  return new Bytes()
    .hex("bddb7fd34ee661ee")
    .key(of.coin ?? "coin")
    .u64(of.sol ?? 0n, of.coins ?? 0n)
    .u8(of.isBuy === false ? 0 : 1)
    .key("user")
    .u64(1_700_000_000, 30_000_000_000, 1_000_000, 777, 888);
}

/** All fields of October 2026. */
function latestEvent(of: TradeFields): Uint8Array {
  const event = firstEvent(of)
    .key("fee recipient")
    .u64(95, of.fee ?? 0n)
    .key("creator")
    .u64(30, of.creatorFee ?? 0n)
    .padTo(258)
    .text(of.ixName ?? "buy")
    .u8(0)
    .u64(30, of.cashback ?? 0n, 5000, 11)
    .u32(of.shareholders ?? 0);
  for (let k = 0; k < (of.shareholders ?? 0); k++) event.key(`holder ${k}`).u8(1).u8(0);
  if (of.quoteMint == null) event.padTo(event.length + 32);
  else event.key(of.quoteMint);
  return event.u64(of.quote ?? of.sol ?? 0n, 5, 666, 0, 0, 0).bytes();
}

const BALANCES = [
  { account: "curve vault", mint: "coin", before: 900n, after: 800n },
  { account: "curve quote vault", mint: USDC_MINT, before: 0n, after: 10n },
];

function call(discriminator: string, accounts: string[], events: Uint8Array[]): Call {
  const data = new Bytes().hex(discriminator).u64(1, 2).bytes();
  return {
    program: PUMPFUN_PROGRAM,
    accounts,
    data,
    calls: events.map((event) => selfCpi(PUMPFUN_PROGRAM, event)),
  };
}

const V1 = accountsAt(12, { 2: "coin", 3: "curve", 4: "curve vault", 5: "user coins", 6: "user" });
const V2 = accountsAt(27, { 1: "coin", 2: "quote", 10: "curve", 11: "curve vault", 13: "user" });
const V3 = accountsAt(17, { 1: "coin", 2: "quote", 5: "curve", 6: "curve vault", 8: "user" });

describe("PumpFun", () => {
  const variants: [string, string, string[]][] = [
    ["buy", "66063d1201daebea", V1],
    ["buy_exact_sol_in", "38fc74089edfcd5f", V1],
    ["buy_v2", "b817ee6167c5d33d", V2],
    ["buy_exact_quote_in_v2", "c2ab1c46684d5b2f", V2],
    ["buy_v3", "07051dc4f5176550", V3],
    ["buy_exact_quote_in_v3", "e1f7501ed5b38488", V3],
  ];
  it.each(variants)(
    "%s: the buyer pays the curve's amount and all fees",
    (ixName, discriminator, accounts) => {
      const event = latestEvent({ sol: 1000n, coins: 5000n, fee: 10n, creatorFee: 5n, cashback: 2n, ixName });
      const swap = onlySwap([call(discriminator, accounts, [event])], { balances: BALANCES });
      expect(outline(swap)).toEqual(
        expected({
          pool: "curve",
          mints: [WSOL_MINT, "coin"],
          user: [1017n, 5000n],
          pooled: [1000n, 5000n],
          maker: "user",
        }),
      );
      expect([swap.reserveIn, swap.reserveOut]).toEqual([777n, 888n]);
      expect([swap.quoteMint, swap.assetIn.decimals, swap.assetOut.decimals]).toEqual([WSOL_MINT, 9, 6]);
    },
  );

  const sales: [string, string, string[]][] = [
    ["sell", "33e685a4017f83ad", V1],
    ["sell_v2", "5df6823ce7e940b2", V2],
    ["sell_v3", "1c92de7726c469d5", V3],
  ];
  it.each(sales)(
    "%s: the seller gets the curve's amount less all fees",
    (ixName, discriminator, accounts) => {
      const trade = { isBuy: false, sol: 1000n, coins: 5000n, fee: 10n, creatorFee: 5n, ixName };
      const swap = onlySwap([call(discriminator, accounts, [latestEvent(trade)])], { balances: BALANCES });
      expect(outline(swap)).toEqual(
        expected({
          pool: "curve",
          mints: ["coin", WSOL_MINT],
          user: [5000n, 985n],
          pooled: [5000n, 1000n],
          maker: "user",
        }),
      );
      expect([swap.reserveIn, swap.reserveOut]).toEqual([888n, 777n]);
    },
  );

  it("an event of the first generation has no fees to tell", () => {
    const event = firstEvent({ sol: 1000n, coins: 5000n }).bytes();
    expect(event).toHaveLength(129);
    const swap = onlySwap([call("66063d1201daebea", V1, [event])], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ user: [1000n, 5000n], pooled: [1000n, 5000n] });
  });

  it("a coin quoted in another token has its trade behind the name and the shareholders", () => {
    const event = latestEvent({
      coins: 5000n,
      quote: 1000n,
      fee: 10n,
      quoteMint: USDC_MINT,
      ixName: "buy_exact_quote_in_v2",
      shareholders: 3,
    });
    const swap = onlySwap([call("c2ab1c46684d5b2f", V2, [event])], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ mints: [USDC_MINT, address("coin")], user: [1010n, 5000n] });
    expect([swap.quoteMint, swap.reserveIn, swap.assetIn.decimals]).toEqual([USDC_MINT, 666n, 6]);
  });

  it("stands at the venue's instruction, not at its event", () => {
    const event = latestEvent({ sol: 1000n, coins: 5000n });
    const trade = call("66063d1201daebea", V1, [event]);
    const first = transferChecked("a", "coin", "b", 1n);
    const router: Call = { program: "router", accounts: [], data: new Uint8Array(), calls: [first, trade] };
    const swap = onlySwap([{ ...router, calls: [] }, router], { balances: BALANCES });
    expect(outline(swap).at).toEqual([1, 1, 0]);
    expect(swap.position).toMatchObject({ slot: 100, txIndex: 7 });
  });

  it("the buy that completes a curve is a second fill at the future pool's price", () => {
    const completing = new Bytes()
      .hex("6fb06d8b316cd5fb")
      .key("user", "coin", "curve")
      .padTo(136)
      .u64(1_700_000_000, 300, 90, 95, 4, 30, 3, 2, 1000, 300, 700, 390)
      .bytes();
    expect(completing).toHaveLength(232);
    const events = [latestEvent({ sol: 1000n, coins: 5000n, fee: 10n }), completing];
    const { swaps } = decodeCalls([call("07051dc4f5176550", V3, events)], { balances: BALANCES });
    expect(swaps.map(outline)).toEqual([
      expected({
        pool: "curve",
        mints: [WSOL_MINT, "coin"],
        user: [1010n, 5000n],
        pooled: [1000n, 5000n],
        maker: "user",
      }),
      expected({
        at: [0, null, 1],
        pool: "curve",
        mints: [WSOL_MINT, "coin"],
        user: [97n, 300n],
        pooled: [90n, 300n],
        maker: "user",
      }),
    ]);
    expect([swaps[1]?.reserveIn, swaps[1]?.reserveOut]).toEqual([390n, 700n]);
    expect(swaps[0]?.routeId).toBe(swaps[1]?.routeId);
  });

  it("a route through curves is one fill per event, each with the curve that its coin derives", () => {
    const curves = ["first coin", "coin"].map(curveOf);
    const events = [
      latestEvent({ coin: "first coin", sol: 1000n, coins: 70n, fee: 10n }),
      latestEvent({ coin: "coin", coins: 5000n, quote: 70n, quoteMint: address("first coin") }),
    ];
    const nested = call(
      "e19a7516d756f667",
      accountsAt(30, { 20: curves[0] ?? "", 25: curves[1] ?? "" }),
      events,
    );
    const data = new Bytes().hex("2b644913e9f66f94").u64(1010, 1).bytes();
    const route: Call = { program: PUMPSWAP_PROGRAM, accounts: accountsAt(26, {}), data, calls: [nested] };
    const balances = [...BALANCES, { account: "other vault", mint: "first coin", before: 1n, after: 1n }];
    const { swaps, skipped } = decodeCalls([route], { balances });
    expect(swaps.map((swap) => [swap.pool, ...outline(swap).at, swap.userIn, swap.userOut])).toEqual([
      [curves[0], 0, 0, 0, 1010n, 70n],
      [curves[1], 0, 0, 1, 70n, 5000n],
    ]);
    expect(skipped.size).toBe(0);
  });

  it("falls back to the same event in the log where the self-call is not recorded", () => {
    const trade = {
      ...call("66063d1201daebea", V1, []),
      logData: [latestEvent({ sol: 1000n, coins: 5000n })],
    };
    expect(outline(onlySwap([trade], { balances: BALANCES })).user).toEqual([1000n, 5000n]);
  });

  it.each<[string, Call, string | null]>([
    ["no event", call("66063d1201daebea", V1, []), "no-event"],
    [
      "an event cut short",
      call("66063d1201daebea", V1, [latestEvent({}).subarray(0, 60)]),
      "malformed-event",
    ],
    ["zero on both sides", call("66063d1201daebea", V1, [latestEvent({})]), "nothing-moved"],
    [
      "fees above the proceeds",
      call("33e685a4017f83ad", V1, [latestEvent({ isBuy: false, sol: 1n, fee: 2n })]),
      "malformed-event",
    ],
    [
      "a coin that nothing else names",
      call("66063d1201daebea", V1, [latestEvent({ coin: "other", sol: 1n, coins: 1n })]),
      "unknown-decimals",
    ],
    [
      "no curve among the accounts",
      call("e19a7516d756f667", V1, [latestEvent({ sol: 1n, coins: 1n })]),
      "malformed-instruction",
    ],
    ["the creation of a coin", call("181ec828051c0777", V1, []), null],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect(swaps).toEqual([]);
    expect([...skipped]).toEqual(reason === null ? [] : [[reason, 1]]);
  });

  it("keeps a trade with one zero side", () => {
    const swap = onlySwap([call("66063d1201daebea", V1, [latestEvent({ coins: 5n })])], {
      balances: BALANCES,
    });
    expect(outline(swap).user).toEqual([0n, 5n]);
  });
});

/** The bonding curve's address with bump 255; the decoder only compares hashes with the addresses it finds. */
function curveOf(coin: string): string {
  const hash = createHash("sha256")
    .update("bonding-curve")
    .update(base58.decode(address(coin)));
  hash.update(Uint8Array.of(255)).update(base58.decode(PUMPFUN_PROGRAM)).update("ProgramDerivedAddress");
  return base58.encode(hash.digest());
}
