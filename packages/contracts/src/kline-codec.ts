import { type Asset, type Candle, CHAIN_IDS, formatDecimal, type Ohlc } from "@candlewick/domain";
import { ContractError } from "./contract-error.ts";
import { parseJson } from "./trade-codec.ts";

/** Open, high, low, close in one currency. */
export interface KlinePrices {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/**
 * A candle for readers: whole value, volumes as exact decimals in whole units. It is the message of
 * `sol-klines`, what HTTP and WebSocket return, and what the command line prints as JSON.
 */
export interface Kline {
  readonly chain_id: string;
  readonly pair_addr: string;
  readonly interval: string;
  /** Milliseconds since the epoch; the bucket is [open_time, open_time + interval). */
  readonly open_time: number;
  /** Grows with every change of this candle; the greater one is the newer. */
  readonly revision: number;
  /** Base units per token; null where no trade has a price. */
  readonly base: KlinePrices | null;
  /** Dollars per token; null where no trade has a known price in dollars. */
  readonly usd: KlinePrices | null;
  readonly token_volume: string;
  readonly base_volume: string;
  readonly usd_volume: string;
  readonly trades: number;
  readonly buy_token_volume: string;
  readonly buy_base_volume: string;
  readonly buys: number;
}

/** The reader's form of a candle of a pair with these assets. */
export function klineOf(candle: Candle, assets: { base: Asset; token: Asset }, revision: number): Kline {
  const { base, token } = assets;
  return {
    chain_id: String(CHAIN_IDS[candle.chain]),
    pair_addr: candle.pair,
    interval: candle.interval,
    open_time: candle.openMs,
    revision,
    base: pricesOf(candle.base),
    usd: pricesOf(candle.usd),
    token_volume: formatDecimal(candle.tokenVolume, token.decimals),
    base_volume: formatDecimal(candle.baseVolume, base.decimals),
    usd_volume: formatDecimal(candle.usdVolume, base.decimals + 9),
    trades: candle.trades,
    buy_token_volume: formatDecimal(candle.buyTokenVolume, token.decimals),
    buy_base_volume: formatDecimal(candle.buyBaseVolume, base.decimals),
    buys: candle.buys,
  };
}

function pricesOf(ohlc: Ohlc | null): KlinePrices | null {
  return ohlc === null ? null : { open: ohlc.open, high: ohlc.high, low: ohlc.low, close: ohlc.close };
}

/** The price of a pair now and its change, the message of `sol-pair-price-change`. */
export interface PriceChange {
  readonly chain_id: string;
  readonly pair_addr: string;
  readonly slot: number;
  /** Unix seconds of the last trade. */
  readonly block_time: number;
  readonly price_usd: number | null;
  readonly price_base: number | null;
  /** Relative change against the price so long ago (0.05 is up five per cent); null where there was none. */
  readonly change_5m: number | null;
  readonly change_1h: number | null;
  readonly change_4h: number | null;
  readonly change_6h: number | null;
  readonly change_24h: number | null;
}

/** The change from `before` to `now` as one rounded division; null where there is nothing to compare. */
export function relativeChange(now: number | null, before: number | null): number | null {
  return now === null || before === null || before === 0 ? null : now / before - 1;
}

/** The bytes of a message for readers. */
export function encodeJson(message: Kline | PriceChange): Buffer {
  return Buffer.from(JSON.stringify(message));
}

/** Reads the messages that the market publishes. Throws a ContractError where a value is none of them. */
export function decodeKline(value: Uint8Array | null): Kline {
  const json = parseJson(value);
  if (!isMarketMessage(json) || !("interval" in json)) throw new ContractError("kline", "is not a candle");
  return json as Kline;
}

/** Reads a price change. Throws a ContractError where the value is none. */
export function decodePriceChange(value: Uint8Array | null): PriceChange {
  const json = parseJson(value);
  if (!isMarketMessage(json) || !("change_5m" in json)) throw new ContractError("price change", "is not one");
  return json as PriceChange;
}

function isMarketMessage(json: unknown): json is { pair_addr: string } {
  return (
    typeof json === "object" && json !== null && "pair_addr" in json && typeof json.pair_addr === "string"
  );
}
