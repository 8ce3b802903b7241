import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type { PairSummary, Store, StoredCandle, StoredTrade } from "@candlewick/store";

/** Rows of one query; longer answers are read page by page. */
const PAGE_ROWS = 10_000;

/** The pair with that address. Throws with the pairs that it may mean where there is none. */
export async function requirePair(store: Store, address: string): Promise<PairSummary> {
  const pair = await store.pair(address);
  if (pair !== null) return pair;
  const near = await store.pairs({ search: address, limit: 3 });
  const addresses = near.map((candidate) => candidate.address).join(" or ");
  throw new CandlewickError(
    ERRORS.badInput,
    `no pair ${address} is stored`,
    near.length === 0 ? 'See "candlewick pairs" for those that are' : `Did you mean ${addresses}?`,
  );
}

export interface CandleRange {
  readonly pair: string;
  readonly interval: string;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  /** Only the last so many. */
  readonly limit: number | undefined;
}

/** All candles of a range, oldest first. */
export async function readCandles(
  store: Pick<Store, "candles">,
  range: CandleRange,
  pageRows = PAGE_ROWS,
): Promise<StoredCandle[]> {
  const { pair, interval, fromMs } = range;
  const candles: StoredCandle[] = [];
  const wanted = range.limit ?? Number.POSITIVE_INFINITY;
  let toMs = range.toMs;
  while (candles.length < wanted) {
    const limit = Math.min(pageRows, wanted - candles.length);
    const bounds = { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
    const page = await store.candles({ pair, interval, ...bounds, limit, order: "newest-first" });
    candles.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) break;
    toMs = last.candle.openMs;
  }
  return candles.reverse();
}

/** The newest trades of a pair, newest first. */
export async function readTrades(
  store: Pick<Store, "trades">,
  pair: string,
  wanted: number,
  pageRows = PAGE_ROWS,
): Promise<StoredTrade[]> {
  const trades: StoredTrade[] = [];
  while (trades.length < wanted) {
    const limit = Math.min(pageRows, wanted - trades.length);
    const last = trades.at(-1);
    const before = last === undefined ? {} : { before: placeOf(last) };
    const page = await store.trades({ pair, limit, ...before });
    trades.push(...page);
    if (page.length < limit) break;
  }
  return trades;
}

function placeOf({ trade, orderKey }: StoredTrade): { time: number; orderKey: string } {
  if (trade.block.time === null) throw new Error("a stored trade has a block time");
  return { time: trade.block.time, orderKey };
}
