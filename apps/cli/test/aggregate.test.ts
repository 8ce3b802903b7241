import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { rowKey } from "../src/aggregate/aggregation.ts";
import { hasRecorded, RECORDED, runCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-aggregate-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The cells of a recorded file, the header first. */
function recorded(name: string): string[][] {
  const lines = gunzipSync(readFileSync(join(RECORDED, "exchange", name)))
    .toString()
    .trim()
    .split(/\r?\n/);
  return lines.map((line) => line.split(","));
}

/** A decimal as a fraction of 10^30, so that 1482.0 and 1482 are equal and nothing is rounded. */
function exact(text: string | undefined): bigint {
  const [whole = "", fraction = ""] = (text ?? "").split(".");
  return BigInt(whole + fraction.padEnd(30, "0"));
}

const COLUMNS = ["--time", "t", "--price", "p", "--amount", "q"];
const HEADER = "open_time_ms,open,high,low,close,volume,count\n";

async function candlesOf(csv: string, ...flags: string[]): Promise<string[]> {
  const { stdout, stderr, code } = await runCli(
    ["aggregate", "-", "--interval", "1m", ...COLUMNS, ...flags],
    { input: csv },
  );
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  expect(stdout.startsWith(HEADER)).toBe(true);
  return stdout.slice(HEADER.length).split("\n").slice(0, -1);
}

describe.skipIf(!hasRecorded)("recorded trades of an exchange (absent beside the project: skipped)", () => {
  test.each([
    ["1m", 2469],
    ["5m", 706],
  ])("XRPETH: all candles of %s are equal to the recorded ones", async (interval, count) => {
    const trades = join(RECORDED, "exchange", "XRPETH-aggTrades.csv.gz");
    const flags = ["--time", "timestamp_ms", "--price", "price", "--amount", "qty", "--id", "agg_trade_id"];
    const { stdout, code } = await runCli(["aggregate", trades, "--interval", interval, ...flags]);
    expect(code).toBe(0);
    const expected = recorded(`XRPETH-${interval}.csv.gz`).slice(1);
    expect(expected).toHaveLength(count);
    const candles = stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").slice(0, 6).map(exact));
    expect(candles).toEqual(expected.map((cells) => cells.map(exact)));
  });

  test("Coinbase: the second bars roll up to all 4216 minute bars", async () => {
    let count = 0;
    for (const day of ["20161007", "20161008", "20161009"]) {
      const seconds = join(RECORDED, "exchange", `${day}_second_trade.csv.gz`);
      const flags = [
        "--time",
        "ms_since_midnight_utc",
        "--price",
        "open,high,low,close",
        "--amount",
        "volume",
      ];
      const { stdout } = await runCli(["aggregate", seconds, "--interval", "1m", ...flags]);
      const bars = stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",").slice(0, 6).map(exact));
      const expected = recorded(`${day}_minute_trade.csv.gz`).slice(1);
      expect(bars).toEqual(expected.map((cells) => cells.map(exact)));
      count += bars.length;
    }
    expect(count).toBe(4216);
  });

  test.each([
    ["BTCUSDT", "1m"],
    ["BTCUSDT", "1s"],
    ["ETHUSDT", "1m"],
    ["ETHUSDT", "5m"],
  ])("%s: %s candles are equal to a recomputation", async (symbol, interval) => {
    const name = `${symbol}-trades-20240808T2354_20240809T0005.csv.gz`;
    const path = join(RECORDED, "exchange", name);
    const flags = ["--time", "trade_ms:ms", "--price", "price", "--amount", "qty", "--id", "trade_id"];
    const { stdout } = await runCli(["aggregate", path, "--interval", interval, ...flags]);
    const candles = stdout
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").map(exact));
    expect(candles).toEqual(
      recompute(recorded(name), { "1s": 1_000, "1m": 60_000, "5m": 300_000 }[interval] ?? 0),
    );
  });
});

/** Candles the plain way: all trades sorted, then one pass. Independent of the product's code. */
function recompute([header = [], ...rows]: string[][], intervalMs: number): bigint[][] {
  const at = (name: string) => header.indexOf(name);
  const sorted = rows
    .map((cells) => ({
      ms: Number(cells[at("trade_ms")]),
      id: BigInt(cells[at("trade_id")] ?? ""),
      price: exact(cells[at("price")]),
      qty: exact(cells[at("qty")]),
    }))
    .sort((a, b) => a.ms - b.ms || Number(a.id - b.id));
  const one = 10n ** 30n;
  const candles: bigint[][] = [];
  for (const { ms, price, qty } of sorted) {
    const open = BigInt(ms - (ms % intervalMs)) * one;
    const last = candles.at(-1);
    if (last?.[0] !== open) candles.push([open, price, price, price, price, qty, one]);
    else {
      const [, first = 0n, high = 0n, low = 0n, , volume = 0n, count = 0n] = last;
      const values = [
        open,
        first,
        price > high ? price : high,
        price < low ? price : low,
        price,
        volume + qty,
        count + one,
      ];
      candles[candles.length - 1] = values;
    }
  }
  return candles;
}

