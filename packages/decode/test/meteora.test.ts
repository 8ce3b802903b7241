import { WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { METEORA_DAMM_V1_PROGRAM, METEORA_DAMM_V2_PROGRAM, METEORA_DLMM_PROGRAM } from "../src/index.ts";
import { decodeCalls, expected, onlySwap, outline } from "./swap-of.ts";
import {
  accountsAt,
  address,
  Bytes,
  type Call,
  selfCpi,
  transfer,
  transferChecked,
  transferWithFee,
} from "./transaction-builder.ts";

const BALANCES = [
  { account: "sol vault", mint: WSOL_MINT, before: 2_000n, after: 2_100n, decimals: 9 },
  { account: "coin vault", mint: "coin", before: 10_000n, after: 9_500n },
];
const IN = transferChecked("user sol", WSOL_MINT, "sol vault", 100n, { decimals: 9 });
const OUT = transferChecked("coin vault", "coin", "user coins", 500n);

describe("Meteora DLMM", () => {
  const accounts = accountsAt(16, {
    0: "pool",
    2: "coin vault",
    3: "sol vault",
    4: "user sol",
    5: "user coins",
    6: "coin",
    7: WSOL_MINT,
    9: METEORA_DLMM_PROGRAM,
    10: "user",
  });
  const call = (discriminator: string, calls: Call[], list = accounts): Call => {
    const data = new Bytes().hex(discriminator).u64(1, 2).bytes();
    return { program: METEORA_DLMM_PROGRAM, accounts: list, data, calls };
  };
  const cpi = (bytes: Bytes) => selfCpi(METEORA_DLMM_PROGRAM, bytes.bytes());
  /** The event of the first generation: the pool's X is the coin, so that paying SOL is not "for Y". */
  const swapEvent = (amountIn: bigint, amountOut: bigint, pool = "pool") =>
    new Bytes().hex("516ce3becdd00ac4").key(pool, "user").padTo(80).u64(amountIn, amountOut).padTo(137);
  const swap2Event = (amountIn: bigint, left: bigint, amountOut: bigint) =>
    new Bytes()
      .hex("2e7452d7941b544d")
      .key("pool", "user")
      .padTo(97)
      .u64(amountIn, left, amountOut)
      .padTo(155);

  it.each([
    ["swap", "f8c69e91e17587c8"],
    ["swap2", "414b3f4ceb5b5b88"],
    ["swap_exact_out", "fa49652126cf4bb8"],
    ["swap_exact_out2", "2bd7f784893cf351"],
    ["swap_with_price_impact", "38ade6d0ade49ccd"],
    ["swap_with_price_impact2", "4a62c0d6b1334b33"],
  ])("%s: one swap, whichever events it leaves", (_, discriminator) => {
    const [first, second] = [cpi(swapEvent(100n, 500n)), cpi(swap2Event(100n, 0n, 500n))];
    // Some records say that the first event of the pair has lost its amounts.
    const emptied = cpi(swapEvent(0n, 0n));
    for (const events of [[], [first], [second], [first, second], [second, first], [emptied, second]]) {
      const swap = onlySwap([call(discriminator, [IN, OUT, ...events])], { balances: BALANCES });
      expect(outline(swap)).toEqual(
        expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 500n], maker: "user" }),
      );
      expect([swap.reserveIn, swap.reserveOut, swap.quoteMint]).toEqual([2_100n, 9_500n, WSOL_MINT]);
    }
  });

  it("takes the event's amounts where the transfers are not to be found, without what was left over", () => {
    const first = onlySwap([call("414b3f4ceb5b5b88", [cpi(swapEvent(100n, 500n))])], { balances: BALANCES });
    expect(outline(first).user).toEqual([100n, 500n]);
    const second = onlySwap([call("414b3f4ceb5b5b88", [cpi(swap2Event(120n, 20n, 500n))])], {
      balances: BALANCES,
    });
    expect(outline(second).user).toEqual([100n, 500n]);
  });

  it("takes the event's amounts where one side of the transfers is not to be found", () => {
    const swap = onlySwap([call("414b3f4ceb5b5b88", [IN, cpi(swapEvent(100n, 500n))])], {
      balances: BALANCES,
    });
    expect(outline(swap).user).toEqual([100n, 500n]);
  });

  it("counts the host's fee among what the user paid", () => {
    const list = accounts.with(9, "host fees");
    const fee = transferChecked("user sol", WSOL_MINT, "host fees", 3n, { decimals: 9 });
    const swap = onlySwap([call("f8c69e91e17587c8", [IN, fee, OUT], list)], { balances: BALANCES });
    expect(outline(swap).user).toEqual([103n, 500n]);
  });

  it("a mint with transfer fee: the user gets less than the pool gives", () => {
    const out = transferWithFee("coin vault", "coin", "user coins", 500n, 25n);
    const swap = onlySwap([call("414b3f4ceb5b5b88", [IN, out])], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ user: [100n, 475n], pooled: [100n, 500n] });
  });

  it.each<[string, Call, string | null]>([
    ["no event and no transfer", call("f8c69e91e17587c8", []), "no-transfer"],
    ["the event of another pool", call("f8c69e91e17587c8", [cpi(swapEvent(1n, 1n, "other"))]), "no-transfer"],
    ["too few accounts", call("f8c69e91e17587c8", [IN, OUT], ["pool", "b"]), "malformed-instruction"],
    [
      "an unknown instruction that swaps",
      call("0102030405060708", [cpi(swapEvent(1n, 1n))]),
      "unknown-instruction",
    ],
    ["a deposit", call("5c04b0c177b95309", [IN]), null],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect([swaps, [...skipped]]).toEqual([[], reason === null ? [] : [[reason, 1]]]);
  });
});

