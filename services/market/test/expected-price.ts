import { orderKey, priceInBase, priceInUsd, type Trade } from "@candlewick/domain";

const MINUTE = 60;

/** What is to be expected of the last price message of a pair, from the plain list of its trades that count. */
export function expectedPrice(pair: string, canonical: readonly Trade[]) {
  const trades = canonical
    .filter((trade) => trade.pair === pair && priceInBase(trade) !== null)
    .map((trade) => ({ trade, key: orderKey(trade.position, trade.block.id), time: trade.block.time ?? 0 }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const last = trades.at(-1);
  if (last === undefined) return undefined;
  const minuteOf = (time: number) => Math.floor(time / MINUTE);
  /** The last prices in the last minute with trades that had ended by then. */
  const closes = (by: number) => {
    const ended = trades.filter(({ time }) => (minuteOf(time) + 1) * MINUTE <= by);
    const newest = ended.at(-1);
    const ofMinute = ended.filter(({ time }) => minuteOf(time) === minuteOf(newest?.time ?? 0));
    const usd = ofMinute.map(({ trade }) => priceInUsd(trade)).findLast((price) => price !== null);
    return { base: newest === undefined ? null : priceInBase(newest.trade), usd: usd ?? null };
  };
  const now = closes(Number.POSITIVE_INFINITY);
  const change = (seconds: number) => {
    const before = closes(last.time - seconds);
    const relative = (a: number | null, b: number | null) =>
      a === null || b === null || b === 0 ? null : a / b - 1;
    return relative(now.usd, before.usd) ?? relative(now.base, before.base);
  };
  return {
    ...{ chain_id: "100000", pair_addr: pair, slot: last.trade.block.slot, block_time: last.time },
    ...{ price_usd: now.usd, price_base: now.base },
    ...{ change_5m: change(300), change_1h: change(3_600), change_4h: change(14_400) },
    ...{ change_6h: change(21_600), change_24h: change(86_400) },
  };
}
