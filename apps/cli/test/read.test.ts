import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BlockRecord,
  DEFAULT_INTERVALS,
  rawAmount,
  type Slot,
  slot,
  type Trade,
  USDC_MINT,
  WSOL_MINT,
} from "@candlewick/domain";
import { silentLogger } from "@candlewick/runtime";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataDirAt } from "../src/data-dir.ts";
import { readCandles, readTrades } from "../src/read/pair-reads.ts";
import { writeRunning } from "../src/running-up.ts";
import { runCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-read-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

const PAIR = "PairOfTheToken111111111111111111111111111111";
const STABLE_PAIR = "PairOfUsdc1111111111111111111111111111111111";
const SOL = { mint: WSOL_MINT, decimals: 9 };
const USDC = { mint: USDC_MINT, decimals: 6 };
const TOKEN = { mint: "TokenOfTheTest11111111111111111111111111111", decimals: 6 };
/** 2026-01-31 12:00:00 UTC. */
const NOON_S = 1_769_860_800;

function blockRecord(at: Slot, time: number, tradeCount: number): BlockRecord {
  return {
    chain: "solana",
    slot: at,
    status: "confirmed",
    id: `block${at}`,
    parentSlot: slot(at - 1),
    parentId: `block${at - 1}`,
    height: at,
    time,
    tradeCount,
    nativeUsd: 150_000_000_000n,
    nativeUsdSlot: at,
  };
}

function tradeAt(at: Slot, time: number, pair: string, baseAmount: bigint, baseUsd: bigint | null): Trade {
  const token = pair === PAIR ? TOKEN : USDC;
  return {
    block: { chain: "solana", id: `block${at}`, slot: at, time },
    tx: `tx${at}`,
    position: { slot: at, txIndex: 0, outer: pair === PAIR ? 0 : 1, inner: null, hop: 0 },
    venue: "RaydiumV4",
    program: "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8",
    pair,
    side: "buy",
    base: SOL,
    token,
    baseAmount: rawAmount(baseAmount),
    tokenAmount: rawAmount(1_000_000n),
    poolBaseAmount: rawAmount(baseAmount),
    poolTokenAmount: rawAmount(1_000_000n),
    baseReserve: null,
    tokenReserve: null,
    baseUsd,
    maker: "maker",
    recipient: null,
    routeId: null,
  };
}

/** Ten minutes with one trade of each pair, SOL at 150 dollars; in the last minute its price is not known. */
async function fill(store: Store): Promise<void> {
  const trades: Trade[] = [];
  const blocks: BlockRecord[] = [];
  for (let minute = 0; minute < 10; minute++) {
    const [at, time] = [slot(1_000 + minute), NOON_S + minute * 60];
    const usd = minute === 9 ? null : 150_000_000_000n;
    trades.push(tradeAt(at, time, PAIR, BigInt(1 + minute) * 10_000_000n, usd));
    trades.push(tradeAt(at, time, STABLE_PAIR, 6_666_667n, usd));
    blocks.push(blockRecord(at, time, 2));
  }
  await store.checkpoint({
    group: "data-flow-default-group10",
    offsets: [
      { topic: "sol-trades", partition: 0, expected: null, next: 10n },
      { topic: "sol-blocks", partition: 0, expected: null, next: 10n },
    ],
    intervals: DEFAULT_INTERVALS,
    trades,
    blocks,
  });
}

const dataDir = dataDirAt(join(folder, "data"));
const from = ["--data", dataDir.root];
let server: EmbeddedPostgres;
let store: Store;

beforeAll(async () => {
  mkdirSync(dataDir.root);
  server = await startEmbeddedPostgres({ dataDir: dataDir.postgres, logger: silentLogger });
  store = await openStore({ connection: server.connection, logger: silentLogger });
  await fill(store);
});

async function stopServer(): Promise<void> {
  await store.close();
  await server.stop();
}

describe("joined to what runs on the folder", () => {
  test("candles in dollars: a table for people, all digits in CSV and JSON", async () => {
    const remove = writeRunning(dataDir.root, {
      brokers: [],
      http: "http://127.0.0.1:1",
      postgres: server.connection,
    });
    const candles = ["candles", "--pair", PAIR, "--interval", "1m", ...from];
    const table = await runCli([...candles, "--limit", "3"]);
    remove();
    expect(table.stdout.split("\n")[0]?.split(/ +/)).toEqual([
      "open_time",
      "open",
      "high",
      "low",
      "close",
      "volume",
      "usd_volume",
      "trades",
    ]);
    expect(table.stdout).toContain(
      "2026-01-31T12:08:00Z  13.5  13.5  13.5   13.5       1        13.5       1",
    );
    expect(table.stderr).toBe(
      "candlewick: 1 candles have no known price in dollars; --currency base shows them\n",
    );

    const csv = await runCli([...candles, "--format", "csv", "--to", "2026-01-31T12:02"]);
    expect(csv).toMatchObject({ stderr: "", code: 0 });
    expect(csv.stdout).toBe(
      "open_time,open,high,low,close,volume,usd_volume,trades\n" +
        `${NOON_S * 1000},1.5,1.5,1.5,1.5,1,1.5,1\n${NOON_S * 1000 + 60_000},3,3,3,3,1,3,1\n`,
    );

    const json = await runCli([
      ...candles,
      "--format",
      "json",
      "--currency",
      "base",
      "--from",
      String(NOON_S * 1000 + 540_000),
    ]);
    const price = 0.1;
    expect(JSON.parse(json.stdout)).toEqual([
      {
        open_time: NOON_S * 1000 + 540_000,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: "1",
        base_volume: "0.1",
        trades: 1,
      },
    ]);
  });

  test("longer intervals fold the same trades", async () => {
    const flags = ["--pair", PAIR, "--interval", "1h", "--currency", "base", "--format", "csv"];
    const { stdout } = await runCli(["candles", ...flags, ...from]);
    expect(stdout.split("\n")[1]).toBe(`${NOON_S * 1000},0.01,0.1,0.01,0.1,10,0.55,10`);
  });

  test("pairs, those with the most volume first", async () => {
    const { stdout } = await runCli(["pairs", "--format", "json", ...from]);
    const pairs = JSON.parse(stdout);
    expect(pairs.map((pair: { pair_addr: string }) => pair.pair_addr)).toEqual([PAIR, STABLE_PAIR]);
    expect(pairs[0]).toMatchObject({
      venue: "RaydiumV4",
      base_mint: WSOL_MINT,
      token_mint: TOKEN.mint,
      trades_24h: 10,
    });
    const search = await runCli(["pairs", "--search", "USDC", "--format", "csv", ...from]);
    expect(search.stdout).toContain(STABLE_PAIR);
    expect(search.stdout).not.toContain(PAIR);
    expect((await runCli(["pairs", ...from])).stdout).toMatch(/^pair_addr +venue +base_mint/);
  });

  test("trades, newest first; as JSON they are whole messages", async () => {
    const { stdout } = await runCli(["trades", "--pair", PAIR, "--limit", "2", "--format", "json", ...from]);
    const trades = JSON.parse(stdout);
    expect(trades.map((trade: { slot: number }) => trade.slot)).toEqual([1009, 1008]);
    expect(trades[1]).toMatchObject({
      pair_addr: PAIR,
      token_price_usd: 13.5,
      base_token_amount_int: 90_000_000,
    });
    const csv = await runCli(["trades", "--pair", PAIR, "--format", "csv", ...from]);
    expect(csv.stdout.trim().split("\n")).toHaveLength(11);
  });

  test("verify finds nothing where all is well", async () => {
    const good = await runCli(["verify", ...from]);
    expect({ stderr: good.stderr, code: good.code }).toEqual({ stderr: "", code: 0 });
    expect(good.stdout).toMatch(/^check +compared +differences/);
    expect(JSON.parse((await runCli(["verify", "--format", "json", ...from])).stdout)).toMatchObject({
      ok: true,
    });
  });

  test("long answers are read page by page", async () => {
    const range = { pair: PAIR, interval: "1m", fromMs: undefined, toMs: undefined, limit: undefined };
    const whole = await readCandles(store, range);
    expect(whole).toHaveLength(10);
    for (const pageRows of [1, 3, 5, 10, 11]) {
      expect(await readCandles(store, range, pageRows)).toEqual(whole);
      expect(await readCandles(store, { ...range, limit: 4 }, pageRows)).toEqual(whole.slice(-4));
    }
    const trades = await readTrades(store, PAIR, 100);
    for (const pageRows of [1, 3, 10, 11]) {
      expect(await readTrades(store, PAIR, 100, pageRows)).toEqual(trades);
      expect(await readTrades(store, PAIR, 7, pageRows)).toEqual(trades.slice(0, 7));
    }
  });

  test("verify lists what differs, with exit code 1", async () => {
    const offsets = [{ topic: "sol-blocks", partition: 0, expected: 10n, next: 11n }];
    const blocks = [blockRecord(slot(1_010), NOON_S + 600, 3)];
    const group = "data-flow-default-group10";
    await store.checkpoint({ group, offsets, intervals: DEFAULT_INTERVALS, trades: [], blocks });
    const { stdout, stderr, code } = await runCli(["verify", ...from]);
    expect(stdout).toMatch(/^block-trades: .*1010/m);
    expect(stderr).toMatch(/^candlewick: \d+ things? differs?, see above\. [^\n]+\n$/);
    expect(code).toBe(1);
  });

  test("a database by its URL", async () => {
    if ("url" in server.connection) throw new Error("the embedded server is reached by its folder");
    const { host, port, user, password, database } = server.connection;
    const url = `postgres://${user}:${password}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
    const { stdout, stderr } = await runCli(["pairs", "--format", "csv", "--database-url", url]);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toHaveLength(3);
  });
});

describe("on a folder where nothing runs", () => {
  beforeAll(stopServer);

  test("the embedded server is started for a moment", async () => {
    const both = await Promise.all([
      runCli(["pairs", "--format", "csv", ...from]),
      runCli(["pairs", "--format", "csv", ...from]),
    ]);
    for (const { stdout, stderr, code } of both) {
      expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
      expect(stdout.trim().split("\n")).toHaveLength(3);
    }
  });

  test("the default folder is named by the environment", async () => {
    const environment = { CANDLEWICK_DATA: dataDir.root };
    const { stdout, code } = await runCli(
      ["trades", "--pair", STABLE_PAIR, "--limit", "1", "--format", "csv"],
      { environment },
    );
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });

  test.each([
    [
      "unknown pair",
      ["trades", "--pair", "Nothing", ...from],
      /^candlewick: no pair Nothing is stored\. See "candlewick pairs" for those that are\.\n$/,
      1,
    ],
    ["cut address", ["trades", "--pair", "PairOfTheT", ...from], /Did you mean PairOfTheToken1+\?/, 1],
    [
      "no such interval",
      ["candles", "--pair", PAIR, "--interval", "7q", ...from],
      /"7q" is not an interval/,
      1,
    ],
    [
      "time",
      ["candles", "--pair", PAIR, "--interval", "1m", "--from", "noon", ...from],
      /Write a time such as/,
      1,
    ],
    [
      "no data",
      ["pairs", "--data", join(folder, "nothing")],
      /^candlewick: there are no data in [^\n]+\. Run "candlewick up --data [^\n]+\n$/,
      1,
    ],
    [
      "no database",
      ["pairs", "--database-url", "postgres://u:hunter2@127.0.0.1:1/x"],
      /^candlewick: (?!.*hunter2)[^\n]*127\.0\.0\.1:1[^\n]*\n$/,
      75,
    ],
    [
      "no URL",
      ["pairs", "--database-url", "mysql://x"],
      /database\.url: expected a URL that starts with postgres:/,
      1,
    ],
  ])("%s", async (_name, args, says, exitCode) => {
    const { stdout, stderr, code } = await runCli(args);
    expect(stderr).toMatch(says);
    expect([stdout, code]).toEqual(["", exitCode]);
  });

  test("an interval that is not stored has no candles, and says so", async () => {
    const flags = ["--pair", PAIR, "--interval", "7m", "--format", "csv"];
    const { stdout, stderr } = await runCli(["candles", ...flags, ...from]);
    expect(stdout).toBe("open_time,open,high,low,close,volume,usd_volume,trades\n");
    expect(stderr).toBe("candlewick: no candles of 7m are stored in that range\n");
  });
});
