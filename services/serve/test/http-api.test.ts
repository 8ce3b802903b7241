import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DEFAULT_INTERVALS, rawAmount, slot } from "@candlewick/domain";
import { CandlewickError, ERRORS, Registry, silentLogger, systemClock } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveSchema } from "../src/config.ts";
import { withLivePrice } from "../src/pair-order.ts";
import { runServe, type ServeService } from "../src/serve.ts";
import { MemoryMarket } from "./memory-market.ts";
import { PAIR_A, PAIR_B, priceChange, START_MS, trade } from "./sample.ts";

const PAIR_C = "8sLbNZoA1cfnvMJLPfp98ZLAnFSYCFApfJKMbiXNLwxj";
const UNKNOWN = "11111111111111111111111111111111";

let market: MemoryMarket;
let serve: ServeService;
let webRoot: string;

function start(config: object): Promise<ServeService> {
  return runServe(serveSchema.parse({ port: 0, ...config }), {
    reads: market.reads,
    startSource: (onRecords) => market.startSource(onRecords),
    intervals: DEFAULT_INTERVALS,
    ...{ logger: silentLogger, metrics: new Registry(), clock: systemClock, version: "0.0.0-test" },
  });
}

beforeAll(async () => {
  market = new MemoryMarket();
  market.store([
    trade({ slot: 1, timeMs: START_MS }),
    trade({ slot: 2, timeMs: START_MS + 3_600_000 }),
    trade({ slot: 3, timeMs: START_MS + 7_200_000, pair: PAIR_B, base: 9_000_000_000n }),
  ]);
  webRoot = mkdtempSync(path.join(tmpdir(), "candlewick-page-"));
  writeFileSync(path.join(webRoot, "index.html"), "<!doctype html><title>page</title>");
  writeFileSync(path.join(webRoot, "app-1a2b.js"), "void 0;");
  serve = await start({ webRoot });
});

afterAll(async () => {
  await serve?.stop(1_000);
  rmSync(webRoot, { recursive: true, force: true });
});

async function get(target: string) {
  const response = await fetch(serve.url + target);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

describe("bad input", () => {
  const candles = `/api/candles?pair=${PAIR_A}&interval=1m`;
  const cases: [string, number, string, RegExp][] = [
    ["/api/pairs?limit=0", 400, "BAD_INPUT", /limit must be >= 1/],
    ["/api/pairs?limit=1001", 400, "BAD_INPUT", /limit must be <= 1000/],
    ["/api/pairs?limit=ten", 400, "BAD_INPUT", /limit must be integer/],
    ["/api/pairs?sort=age", 400, "BAD_INPUT", /sort must be equal to one of/],
    ["/api/pairs?order=up", 400, "BAD_INPUT", /no parameter order/],
    ["/api/pairs/shiny", 400, "BAD_INPUT", /"shiny" is not an address/],
    [`/api/pairs/${UNKNOWN}`, 404, "UNKNOWN_PAIR", /No trade of the pair/],
    ["/api/candles?interval=1m", 400, "BAD_INPUT", /pair/],
    [`/api/candles?pair=${PAIR_A}`, 400, "BAD_INPUT", /interval/],
    [`/api/candles?pair=${PAIR_A}&interval=2m`, 400, "BAD_INPUT", /interval must be equal to one of/],
    [`/api/candles?pair=${UNKNOWN}&interval=1m`, 404, "UNKNOWN_PAIR", /No trade of the pair/],
    [`${candles}&from=yesterday`, 400, "BAD_INPUT", /from is not a time/],
    [`${candles}&to=2025-13-01`, 400, "BAD_INPUT", /to is not a time/],
    [`${candles}&from=20&to=10`, 400, "BAD_INPUT", /range is empty/],
    [`${candles}&limit=5001`, 400, "BAD_INPUT", /limit must be <= 5000/],
    [`${candles}&currency=eur`, 400, "BAD_INPUT", /currency must be equal to one of/],
    [`${candles}&fill=linear`, 400, "BAD_INPUT", /fill must be equal to one of/],
    [`${candles}&open=never`, 400, "BAD_INPUT", /open must be equal to one of/],
    [`/api/trades?pair=${PAIR_A}&before=1`, 400, "BAD_INPUT", /before is not a place/],
    [`/api/trades?pair=${UNKNOWN}`, 404, "UNKNOWN_PAIR", /No trade of the pair/],
    ["/api/trades", 400, "BAD_INPUT", /pair/],
    ["/api/nothing?x=1", 404, "NOT_FOUND", /nothing at \/api\/nothing\.$/],
    ["/../../etc/passwd", 404, "NOT_FOUND", /nothing at/],
    ["/%2e%2e%2fetc/passwd", 404, "NOT_FOUND", /nothing at/],
    ["/api/pairs/%", 400, "BAD_INPUT", /./],
  ];
  it.each(cases)("%s", async (target, status, code, message) => {
    const answer = await get(target);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      error: { code, message: expect.stringMatching(message), advice: expect.stringMatching(/\S+/) },
    });
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });
});