describe("Meteora DAMM v1", () => {
  const accounts = accountsAt(15, {
    0: "pool",
    1: "user sol",
    2: "user coins",
    5: "coin vault",
    6: "sol vault",
    11: "protocol fees",
    12: "user",
  });
  const vault = (discriminator: string, calls: Call[]): Call => {
    const program = "24Uqj9JCLxUeoC3hGfh5W3s9FM9uCHDS2SG3LYwBpyTi";
    return {
      program,
      accounts: accountsAt(7, {}),
      data: new Bytes().hex(discriminator).u64(1).bytes(),
      calls,
    };
  };
  const call = (calls: Call[], discriminator = "f8c69e91e17587c8"): Call => {
    return {
      program: METEORA_DAMM_V1_PROGRAM,
      accounts,
      data: new Bytes().hex(discriminator).u64(1, 2).bytes(),
      calls,
    };
  };

  it("sums the deposit and the protocol's fee; the transfers are the vault program's", () => {
    const calls = [
      transfer("user sol", "protocol fees", 3n),
      vault("f223c68952e1f2b6", [transfer("user sol", "sol vault", 100n)]),
      vault("b712469c946da122", [transfer("coin vault", "user coins", 500n)]),
    ];
    const swap = onlySwap([call(calls)], { balances: BALANCES });
    expect(outline(swap)).toEqual(
      expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [103n, 500n], maker: "user" }),
    );
    expect([swap.reserveIn, swap.reserveOut, swap.quoteMint]).toEqual([null, null, WSOL_MINT]);
  });

  it("counts a swap without transfers, and no deposit", () => {
    expect([...decodeCalls([call([])], { balances: BALANCES }).skipped]).toEqual([["no-transfer", 1]]);
    expect(decodeCalls([call([IN], "a8e3323ebdab54b0")], { balances: BALANCES }).skipped.size).toBe(0);
  });
});

describe("Meteora DAMM v2", () => {
  const accounts = accountsAt(14, {
    1: "pool",
    2: "user sol",
    3: "user coins",
    4: "coin vault",
    5: "sol vault",
    6: "coin",
    7: WSOL_MINT,
    8: "user",
  });
  const call = (calls: Call[], discriminator = "f8c69e91e17587c8", list = accounts): Call => {
    return {
      program: METEORA_DAMM_V2_PROGRAM,
      accounts: list,
      data: new Bytes().hex(discriminator).u64(1, 2).bytes(),
      calls,
    };
  };
  const cpi = (bytes: Bytes) => selfCpi(METEORA_DAMM_V2_PROGRAM, bytes.bytes());
  const first = cpi(
    new Bytes()
      .hex("1b3c15d58aaabb93")
      .key("pool")
      .u8(1)
      .padTo(58)
      .u64(500)
      .padTo(114)
      .u64(100, 1_700_000_000),
  );
  const second = (amounts: { paid: bigint; arrived: bigint; left: bigint; received: bigint }) =>
    cpi(
      new Bytes()
        .hex("bd4233a826507599")
        .key("pool")
        .u8(1)
        .padTo(60)
        .u64(amounts.arrived)
        .padTo(140)
        .u64(amounts.paid, amounts.left, amounts.received, 1_700_000_000, 9_400, 2_050),
    );
  const plain = second({ paid: 100n, arrived: 100n, left: 500n, received: 500n });

  it.each(["f8c69e91e17587c8", "414b3f4ceb5b5b88"])(
    "%s: one swap, whichever events it leaves",
    (discriminator) => {
      for (const events of [[], [first], [plain], [first, plain]]) {
        const swap = onlySwap([call([IN, OUT, ...events], discriminator)], { balances: BALANCES });
        expect(outline(swap)).toEqual(
          expected({ pool: "pool", mints: [WSOL_MINT, "coin"], user: [100n, 500n], maker: "user" }),
        );
        // The second event tells the reserves without unclaimed fees; else the vaults' balances are what is known.
        const told = events.includes(plain);
        expect([swap.reserveIn, swap.reserveOut]).toEqual(told ? [2_050n, 9_400n] : [2_100n, 9_500n]);
      }
    },
  );

  it("takes what the mints withheld from the second event", () => {
    const event = second({ paid: 100n, arrived: 98n, left: 500n, received: 475n });
    const swap = onlySwap([call([IN, OUT, event], "414b3f4ceb5b5b88")], { balances: BALANCES });
    expect(outline(swap)).toMatchObject({ user: [100n, 475n], pooled: [98n, 500n] });
  });

  it("takes the first event's amounts where the transfers are not to be found", () => {
    const swap = onlySwap([call([first])], { balances: BALANCES });
    expect(outline(swap).user).toEqual([100n, 500n]);
    expect(swap.assetIn.mint).toBe(WSOL_MINT);
    expect(swap.assetOut.mint).toBe(address("coin"));
  });

  it.each<[string, Call, string | null]>([
    ["no event and no transfer", call([]), "no-transfer"],
    ["too few accounts", call([IN, OUT], "414b3f4ceb5b5b88", ["a", "pool"]), "malformed-instruction"],
    ["an unknown instruction that swaps", call([plain], "0102030405060708"), "unknown-instruction"],
    ["a deposit", call([IN], "b59d59438fb63448"), null],
  ])("counts %s", (_, trade, reason) => {
    const { swaps, skipped } = decodeCalls([trade], { balances: BALANCES });
    expect([swaps, [...skipped]]).toEqual([[], reason === null ? [] : [[reason, 1]]]);
  });
});
