import type { Kline, PriceChange, TradeWithPair } from "@candlewick/contracts";
import { tradeWithPair } from "@candlewick/contracts";
import { rawAmount, slot, type Trade, USDC_MINT, WSOL_MINT } from "@candlewick/domain";

export const PAIR_A = "9wFFyRfZBsuAha4YcuxcXLKwMxJR43S7fPfQLusDBzvT";
export const PAIR_B = "58oQChx4yWmvKdwLLZzBi4ChoCc2fqCUWBkwMihLYQo2";
export const TOKEN = "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263";
export const MINUTE_MS = 60_000;
/** 2025-04-10T12:00:00Z. */
export const START_MS = 1_744_286_400_000;

/** A candle of one minute; `minute` counts from the start. */
export function kline(minute: number, revision: number, close = 1.5, pair = PAIR_A): Kline {
  return {
    chain_id: "100000",
    pair_addr: pair,
    interval: "1m",
    open_time: START_MS + minute * MINUTE_MS,
    revision,
    base: { open: 1, high: Math.max(2, close), low: Math.min(0.5, close), close },
    usd: { open: 100, high: Math.max(200, close * 100), low: Math.min(50, close * 100), close: close * 100 },
    token_volume: "10",
    base_volume: "15",
    usd_volume: "1500",
    trades: revision,
    buy_token_volume: "5",
    buy_base_volume: "7.5",
    buys: 1,
  };
}

/** A trade of SOL against a token at a place of the chain. */
export function trade(at: {
  slot?: number;
  txIndex?: number;
  pair?: string;
  side?: "buy" | "sell";
  block?: string;
  timeMs?: number;
  base?: bigint;
  token?: bigint;
}): Trade {
  const place = slot(at.slot ?? 1000);
  const block = at.block ?? `block-${place}`;
  const base = rawAmount(at.base ?? 1_500_000_000n);
  const token = rawAmount(at.token ?? 1_000_000_000n);
  return {
    block: { chain: "solana", id: block, slot: place, time: Math.floor((at.timeMs ?? START_MS) / 1000) },
    tx: `tx-${place}-${at.txIndex ?? 0}-${at.pair ?? PAIR_A}`,
    position: { slot: place, txIndex: at.txIndex ?? 0, outer: 1, inner: null, hop: 0 },
    venue: "PumpSwap",
    program: "pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA",
    pair: at.pair ?? PAIR_A,
    side: at.side ?? "buy",
    base: { mint: WSOL_MINT, decimals: 9 },
    token: { mint: TOKEN, decimals: 6 },
    baseAmount: base,
    tokenAmount: token,
    poolBaseAmount: base,
    poolTokenAmount: token,
    baseReserve: null,
    tokenReserve: null,
    baseUsd: 130_000_000_000n,
    maker: USDC_MINT,
    recipient: null,
    routeId: null,
  };
}

export function tradeMessage(at: Parameters<typeof trade>[0]): TradeWithPair {
  return tradeWithPair(trade(at));
}

export function priceChange(pair: string, price: number, at = 1000): PriceChange {
  return {
    chain_id: "100000",
    pair_addr: pair,
    slot: at,
    block_time: START_MS / 1000,
    price_usd: price,
    price_base: price / 130,
    change_5m: 0.01,
    change_1h: null,
    change_4h: null,
    change_6h: null,
    change_24h: -0.5,
  };
}
