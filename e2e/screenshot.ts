import { browserUnavailable, startBrowser } from "./kit/browser.ts";
import { until } from "./kit/condition.ts";
import { startUp } from "./kit/running-up.ts";
import { lastingFolder } from "./kit/temporary.ts";

// Takes the picture of the page that the README shows: screenshot.ts [FILE.png]. A simulated chain with an
// hour behind it is run for it, and looked at once all of that is stored and new trades come in.
const [file = "docs/page.png"] = process.argv.slice(2);
const HISTORY_SLOTS = 9_000;
const CATCH_UP_LIMIT_MS = 600_000;
const VIEWPORT = { width: 1440, height: 900 };

interface Status {
  readonly head: { readonly block_time: number | null } | null;
  readonly dataflow: { readonly lag_records: number | null };
  readonly rates: { readonly blocks_per_second: number };
}

async function get<Answer>(page: string, path: string): Promise<Answer> {
  const response = await fetch(new URL(path, page));
  return (await response.json()) as Answer;
}

/** Null until the history is stored and blocks come at the pace of the chain. */
async function caughtUp(page: string): Promise<true | null> {
  const { head, dataflow, rates } = await get<Status>(page, "/api/status");
  const ageMs = Date.now() - (head?.block_time ?? 0) * 1000;
  const isStored = ageMs < 5_000 && (dataflow.lag_records ?? Number.POSITIVE_INFINITY) < 100;
  return isStored && rates.blocks_per_second < 5 ? true : null;
}

/** The pair with the most volume among those that are not a dollar. */
async function picturedPair(page: string): Promise<string> {
  interface Pair {
    readonly pair_addr: string;
    readonly price_usd: number | null;
  }
  const { pairs } = await get<{ pairs: Pair[] }>(page, "/api/pairs?sort=volume");
  const pair = pairs.find(({ price_usd }) => price_usd !== null && (price_usd < 0.9 || price_usd > 1.1));
  if (pair === undefined) throw new Error("no pair to look at");
  return pair.pair_addr;
}

async function takePicture(address: string): Promise<void> {
  const browser = await startBrowser();
  try {
    const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: "dark", locale: "en-US" });
    const page = await context.newPage();
    await page.goto(`${address}/#/${await picturedPair(address)}/1m`);
    await page.locator("#connection[data-state=live]").waitFor();
    await page.locator(".pair-row").nth(15).waitFor();
    await page.locator("#legend span").first().waitFor();
    // A trade that has come while we look: the page is alive.
    await page.locator(".trade-row.new").first().waitFor();
    await page.locator("#status .fact.tradesPerSecond dd", { hasText: /[1-9]/ }).waitFor();
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}

const unavailable = browserUnavailable();
if (unavailable !== null) {
  console.error(`The picture ${unavailable}.`);
  process.exit(1);
}
const folder = lastingFolder("screenshot");
const environment = { CANDLEWICK_DEVNET__HISTORY_SLOTS: String(HISTORY_SLOTS) };
const up = await startUp(folder.path, { environment });
try {
  await until("end of the history", CATCH_UP_LIMIT_MS, () => caughtUp(up.page));
  await takePicture(up.page);
} finally {
  await up.stop("SIGTERM");
  folder.remove();
}