describe("answers", () => {
  it("takes ranges in milliseconds and as ISO times, from the bucket that holds the start", async () => {
    const range = (from: string | number, to: string | number) =>
      get(`/api/candles?pair=${PAIR_A}&interval=1h&from=${from}&to=${to}`);
    const all = await range("2025-04-10T12:59:59Z", "2025-04-10T13:00:00.001Z");
    expect(all.body.candles).toHaveLength(2);
    const first = await range(START_MS + 1, START_MS + 3_600_000);
    expect(first.body.candles).toMatchObject([{ open_time: START_MS, trades: 1, volume: "195" }]);
    const day = await range("2025-04-10", "2025-04-11");
    expect(day.body.candles).toHaveLength(2);
  });

  it("lets a copy be kept only of candles that have settled", async () => {
    const settled = await get(`/api/candles?pair=${PAIR_A}&interval=1m&to=${START_MS + 60_000}`);
    expect(settled.headers.get("cache-control")).toBe("public, max-age=60");
    const open = await get(`/api/candles?pair=${PAIR_A}&interval=1m`);
    expect(open.headers.get("cache-control")).toBe("no-store");
  });

  it("sorts by what only live data tell, unknown last", async () => {
    const order = async (sort: string) =>
      (await get(`/api/pairs?sort=${sort}`)).body.pairs.map((pair: { pair_addr: string }) => pair.pair_addr);
    expect(await order("volume")).toEqual([PAIR_B, PAIR_A]);
    expect(await order("trades")).toEqual([PAIR_A, PAIR_B]);
    expect(await order("recent")).toEqual([PAIR_B, PAIR_A]);
    expect(await order("change_1h")).toEqual([PAIR_A, PAIR_B]);
  });

  it("tells what is known of a pair, and null for what is not", async () => {
    expect((await get(`/api/pairs/${PAIR_B}`)).body).toMatchObject({
      ...{ token: { symbol: null }, token_name: null, token_supply: null, created_slot: null },
      ...{ created_time: null, fdv_usd: null, market_cap_usd: null },
    });
    const facts = { baseSymbol: "SOL", tokenName: "A <b>coin</b>", createdSlot: slot(7), createdTime: 70 };
    const known = (tokenSymbol: string, at: number) => ({
      ...trade({ slot: at, pair: PAIR_C }),
      facts: { ...facts, tokenSymbol, tokenSupply: rawAmount(2_000_000_000_000n) },
    });
    market.store([known("COIN", 4)]);
    // 1.5 SOL of 130 dollars for 1,000 tokens.
    const price = 0.195;
    const { body } = await get(`/api/pairs/${PAIR_C}`);
    expect(body).toMatchObject({
      ...{
        base: { symbol: "SOL" },
        token: { symbol: "COIN" },
        token_name: "A <b>coin</b>",
        price_usd: price,
      },
      ...{ token_supply: "2000000", created_slot: 7, created_time: 70, fdv_usd: 390_000 },
      market_cap_usd: 390_000,
    });
    expect(withLivePrice(body, priceChange(PAIR_C, 2, 9))).toMatchObject({
      ...{ price_usd: 2, fdv_usd: 4_000_000, market_cap_usd: 4_000_000 },
    });
    market.store([known(" usdc", 5)]);
    expect((await get(`/api/pairs/${PAIR_C}`)).body.token.symbol).toBe(null);
  });

  it("serves the page with a policy that lets nothing in from elsewhere", async () => {
    const page = await fetch(serve.url);
    expect(page.headers.get("content-type")).toMatch(/text\/html/);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.headers.get("cache-control")).toBe("no-cache");
    const script = await fetch(`${serve.url}/app-1a2b.js`);
    expect(script.headers.get("cache-control")).toMatch(/immutable/);
  });

  it("says 503 while the store is away, and goes on after it", async () => {
    market.failure = new CandlewickError(
      ERRORS.databaseUnreachable,
      "PostgreSQL cannot be reached.",
      "Start it again.",
    );
    const away = await get("/api/pairs");
    expect(away).toMatchObject({ status: 503, body: { error: { code: "DATABASE_UNREACHABLE" } } });
    market.failure = new Error("secret inner detail");
    const bug = await get("/api/pairs");
    expect(bug).toMatchObject({ status: 500, body: { error: { code: "BUG" } } });
    expect(JSON.stringify(bug.body)).not.toContain("secret");
    market.failure = null;
    expect((await get("/api/pairs")).status).toBe(200);
  });

  it("refuses a folder without a page", async () => {
    await expect(start({ webRoot: path.join(webRoot, "none") })).rejects.toMatchObject({
      code: "CONFIGURATION",
      message: expect.stringContaining("no built web page"),
    });
  });
});
