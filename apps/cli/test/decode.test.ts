import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { rawAmount, type Swap, slot, USDC_MINT, WSOL_MINT } from "@candlewick/domain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TradeSequence } from "../src/decode/block-sequence.ts";
import { hasRecorded, RECORDED, runCli, startCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-decode-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BLOCKS = join(RECORDED, "solana", "blocks");
const BLOCK = join(BLOCKS, "332254855.getBlock.json.gz");

const EMPTY_BLOCK = JSON.stringify({
  blockhash: "4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHirAn",
  previousBlockhash: "3Eq21vXNB5s86c62bVuUfTeaMif1N2kUqRPBmGRJhyTA",
  parentSlot: 41,
  blockHeight: 40,
  blockTime: 1_700_000_000,
  transactions: [],
});

const VENUES: Readonly<Record<string, string>> = {
  pumpswap: "PumpSwap",
  pump: "PumpFun",
  rayV4: "RaydiumV4",
  rayCLMM: "RaydiumClmm",
  dlmm: "MeteoraDlmm",
  orca: "OrcaWhirlpool",
};

describe.skipIf(!hasRecorded)("a recorded mainnet block (absent beside the project: skipped)", () => {
  test("every listed swap that has amounts is a line, in order, with one more that the list leaves open", async () => {
    const { stdout, stderr, code } = await runCli(["decode", BLOCK]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const trades = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(trades).toHaveLength(28);
    const found = trades.map((trade) => {
      const [base, token] = [trade.pair_info.base_token_addr, trade.pair_info.token_addr];
      const [baseAmount, tokenAmount] = [String(trade.base_token_amount_int), String(trade.token_amount_int)];
      const buy = trade.type === "buy";
      return {
        tx: trade.transaction_index,
        signature: trade.tx_hash,
        path: [trade.outer_index, trade.inner_index].filter((part) => part !== null).join("."),
        venue: trade.swap_name,
        pool: trade.pair_addr,
        in: buy ? [base, baseAmount] : [token, tokenAmount],
        out: buy ? [token, tokenAmount] : [base, baseAmount],
      };
    });
    const rows = readFileSync(join(BLOCKS, "332254855.expected_swaps.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    const expected = rows.map((row) => {
      const [, , tx, signature, path, , venue = "", pool, mintIn, mintOut, amountIn, amountOut] =
        row.split(",");
      return {
        tx: Number(tx),
        signature,
        path,
        venue: VENUES[venue],
        pool,
        in: [mintIn, amountIn],
        out: [mintOut, amountOut],
      };
    });
    const open = rows.findIndex((row) => row.includes("unresolved"));
    expect(found.toSpliced(open, 1)).toEqual(expected.toSpliced(open, 1));
    expect(found[open]).toMatchObject({
      signature: expected[open]?.signature,
      path: "6.0",
      venue: "MeteoraDammV1",
    });
  });

  test("plain, packed and from standard input are the same", async () => {
    const plain = join(folder, "332254855.json");
    writeFileSync(plain, gunzipSync(readFileSync(BLOCK)));
    const packed = await runCli(["decode", BLOCK]);
    expect(await runCli(["decode", plain])).toEqual(packed);
    const piped = await runCli(["decode", "-", "--slot", "332254855"], { input: readFileSync(BLOCK) });
    expect(piped).toEqual(packed);
    const guessed = await runCli(["decode", "-"], { input: readFileSync(plain) });
    expect(guessed.stdout).toBe(packed.stdout);
    expect(guessed.stderr).toMatch(
      /taking 332254855 as the slot of standard input, the one after its parent/,
    );
  });

  test("a folder is its blocks; a block from before blocks had a time has no trades and is no error", async () => {
    const { stdout, code } = await runCli(["decode", join(BLOCKS, "legacy")]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 0 });
    const mixed = join(folder, "mixed");
    mkdirSync(mixed);
    cpSync(BLOCK, join(mixed, "332254855.json.gz"));
    writeFileSync(join(mixed, "332254900.json"), EMPTY_BLOCK);
    writeFileSync(join(mixed, "notes.txt"), "not a block");
    expect((await runCli(["decode", mixed])).stdout).toBe((await runCli(["decode", BLOCK])).stdout);
  });

  test("a reader that has seen enough is no error", async () => {
    const child = startCli(["decode", BLOCK]);
    const chunks: string[] = [];
    child.stderr.on("data", (chunk) => chunks.push(String(chunk)));
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr: chunks.join("") }).toEqual({ code: 0, stderr: "" });
  });
});