describe("what a candle is", () => {
  test("first and last by time, then id, then row, whatever the order of the file", async () => {
    const csv = "t,p,q,i\n59999,4,1,10\n1000,2,1,9\n1000,1,1,8\n1000,3,1,100\n60000,9,1,1\n";
    expect(await candlesOf(csv, "--id", "i")).toEqual(["0,1,4,1,4,4,4", "60000,9,9,9,9,1,1"]);
    expect(await candlesOf(csv)).toEqual(["0,2,4,1,4,4,4", "60000,9,9,9,9,1,1"]);
  });

  test("amounts and prices are exact, however many digits they have", async () => {
    const csv = "t,p,q\n0,0.1,0.1\n1,1e-18,0.2\n2,123456789012345678901.000000000000000001,1E-9\n";
    const price = "123456789012345678901.000000000000000001";
    expect(await candlesOf(csv)).toEqual([`0,0.1,${price},0.000000000000000001,${price},0.300000001,3`]);
  });

  test("times before 1970 and fractions of the unit fall into the right bucket", async () => {
    const csv = "t,p,q\n-0.001,1,1\n-60.5,2,1\n59.9999,3,1\n";
    const { stdout } = await runCli(
      ["aggregate", "-", "--interval", "1m", "--time", "t:s", "--price", "p", "--amount", "q"],
      { input: csv },
    );
    expect(stdout).toBe(`${HEADER}-120000,2,2,2,2,1,1\n-60000,1,1,1,1,1,1\n0,3,3,3,3,1,1\n`);
  });

  test.each([
    ["s", "60"],
    ["ms", "60000"],
    ["us", "60000000"],
    ["ns", "60000000000"],
  ])("a minute in %s", async (unit, time) => {
    const flags = ["--time", `t:${unit}`, "--price", "p", "--amount", "q", "--interval", "1m"];
    const { stdout } = await runCli(["aggregate", "-", ...flags], { input: `t,p,q\n${time},1,1\n` });
    expect(stdout).toBe(`${HEADER}60000,1,1,1,1,1,1\n`);
  });

  test("rules for the open and for gaps", async () => {
    const csv = "t,p,q\n0,5,1\n60000,7,1\n240000,6,1\n";
    expect(await candlesOf(csv, "--open", "previous-close", "--fill", "flat")).toEqual([
      "0,5,5,5,5,1,1",
      "60000,5,7,5,7,1,1",
      "120000,7,7,7,7,0,0",
      "180000,7,7,7,7,0,0",
      "240000,7,7,6,6,1,1",
    ]);
  });

  test("rows whose id came before are left out and counted", async () => {
    const csv = "t,p,q,i\n0,5,1,a\n1,6,1,a\n2,7,1,b\n";
    const { stdout, stderr } = await runCli(["aggregate", "-", "--interval", "1m", ...COLUMNS, "--id", "i"], {
      input: csv,
    });
    expect(stdout).toBe(`${HEADER}0,5,7,5,7,2,2\n`);
    expect(stderr).toBe("candlewick: 1 of 3 rows left out, as an earlier row had their id\n");
  });

  test("candles as input keep their range and count", async () => {
    const csv = "t,o,h,l,c,v,n\n0,5,9,4,6,1.5,3\n30000,7,8,2,3,1,2\n";
    const flags = ["--interval", "1m", "--time", "t", "--price", "o,h,l,c", "--amount", "v", "--count", "n"];
    const { stdout } = await runCli(["aggregate", "-", ...flags], { input: csv });
    expect(stdout).toBe(`${HEADER}0,5,9,2,3,2.5,5\n`);
  });

  test("JSON is one array with the same digits; no rows are no candles", async () => {
    const flags = ["aggregate", "-", "--interval", "1m", ...COLUMNS, "--format", "json"];
    const { stdout } = await runCli(flags, { input: "t,p,q\n0,0.00141342,0.1\n" });
    expect(stdout).toContain('"open":0.00141342,');
    const candle = {
      open_time_ms: 0,
      open: 0.00141342,
      high: 0.00141342,
      low: 0.00141342,
      close: 0.00141342,
    };
    expect(JSON.parse(stdout)).toEqual([{ ...candle, volume: "0.1", count: 1 }]);
    const none = await runCli(flags, { input: "t,p,q\n" });
    expect([JSON.parse(none.stdout), none.stderr]).toEqual([
      [],
      "candlewick: standard input has a header and no rows\n",
    ]);
  });

  test("quotes, a byte order mark, empty lines and CRLF are read", async () => {
    expect(await candlesOf('\ufeff"t",p,"q"\r\n"0","1.5",2\r\n\r\n')).toEqual(["0,1.5,1.5,1.5,1.5,2,1"]);
  });
});

