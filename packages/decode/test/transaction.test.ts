import { slot, WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import {
  decodeSolanaTransaction,
  ORCA_WHIRLPOOL_PROGRAM,
  RAYDIUM_V4_PROGRAM,
  TOKEN_PROGRAM,
} from "../src/index.ts";
import { logEvents } from "../src/solana/event.ts";
import { accountTable, metadataContent, readCalls } from "../src/solana/json-transaction.ts";
import { SolanaTransaction } from "../src/solana/transaction.ts";
import { decodeCalls, outline } from "./swap-of.ts";
import {
  accountsAt,
  Bytes,
  type Call,
  type TransactionOptions,
  transactionOf,
  transfer,
} from "./transaction-builder.ts";

const ACCOUNTS = accountsAt(8, {
  1: "pool",
  3: "coin vault",
  4: "sol vault",
  5: "user sol",
  6: "user coins",
  7: "user",
});
const BACK = ACCOUNTS.with(5, "user coins").with(6, "user sol");

/** A swap of Raydium v4, by default of SOL for coins. */
function swap(paid: bigint, received: bigint, accounts = ACCOUNTS): Call {
  const toCoins = accounts === ACCOUNTS;
  const [vaultIn, vaultOut] = toCoins ? ["sol vault", "coin vault"] : ["coin vault", "sol vault"];
  const [source, destination] = toCoins ? ["user sol", "user coins"] : ["user coins", "user sol"];
  return {
    program: RAYDIUM_V4_PROGRAM,
    accounts,
    data: new Bytes().u8(16).u64(1, 2).bytes(),
    calls: [transfer(source, vaultIn, paid), transfer(vaultOut, destination, received)],
  };
}

function router(...calls: Call[]): Call {
  return { program: "router", accounts: ["user"], data: Uint8Array.of(1), calls };
}

const balances = (sol: [bigint, bigint], coins: [bigint, bigint]): TransactionOptions => ({
  balances: [
    { account: "sol vault", mint: WSOL_MINT, before: sol[0], after: sol[1], decimals: 9 },
    { account: "coin vault", mint: "coin", before: coins[0], after: coins[1] },
  ],
});
const SOME = balances([1000n, 1150n], [9000n, 8200n]);

describe("the walk over a transaction", () => {
  it("finds swaps in outer and inner instructions, each with its own transfers", () => {
    const { swaps } = decodeCalls([swap(10n, 100n), router(swap(50n, 300n), router(swap(90n, 400n)))], SOME);
    expect(swaps.map((found) => [...outline(found).at, ...outline(found).user])).toEqual([
      [0, null, 0, 10n, 100n],
      [1, 0, 0, 50n, 300n],
      [1, 4, 0, 90n, 400n],
    ]);
  });

  it("finds the same without recorded depths of calls", () => {
    const calls = [router(swap(50n, 300n), swap(10n, 40n, BACK), swap(90n, 400n))];
    const [withDepths, without] = [true, false].map((heights) => decodeCalls(calls, { ...SOME, heights }));
    expect(without).toEqual(withDepths);
    expect(without?.swaps.map((found) => outline(found).user)).toEqual([
      [50n, 300n],
      [10n, 40n],
      [90n, 400n],
    ]);
  });

  it("leaves out what a called program moves in turn: a mint may have a hook on its transfers", () => {
    const hook: Call = { ...router(transfer("user sol", "sol vault", 7n)), program: "hook" };
    const trade = swap(50n, 300n);
    const { swaps } = decodeCalls([{ ...trade, calls: [...(trade.calls ?? []), hook] }], SOME);
    expect(swaps.map((found) => outline(found).user)).toEqual([[50n, 300n]]);
  });

  it("reads addresses that are loaded from lookup tables", () => {
    const plain = decodeCalls([router(swap(50n, 300n))], SOME);
    for (const loaded of [1, 4, 9]) {
      expect(decodeCalls([router(swap(50n, 300n))], { ...SOME, loaded })).toEqual(plain);
    }
    expect(plain.swaps).toHaveLength(1);
  });

  it("gives nothing of a failed transaction", () => {
    const { swaps, skipped } = decodeCalls([swap(1n, 2n)], {
      ...SOME,
      err: { InstructionError: [0, { Custom: 1 }] },
    });
    expect([swaps, skipped.size]).toEqual([[], 0]);
  });

  it("counts a transaction of a venue without metadata", () => {
    const built = transactionOf([swap(1n, 2n)], SOME);
    const { swaps, skipped } = decodeSolanaTransaction({ ...built, meta: null }, slot(1), 0);
    expect([swaps, [...skipped]]).toEqual([[], [["no-metadata", 1]]]);
  });

  it("counts a venue's instruction whose data is not base58", () => {
    const built = transactionOf([swap(1n, 2n)], SOME);
    const text = JSON.stringify(built).replace(
      /"data":"[^"]*","stackHeight":null/,
      '"data":"0OIl","stackHeight":null',
    );
    const { swaps, skipped } = decodeSolanaTransaction(JSON.parse(text), slot(1), 0);
    expect([swaps, [...skipped]]).toEqual([[], [["malformed-instruction", 1]]]);
  });

  it("marks the swaps of one outer instruction as a route, not those of several", () => {
    const { swaps } = decodeCalls(
      [swap(1n, 1n), router(swap(2n, 2n), swap(3n, 3n)), router(swap(4n, 4n))],
      SOME,
    );
    const routes = swaps.map(({ routeId }) => routeId);
    expect([routes[0], routes[3]]).toEqual([null, null]);
    expect(routes[1]).toBe(routes[2]);
    expect(routes[1]).not.toBeNull();
  });
});