describe("blocks in the order of their slots", () => {
  test("an empty block has no lines; --slot tells the slot where the name does not", async () => {
    const { stdout, stderr, code } = await runCli(["decode", "-", "--slot", "42"], { input: EMPTY_BLOCK });
    expect({ stdout, stderr, code }).toEqual({ stdout: "", stderr: "", code: 0 });
    const envelope = `{"jsonrpc":"2.0","id":1,"result":${EMPTY_BLOCK}}`;
    expect((await runCli(["decode", "-", "--slot", "42"], { input: envelope })).code).toBe(0);
  });

  test("the price of SOL is carried to the blocks that tell none, until it is too old", () => {
    const sequence = new TradeSequence();
    const sol = { mint: WSOL_MINT, decimals: 9 };
    const usdc = { mint: USDC_MINT, decimals: 6 };
    const token = { mint: "1pFtfMQHRgHWZ3nSAKB1yDoh3mM97qZ3qM4o9dAHVh6", decimals: 6 };
    const first = sequence.next(blockOf(10, 1_000, [swapOf(10, sol, 1_000_000_000n, usdc, 150_000_000n)]));
    expect(first.map(({ baseUsd }) => baseUsd)).toEqual([150_000_000_000n]);
    const second = sequence.next(blockOf(11, 1_600, [swapOf(11, sol, 5n, token, 7n)]));
    expect(second.map(({ baseUsd, side }) => [baseUsd, side])).toEqual([[150_000_000_000n, "buy"]]);
    const third = sequence.next(blockOf(12, 1_601, [swapOf(12, sol, 5n, token, 7n)]));
    expect(third.map(({ baseUsd }) => baseUsd)).toEqual([null]);
  });
});

function blockOf(at: number, time: number, swaps: Swap[]) {
  const block = {
    slot: slot(at),
    id: `block${at}`,
    parentSlot: slot(at - 1),
    parentId: null,
    height: at,
    time,
  };
  return {
    block: { ...block, transactions: swaps.length },
    swaps,
    skipped: new Map<string, number>(),
    poolEvents: [],
    skippedEvents: new Map<string, number>(),
    truncatedLogs: 0,
  };
}

type Asset = Swap["assetIn"];

function swapOf(at: number, assetIn: Asset, amountIn: bigint, assetOut: Asset, amountOut: bigint): Swap {
  return {
    position: { slot: slot(at), txIndex: 0, outer: 0, inner: null, hop: 0 },
    tx: `tx${at}`,
    venue: "RaydiumV4",
    program: "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8",
    pool: "pool",
    assetIn,
    assetOut,
    userIn: rawAmount(amountIn),
    userOut: rawAmount(amountOut),
    poolIn: rawAmount(amountIn),
    poolOut: rawAmount(amountOut),
    reserveIn: null,
    reserveOut: null,
    quoteMint: assetOut.mint,
    maker: "maker",
    recipient: null,
    routeId: null,
  };
}

describe("bad input is told in one sentence with exit code 1", () => {
  const path = (name: string) => join(folder, name);
  beforeAll(() => {
    const packed = gzipSync(EMPTY_BLOCK);
    const files: Record<string, string | Uint8Array> = {
      "100.json": EMPTY_BLOCK,
      "100.copy.json": EMPTY_BLOCK,
      "101.json": EMPTY_BLOCK.slice(0, 60),
      "102.json.gz": packed.subarray(0, packed.length - 12),
      "103.json": "slot,block\n1,2\n",
      "104.json": "",
      "105.json": "{}",
      "106.json": '{"jsonrpc":"2.0","id":1,"result":null}',
      "107.json": '{"jsonrpc":"2.0","id":1,"error":{"code":-32009,"message":"Slot 107 was skipped"}}',
      "108.json": "[1,2]",
      "no-slot.json": EMPTY_BLOCK.replace('"parentSlot":41', '"parentSlot":null'),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(path(name), content);
    mkdirSync(path("nothing"));
  });

  const cases: [name: string, args: string[], says: RegExp][] = [
    ["cut short", ["101.json"], /101\.json is not a Solana block: [^\n]*cut short/],
    ["cut gzip", ["102.json.gz"], /102\.json\.gz is truncated: its gzip data end too early/],
    ["no JSON", ["103.json"], /103\.json is not a Solana block: [^\n]*not JSON/],
    ["empty", ["104.json"], /104\.json is not a Solana block: it is empty/],
    ["another object", ["105.json"], /105\.json is not a Solana block/],
    ["no block in the slot", ["106.json"], /106\.json is not a Solana block: there is no block/],
    ["an error of the node", ["107.json"], /107\.json is not a Solana block: [^\n]*Slot 107 was skipped/],
    ["a list", ["108.json"], /108\.json is not a Solana block/],
    ["absent", ["absent.json"], /absent\.json does not exist/],
    ["folder without blocks", ["nothing"], /nothing holds no block files/],
    [
      "slot not known",
      ["no-slot.json"],
      /no-slot\.json is not a Solana block|the slot of \S+no-slot\.json is not known/,
    ],
    ["same slot twice", ["100.json", "100.copy.json"], /100\.json and \S+100\.copy\.json are both slot 100/],
    [
      "--slot of several",
      ["100.json", "101.json", "--slot", "7"],
      /--slot tells the slot of one block, and 2 files were given/,
    ],
    ["the lowest slot comes first", ["105.json", "103.json"], /103\.json is not a Solana block/],
    ["good, then bad", ["100.json", "103.json"], /103\.json is not a Solana block/],
    ["chain", ["100.json", "--chain", "dogecoin"], /Allowed choices are solana/],
  ];
  test.each(cases)("%s", async (_name, args, says) => {
    const { stdout, stderr, code } = await runCli([
      "decode",
      ...args.map((arg) => (/^(--|\d+$|[a-z]+coin)/.test(arg) ? arg : path(arg))),
    ]);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^candlewick: [^\n]+\n$/);
    expect([stdout, code]).toEqual(["", 1]);
  });
});