test("row keys sort as time, then id by value, then row", () => {
  const row = fc.record({
    timeNs: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }).map((ns) => ns / 10n ** 17n),
    id: fc.nat({ max: 1200 }).map(String),
    row: fc.nat({ max: 100 }),
  });
  fc.assert(
    fc.property(row, row, (a, b) => {
      const expected = Number(a.timeNs - b.timeNs) || Number(a.id) - Number(b.id) || a.row - b.row;
      const [keyA, keyB] = [rowKey(a, a.row), rowKey(b, b.row)];
      expect(keyA < keyB ? -1 : keyA > keyB ? 1 : 0).toBe(Math.sign(expected));
    }),
  );
});

describe("bad input is told in one sentence with exit code 1", () => {
  const good = "t,p,q\n0,1,1\n";
  const packed = gzipSync(
    `t,p,q\n${"1,1,1\n".repeat(50_000)}${Array.from({ length: 5_000 }, (_, i) => `${i},${Math.sin(i)},1`).join("\n")}`,
  );
  const damaged = Buffer.from(packed);
  // The checksum at the end.
  damaged.fill(0x55, packed.length - 8, packed.length - 4);
  const cases: [name: string, content: string | Uint8Array, flags: string[], says: RegExp][] = [
    ["no file content", "", COLUMNS, /is empty\. Give a CSV file with a header/],
    [
      "column",
      good,
      ["--time", "t", "--price", "prise", "--amount", "q"],
      /has no column "prise"\. It has t, p, q/,
    ],
    [
      "meant column",
      "time,price,q\n",
      ["--time", "tiem", "--price", "price", "--amount", "q"],
      /"tiem"\. Did you mean "time"\?/,
    ],
    ["not a number", `${good}1,abc,1\n`, COLUMNS, /row 2: "abc" is not a number/],
    ["empty cell", `${good}1,,1\n`, COLUMNS, /row 2: "" is not a number/],
    ["time", `${good}x,1,1\n`, COLUMNS, /row 2: "x" is not a number/],
    [
      "unit",
      "t,p,q\n1723161254087896568,1,1\n",
      ["--time", "t:ms", "--price", "p", "--amount", "q"],
      /row 1: 1723161254087896568 is no time: is its unit right/,
    ],
    [
      "unknown unit",
      good,
      ["--time", "t:min", "--price", "p", "--amount", "q"],
      /"min" is not a unit of time/,
    ],
    ["negative amount", `${good}1,1,-2\n`, COLUMNS, /row 2: the amount -2 is negative/],
    ["too many digits", `${good}1,1e-31,1\n`, COLUMNS, /row 2: "1e-31" cannot be held with 30 decimals/],
    [
      "two prices",
      good,
      ["--time", "t", "--price", "p,q", "--amount", "q"],
      /--price takes one column or four/,
    ],
    [
      "crossed bar",
      "t,o,h,l,c,q\n0,1,2,3,1,1\n",
      ["--time", "t", "--price", "o,h,l,c", "--amount", "q"],
      /row 1: open and close are not between/,
    ],
    ["cells missing", `${good}1,1\n`, COLUMNS, /after row 1: the next row has another number of cells/],
    ["open quote", `${good}1,"1,1\n`, COLUMNS, /is not CSV, after row 1: a quote is not closed/],
    [
      "truncated gzip",
      packed.subarray(0, packed.length - 1_000),
      COLUMNS,
      /is truncated: its gzip data end too early, after row \d+/,
    ],
    ["damaged gzip", damaged, COLUMNS, /is damaged: its gzip data cannot be unpacked/],
    ["interval", good, [...COLUMNS, "--interval", "7x"], /"7x" is not an interval: write a count/],
    ["rule", good, [...COLUMNS, "--fill", "round"], /Allowed choices are none, flat/],
    [
      "gap",
      "t,p,q\n0,1,1\n999999999999999,1,1\n",
      [...COLUMNS, "--fill", "flat"],
      /gaps are too long.*--fill none/,
    ],
    [
      "flag",
      good,
      ["--tiem", "t", "--price", "p", "--amount", "q"],
      /unknown option "--tiem"\. Did you mean --time\?/,
    ],
  ];
  test.each(cases)("%s", async (name, content, flags, says) => {
    const path = file(`${name.replaceAll(" ", "-")}.csv`, content);
    const interval = flags.includes("--interval") ? [] : ["--interval", "1m"];
    const { stderr, code } = await runCli(["aggregate", path, ...interval, ...flags]);
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^candlewick: [^\n]+\n$/);
    expect(code).toBe(1);
  });

  test.each([
    ["absent.csv", /absent\.csv does not exist/],
    [".", /is a folder, not a file/],
  ])("%s", async (name, says) => {
    const { stderr, code } = await runCli(["aggregate", join(folder, name), "--interval", "1m", ...COLUMNS]);
    expect(stderr).toMatch(says);
    expect(code).toBe(1);
  });
});
