import { slot } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import {
  decodeSolanaBlock,
  MOONSHOT_PROGRAM,
  RAYDIUM_CLMM_PROGRAM,
  RAYDIUM_V4_PROGRAM,
  TOKEN_2022_PROGRAM,
} from "../src/index.ts";
import { decodeCalls, onlySwap } from "./swap-of.ts";
import {
  accountsAt,
  Bytes,
  type Call,
  type TransactionOptions,
  transactionOf,
  transfer,
  transferChecked,
  transferWithFee,
} from "./transaction-builder.ts";

const BALANCES = [
  { account: "sols", mint: "sol", before: 1000n, after: 1000n },
  { account: "coins", mint: "coin", before: 1000n, after: 1000n },
];

/** A swap of Raydium v4 without the order book's accounts. */
function swap(way: "buy" | "sell", options: { user?: string; amounts?: [bigint, bigint] } = {}): Call {
  const { user = "user", amounts = [10n, 20n] } = options;
  const [paid, got] = way === "buy" ? ["sol", "coin"] : ["coin", "sol"];
  const accounts = { 1: "pool", 3: "coins", 4: "sols", 5: `${user} ${paid}`, 6: `${user} ${got}`, 7: user };
  return {
    program: RAYDIUM_V4_PROGRAM,
    accounts: accountsAt(8, accounts),
    data: new Bytes().u8(16).u64(1, 2).bytes(),
    calls: [
      transfer(`${user} ${paid}`, `${paid}s`, amounts[0]),
      transfer(`${got}s`, `${user} ${got}`, amounts[1]),
    ],
  };
}

const options: TransactionOptions = { balances: BALANCES };

describe("flags", () => {
  it("are none for an ordinary swap", () => {
    expect(onlySwap([swap("buy")], options).flags).toEqual([]);
  });

  it("tell of amounts that are zero: such a swap has no price", () => {
    expect(onlySwap([swap("buy", { amounts: [10n, 0n] })], options).flags).toEqual(["zero-amount"]);
    const nothing = decodeCalls([swap("buy", { amounts: [0n, 0n] })], options);
    expect([nothing.swaps, nothing.skipped]).toEqual([[], new Map([["nothing-moved", 1]])]);
  });

  it("tell of what an account does and undoes in one transaction", () => {
    const both = decodeCalls([swap("buy"), swap("sell")], options).swaps;
    expect(both.map(({ flags }) => flags)).toEqual([["self-trade"], ["self-trade"]]);
    const others = decodeCalls([swap("buy"), swap("sell", { user: "another" }), swap("buy")], options).swaps;
    expect(others.flatMap(({ flags = [] }) => flags)).toEqual([]);
  });

  it("tell of fees that mints withheld, where something tells them", () => {
    const [user, vault] = ["user coin", "vault coin"];
    const clmm = (calls: Call[]) => ({
      program: RAYDIUM_CLMM_PROGRAM,
      accounts: accountsAt(13, {
        0: "user",
        2: "pool",
        3: user,
        4: "user sol",
        5: vault,
        6: "vault sol",
        11: "coin",
        12: "sol",
      }),
      data: new Bytes().hex("2b04ed0b1ac91e62").u64(1, 2).bytes(),
      calls,
    });
    const balances = [
      { account: vault, mint: "coin", before: 0n, after: 97n },
      { account: "vault sol", mint: "sol", before: 50n, after: 43n },
    ];
    const out = transfer("vault sol", "user sol", 7n);
    const told = onlySwap([clmm([transferWithFee(user, "coin", vault, 100n, 3n), out])], { balances });
    expect([told.userIn, told.poolIn, told.flags]).toEqual([100n, 97n, ["transfer-fee"]]);
    const untold = transferChecked(user, "coin", vault, 100n, { program: TOKEN_2022_PROGRAM });
    expect(onlySwap([clmm([untold, out])], { balances }).flags).toEqual([]);
  });

  it("tell of a log that the node cut, which is counted for the block", () => {
    const cut = { ...options, logLines: 2 };
    expect(onlySwap([swap("buy")], cut).flags).toEqual(["log-truncated"]);
    const block = blockOf([transactionOf([swap("buy")], cut), transactionOf([swap("buy")], options)]);
    expect([block.truncatedLogs, block.swaps.map(({ flags }) => flags)]).toEqual([
      1,
      [["log-truncated"], []],
    ]);
    // What only the log tells is missed for that reason, and no other.
    const sale = {
      program: MOONSHOT_PROGRAM,
      accounts: accountsAt(11, {}),
      data: new Bytes().hex("33e685a4017f83ad"),
    };
    const missed = decodeCalls([{ ...sale, data: sale.data.bytes() }], cut);
    expect(missed.skipped).toEqual(new Map([["log-truncated", 1]]));
  });
});

describe("clamps", () => {
  const by = (signer: string, way: "buy" | "sell") =>
    transactionOf([swap(way, { user: `${signer}'s program` })], { ...options, signer });

  it("are marked in a block, by who signed, not by what account traded", () => {
    const { swaps } = blockOf([
      by("bot", "buy"),
      by("victim", "buy"),
      by("bot", "sell"),
      by("other", "sell"),
    ]);
    expect(swaps.map(({ clamp }) => clamp)).toEqual([true, false, true, false]);
  });

  it("are not known of a single transaction", () => {
    expect(onlySwap([swap("buy")], options)).not.toHaveProperty("clamp");
  });
});

function blockOf(transactions: readonly object[]) {
  const facts = {
    blockhash: "hash",
    previousBlockhash: "parent",
    parentSlot: 7,
    blockTime: 1,
    blockHeight: 2,
  };
  return decodeSolanaBlock(Buffer.from(JSON.stringify({ ...facts, transactions })), slot(8));
}