describe("reserves after a swap", () => {
  const reservesOf = (calls: Call[], options: TransactionOptions) =>
    decodeCalls(calls, options).swaps.map(({ reserveIn, reserveOut }) => [reserveIn, reserveOut]);

  it("of the last swap are the balances after the transaction, of earlier ones what moved since is taken out", () => {
    const calls = [swap(10n, 100n), router(swap(20n, 150n), swap(60n, 5n, BACK))];
    expect(reservesOf(calls, balances([1000n, 1025n], [9000n, 8810n]))).toEqual([
      [1010n, 8900n],
      [1030n, 8750n],
      [8810n, 1025n],
    ]);
  });

  it("take movements into account that are no swaps", () => {
    const calls = [swap(10n, 100n), transfer("lender", "sol vault", 7n)];
    expect(reservesOf(calls, balances([1000n, 1017n], [9000n, 8900n]))).toEqual([[1010n, 8900n]]);
    const burn: Call = {
      program: TOKEN_PROGRAM,
      accounts: ["coin vault", "coin", "authority"],
      data: new Bytes().u8(8).u64(33).bytes(),
    };
    expect(reservesOf([swap(10n, 100n), burn], balances([1000n, 1010n], [9000n, 8867n]))).toEqual([
      [1010n, 8900n],
    ]);
  });

  it("are unknown where the movements do not explain the balances", () => {
    const calls = [swap(10n, 100n), swap(20n, 150n)];
    expect(reservesOf(calls, balances([1000n, 1031n], [9000n, 8750n]))).toEqual([
      [null, 8900n],
      [1031n, 8750n],
    ]);
  });
});

describe("events in the log", () => {
  const event = (name: string) => new Bytes().hex("0102030405060708").key(name).bytes();
  const call = (program: string, name: string, calls: Call[] = []): Call => {
    return { program, accounts: ["a", "b"], data: new Uint8Array(), calls, logData: [event(name)] };
  };
  const read = (calls: Call[], change: (log: string[]) => string[] = (log) => log) => {
    const built = transactionOf(calls) as {
      meta: { logMessages: string[] };
      transaction: { message: { accountKeys: string[]; instructions: unknown[] } };
    };
    const meta = { ...built.meta, logMessages: change(built.meta.logMessages) };
    const { message } = built.transaction;
    const keys = accountTable(message.accountKeys, meta);
    const outer = readCalls(message.instructions);
    const content = {
      slot: slot(1),
      txIndex: 0,
      signature: "s",
      keys,
      outer,
      ...metadataContent(meta, null),
    };
    const transaction = new SolanaTransaction(content, () => false);
    return transaction.instructions.map((instruction) =>
      logEvents(transaction, instruction).map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
  };
  const hex = (name: string) => Buffer.from(event(name)).toString("hex");
  const nested = [call("x", "first", [call("y", "second", [call("x", "third")])]), call("x", "fourth")];
  const owned = [[hex("first")], [hex("second")], [hex("third")], [hex("fourth")]];

  it("belong to the instruction on top of the stack of invocations", () => {
    expect(read(nested)).toEqual(owned);
  });

  it("are found with verifiers that are executed without a line", () => {
    const silent = "Ed25519SigVerify111111111111111111111111111";
    const calls = [{ ...call(silent, "none"), logData: [] }, ...nested];
    expect(read(calls, (log) => log.filter((line) => !line.includes(silent)))).toEqual([[], ...owned]);
  });

  it("end where the log is cut, and cannot be imitated by text", () => {
    expect(read(nested, (log) => [...log.slice(0, 4), "Log truncated"])).toEqual([
      [],
      [],
      [hex("third")],
      [],
    ]);
    const imitation = [
      "Program log: success",
      "Program log: invoke [2]",
      `Program log: Program data: ${hex("z")}`,
    ];
    expect(read(nested, (log) => log.flatMap((line) => [line, ...imitation]))).toEqual(owned);
  });
});

it("reads a swap whose program is a venue though another venue is only mentioned", () => {
  const { swaps } = decodeCalls([{ ...swap(1n, 2n), accounts: [...ACCOUNTS, ORCA_WHIRLPOOL_PROGRAM] }], SOME);
  expect(swaps.map(({ venue }) => venue)).toEqual(["RaydiumV4"]);
});
