import type { TradeWithPair } from "@candlewick/contracts";

/** A candle as the test computes it: prices as exact fractions until the last step. */
export interface ExpectedCandle {
  open_time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  token_volume: string;
  trades: number;
}

/**
 * Candles from the command line's decoded trades, written without any of the product's own arithmetic:
 * sort by path, take the ends; prices and volumes from the raw amounts by decimal long division.
 */
export function candlesOf(
  trades: readonly TradeWithPair[],
  pair: string,
  intervalMs: number,
  currency: "usd" | "base",
): ExpectedCandle[] {
  const buckets = new Map<number, TradeWithPair[]>();
  for (const trade of trades) {
    if (trade.pair_addr !== pair || trade.block_time === null) continue;
    if (BigInt(trade.pool_base_token_amount_int) === 0n || BigInt(trade.pool_token_amount_int) === 0n)
      continue;
    const open = trade.block_time * 1000 - ((trade.block_time * 1000) % intervalMs);
    buckets.set(open, [...(buckets.get(open) ?? []), trade]);
  }
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .map(([open_time, list]) => candleOf(open_time, list.sort(byPath), currency))
    .filter((candle) => candle !== null);
}

function candleOf(open_time: number, list: TradeWithPair[], currency: "usd" | "base"): ExpectedCandle | null {
  const prices = list.map((trade) => price(trade, currency)).filter((value) => value !== null);
  const [open] = prices;
  const close = prices.at(-1);
  if (open === undefined || close === undefined) return null;
  const decimals = list[0]?.pair_info.token_decimal ?? 0;
  const volume = list.reduce((sum, trade) => sum + BigInt(trade.token_amount_int), 0n);
  return {
    open_time,
    open,
    high: Math.max(...prices),
    low: Math.min(...prices),
    close,
    token_volume: decimal(volume, decimals),
    trades: list.length,
  };
}

function byPath(a: TradeWithPair, b: TradeWithPair): number {
  const path = (trade: TradeWithPair) => [
    trade.slot,
    trade.transaction_index,
    trade.outer_index,
    trade.inner_index ?? -1,
    trade.hop_index,
  ];
  const [left, right] = [path(a), path(b)];
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function price(trade: TradeWithPair, currency: "usd" | "base"): number | null {
  let numerator = BigInt(trade.pool_base_token_amount_int) * 10n ** BigInt(trade.pair_info.token_decimal);
  let denominator = BigInt(trade.pool_token_amount_int) * 10n ** BigInt(trade.pair_info.base_token_decimal);
  if (currency === "usd") {
    if (trade.base_token_price_usd === null) return null;
    numerator *= BigInt(trade.base_token_price_usd.toFixed(9).replace(".", ""));
    denominator *= 10n ** 9n;
  }
  // Sixty decimals beyond the first digit, read by the language's own correctly rounded parser.
  const scale = 90;
  const digits = ((numerator * 10n ** BigInt(scale)) / denominator).toString();
  return Number(`${digits}e-${scale}`);
}

function decimal(units: bigint, decimals: number): string {
  const text = units.toString().padStart(decimals + 1, "0");
  const whole = text.slice(0, text.length - decimals);
  const fraction = text.slice(text.length - decimals).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
