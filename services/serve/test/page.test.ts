import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeJson, TOPICS } from "@candlewick/contracts";
import { type PairFacts, rawAmount, slot, type Trade } from "@candlewick/domain";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RealParts, startRealParts } from "./real-parts.ts";
import { kline, PAIR_A, PAIR_B, priceChange, START_MS, trade } from "./sample.ts";

/** What is known of the second pair; of the first nothing is. */
const FACTS: PairFacts = {
  baseSymbol: "SOL",
  tokenSymbol: "BONK",
  tokenName: "A <b>coin</b>",
  tokenSupply: rawAmount(1_000_000_000_000_000n),
  createdSlot: slot(1),
  createdTime: START_MS / 1000 - 3600,
};
const PAGE_FOLDER = path.resolve(import.meta.dirname, "../../../apps/web");
const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = CANDIDATES.find((file) => existsSync(file));
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a page must not do: errors, and requests to anywhere but the server. */
function watch(page: Page, origin: string): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.host !== new URL(origin).host && url.protocol !== "data:") complaints.push(request.url());
  });
  return complaints;
}

describe.skipIf(executablePath === undefined)("the page in a browser (needs chromium in /usr/bin)", () => {
  let parts: RealParts;
  let browser: Browser;
  let webRoot: string;

  beforeAll(async () => {
    webRoot = mkdtempSync(path.join(tmpdir(), "candlewick-page-"));
    await build({ root: PAGE_FOLDER, logLevel: "error", build: { outDir: webRoot, emptyOutDir: true } });
    parts = await startRealParts(webRoot);
    await parts.checkpoint([
      { ...trade({ slot: 1, timeMs: START_MS, pair: PAIR_B, base: 1_500_000_000n }), facts: FACTS },
      trade({ slot: 2, timeMs: START_MS, base: 9_000_000_000n }),
      trade({ slot: 3, timeMs: START_MS + 60_000, base: 1_000n, token: 1_000_000_000n, side: "sell" }),
    ]);
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ARGUMENTS });
  });

  afterAll(async () => {
    await browser?.close();
    await parts?.stop();
    rmSync(webRoot, { recursive: true, force: true });
  });

  async function open(viewport: { width: number; height: number }, locale = "en-US") {
    const context = await browser.newContext({ viewport, locale });
    const page = await context.newPage();
    const complaints = watch(page, parts.serve.url);
    await page.goto(parts.serve.url);
    await page.locator("#connection[data-state=live]").waitFor();
    await page.locator("#legend span").first().waitFor();
    return { page, complaints, close: () => context.close() };
  }

  it("shows pairs and the chart of the first, and follows what is produced", async () => {
    const { page, complaints, close } = await open({ width: 1440, height: 900 });
    expect(await page.locator(".pair-row").count()).toBe(2);
    expect(page.url()).toBe(`${parts.serve.url}/#/${PAIR_A}/1m`);
    expect(await page.locator("h1").textContent()).toBe("DezX…B263/SOL");
    // 0.000000001 SOL at 130 dollars.
    expect(await page.locator("#last-price").textContent()).toBe("$0.0₆1300");
    expect(await page.locator(".trade-row").count()).toBe(2);

    const before = await page.locator("#chart").screenshot();
    const key = Buffer.from(PAIR_A);
    await parts.producer.send({
      topic: TOPICS.solana.klines,
      key,
      value: encodeJson(kline(2, 1_000_000, 3)),
    });
    await page.locator("#legend", { hasText: "300.00" }).waitFor();
    await parts.producer.send({
      topic: TOPICS.solana.klines,
      key,
      value: encodeJson(kline(2, 1_000_001, 4)),
    });
    await page.locator("#legend", { hasText: "400.00" }).waitFor();
    expect(before.equals(await page.locator("#chart").screenshot())).toBe(false);

    await parts.produceBlock([trade({ slot: 50, timeMs: START_MS + 150_000, side: "sell" })]);
    await page.locator(".trade-row.sell.new", { hasText: "12:02:30" }).waitFor();
    const value = encodeJson(priceChange(PAIR_A, 777, 50));
    await parts.producer.send({ topic: TOPICS.solana.priceChange, key, value });
    await page.locator("#last-price", { hasText: "$777.00" }).waitFor();
    await page.locator(".pair-row[aria-current]", { hasText: "777.00" }).waitFor();
    await page.locator("#status", { hasText: "50" }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it("tells what a token is called and worth, and marks trades that are no ordinary ones", async () => {
    const { page, complaints, close } = await open({ width: 1440, height: 900 });
    // Nothing is known of this one yet: a dash that says why.
    expect(await page.locator("#market-cap").textContent()).toBe("–");
    expect(await page.locator("#market-cap").getAttribute("title")).toContain("not known");
    expect(await page.locator(".trade-row .mark").count()).toBe(0);

    await page.goto(`${parts.serve.url}/#/${PAIR_B}/1m`);
    await page.locator("h1", { hasText: "BONK/SOL" }).waitFor();
    await page.locator(".identity", { hasText: "A <b>coin</b>" }).waitFor();
    // A thousand million at 0.195 dollars.
    expect(await page.locator("#market-cap").textContent()).toBe("$195M");
    expect(await page.locator("#fdv").textContent()).toBe("$195M");
    expect(await page.locator("#created").textContent()).toBe("04-10 11:00");
    await page.locator(`.pair-row[aria-current] .cap[title*="1B"]`, { hasText: "$195M" }).waitFor();

    const clamped = (txIndex: number, side: "buy" | "sell"): Trade => ({
      ...trade({ slot: 60, txIndex, side, pair: PAIR_B, timeMs: START_MS + 170_000 }),
      clamp: true,
      baseReserve: rawAmount(250_000_000_000n),
      tokenReserve: rawAmount(5_000_000n),
    });
    const between = trade({ slot: 60, txIndex: 1, pair: PAIR_B, timeMs: START_MS + 170_000 });
    await parts.produceBlock([clamped(0, "buy"), between, clamped(2, "sell")]);
    const mark = page.locator(".trade-row .mark.sandwich");
    await mark.nth(1).waitFor();
    expect(await mark.count()).toBe(2);
    expect(await mark.first().getAttribute("aria-label")).toBe("Sandwich");
    expect(await mark.first().getAttribute("title")).toMatch(/clamp another's/);
    expect(await page.locator("#trade-legend li").count()).toBe(3);
    await page.locator("#reserves[title*='5 BONK']", { hasText: "250.0 SOL" }).waitFor();
    await page.locator("#language").click();
    await page.locator("#trade-legend", { hasText: "夹子" }).waitFor();
    expect(await mark.first().getAttribute("aria-label")).toBe("夹子");
    expect(complaints).toEqual([]);
    await close();
  });

  it("goes by keyboard and address, remembers language and currency", async () => {
    const { page, complaints, close } = await open({ width: 1440, height: 900 });
    await page.keyboard.press("/");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator("#market-head .address", { hasText: "58oQ" }).waitFor();
    expect(page.url()).toContain(`#/${PAIR_B}/1m`);
    await page.locator("#intervals [data-name='15m']").click();
    await page.locator("#currencies [data-name=base]").click();
    await page.locator("#legend", { hasText: "1.50 SOL" }).waitFor();
    await page.locator("#language").click();
    await page.reload();
    await page.locator("#legend", { hasText: "1.50 SOL" }).waitFor();
    expect(page.url()).toContain(`#/${PAIR_B}/15m`);
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
    expect(await page.locator("#pairs-title").textContent()).toBe("交易对");
    await page.goBack();
    await page.locator("#intervals [data-name='1m'][aria-pressed=true]").waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it("names the unit of a chart whose candles came before its pair", async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
    const page = await context.newPage();
    await page.addInitScript(() => localStorage.setItem("candlewick-currency", "base"));
    const { promise: drawn, resolve } = Promise.withResolvers<void>();
    await page.route("**/api/pairs**", async (route) => {
      await drawn;
      await route.continue();
    });
    await page.goto(`${parts.serve.url}/#/${PAIR_B}/15m`);
    await page.locator("#legend", { hasText: "1.50" }).waitFor();
    expect(await page.locator("#legend").textContent()).not.toContain("SOL");
    resolve();
    await page.locator("#legend", { hasText: "1.50 SOL" }).waitFor();
    await context.close();
  });

  it.each([
    [380, 800, "en-US"],
    [390, 844, "zh-CN"],
    [900, 700, "en-US"],
  ])("fits %d px", async (width, height, locale) => {
    const { page, complaints, close } = await open({ width, height }, locale);
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await overflow()).toBe(0);
    if (width < 500) {
      await page.locator(".tabs [data-tab=pairs]").click();
      await page.locator(".pair-row").first().waitFor();
      expect(await overflow()).toBe(0);
    }
    expect(complaints).toEqual([]);
    await close();
  });

  it("says when a pair is not known and when nothing is found", async () => {
    const { page, close } = await open({ width: 1440, height: 900 });
    await page.locator("#search").fill("nothing-like-it");
    await page.locator("#pair-list", { hasText: "Nothing found" }).waitFor();
    await page.goto(`${parts.serve.url}/#/11111111111111111111111111111111/1m`);
    await page.locator("#market-head", { hasText: "This pair is not known" }).waitFor();
    await page.locator("#chart-notice", { hasText: "No candles yet" }).waitFor();
    await close();
  });

  it("comes back by itself after the server was away, and goes on", async () => {
    const port = Number(new URL(parts.serve.url).port);
    const { page, close } = await open({ width: 1440, height: 900 });
    await parts.serve.stop(2_000);
    await page.locator("#connection[data-state=lost], #connection[data-state=connecting]").waitFor();
    const again = await parts.startAnother(port);
    await page.locator("#connection[data-state=live]").waitFor();
    await parts.produceBlock([trade({ slot: 90, timeMs: START_MS + 200_000 })]);
    await page.locator(".trade-row", { hasText: "12:03:20" }).waitFor();
    await close();
    await again.stop(2_000);
  });
});
