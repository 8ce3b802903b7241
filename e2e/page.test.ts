import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserUnavailable, startBrowser, watchPage } from "./kit/browser.ts";
import { type RunningUp, startUp } from "./kit/running-up.ts";
import { lastingFolder } from "./kit/temporary.ts";

const BUILT = fileURLToPath(new URL("../apps/web/dist/index.html", import.meta.url));

describe.skipIf(browserUnavailable() !== null)(
  "the page of a running up (needs Chromium in /usr/bin)",
  () => {
    const folder = lastingFolder("page");
    let up: RunningUp;
    let browser: Browser;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      if (!existsSync(BUILT)) throw new Error("the page is not built: npm run build:web");
      up = await startUp(folder.path);
      browser = await startBrowser();
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
      page = await context.newPage();
      complaints = watchPage(page, up.page);
      await page.goto(up.page);
    });

    afterAll(async () => {
      await browser?.close();
      const stopped = await up?.stop("SIGTERM");
      folder.remove();
      // A browser that goes away in the middle of everything is no reason to complain.
      if (stopped !== undefined) expect(stopped.printed.trim().split("\n")).toHaveLength(1);
    });

    /** Waits until an element's text is not what it was. */
    async function change(selector: string): Promise<void> {
      const before = await page.locator(selector).first().textContent();
      await page.waitForFunction(
        ([at, text]) => document.querySelector(at ?? "")?.textContent !== text,
        [selector, before],
      );
    }

    test("shows pairs, candles, trades and a status strip, all moving", async () => {
      await page.locator("#connection[data-state=live]").waitFor();
      await page.locator(".pair-row").nth(9).waitFor();
      await page.locator(".trade-row:not(.ghost)").nth(4).waitFor();
      await page.locator("#legend span").first().waitFor();
      await page.locator("#chart canvas").first().waitFor();
      expect(await page.locator("#chart-notice").isVisible()).toBe(false);
      expect(await page.locator("h1").textContent()).toMatch(/\S\/\S/);

      const chart = await page.locator("#chart").screenshot();
      // The newest trade, the price of the pair, the values of its last candle, and the slot of the newest block.
      await Promise.all([change(".trade-row .price"), change("#last-price"), change("#legend")]);
      await change("#status .fact.slot dd");
      expect(chart.equals(await page.locator("#chart").screenshot())).toBe(false);
      for (const fact of ["slot", "blockAge", "lag", "tradesPerSecond", "blocksPerSecond"]) {
        expect(await page.locator(`#status .fact.${fact} dd`).textContent(), fact).toMatch(/\d/);
      }
      expect(complaints).toEqual([]);
    });

    test("switches interval, currency, pair and language, and goes on moving", async () => {
      await page.locator("#intervals [data-name='1h']").click();
      await page.locator("#intervals [data-name='1h'][aria-pressed=true]").waitFor();
      expect(page.url()).toMatch(/\/1h$/);
      await page.locator("#legend span").first().waitFor();
      await change("#legend");

      expect(await page.locator("#last-price").textContent()).toMatch(/^\$/);
      await page.locator("#currencies [data-name=base]").click();
      await page.waitForFunction(
        () => document.querySelector("#last-price")?.textContent?.startsWith("$") === false,
      );
      await change("#legend");

      const name = await page.locator("h1").textContent();
      const others = page.locator(".pair-row:not([aria-current])");
      await others
        .filter({ hasNotText: name ?? "" })
        .nth(1)
        .click();
      await page.waitForFunction((before) => document.querySelector("h1")?.textContent !== before, name);
      await page.locator(".trade-row:not(.ghost)").first().waitFor();

      await page.locator("#language").click();
      await page.locator("#pairs-title", { hasText: "交易对" }).waitFor();
      expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
      await change("#status .fact.slot dd");
      expect(complaints).toEqual([]);
    });
  },
);
