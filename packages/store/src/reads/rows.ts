import {
  type Asset,
  type Candle,
  type ChainName,
  type Ohlc,
  type PairFacts,
  rawAmount,
  slot,
  VENUES,
  type Venue,
} from "@candlewick/domain";
import type { Pair, StoredCandle, StoredTrade } from "../store.ts";

/** Rows as the driver reads them: int8 and numeric are texts, so that no digit is lost; bytea is a Buffer. */
export interface PairRow {
  readonly chain: ChainName;
  readonly pair: string;
  readonly venue: string;
  readonly program: string;
  readonly base_mint: string;
  readonly base_decimals: number;
  readonly token_mint: string;
  readonly token_decimals: number;
  readonly first_slot: string;
  readonly base_symbol: string | null;
  readonly token_symbol: string | null;
  readonly token_name: string | null;
  readonly token_supply: string | null;
  readonly created_slot: string | null;
  readonly created_time: string | null;
}

export const PAIR_COLUMNS = `p.chain, p.pair, p.venue, p.program, p.base_mint, p.base_decimals, p.token_mint,
  p.token_decimals, p.first_slot, p.base_symbol, p.token_symbol, p.token_name, p.token_supply, p.created_slot,
  p.created_time`;

export function pairOf(row: PairRow): Pair {
  return {
    chain: row.chain,
    address: row.pair,
    venue: venueOf(row.venue),
    program: row.program,
    base: { mint: row.base_mint, decimals: row.base_decimals },
    token: { mint: row.token_mint, decimals: row.token_decimals },
    firstSlot: Number(row.first_slot),
    ...factsOf(row),
  };
}

function factsOf(row: PairRow): { facts?: PairFacts } {
  const facts: PairFacts = {
    baseSymbol: row.base_symbol,
    tokenSymbol: row.token_symbol,
    tokenName: row.token_name,
    tokenSupply: row.token_supply === null ? null : rawAmount(BigInt(row.token_supply)),
    createdSlot: row.created_slot === null ? null : slot(Number(row.created_slot)),
    createdTime: row.created_time === null ? null : Number(row.created_time),
  };
  return Object.values(facts).some((value) => value !== null) ? { facts } : {};
}

function venueOf(name: string): Venue {
  const venue = VENUES.find((known) => known === name);
  if (venue === undefined) throw new RangeError(`the database names a venue that is not known: ${name}`);
  return venue;
}

export interface CandleRow {
  readonly chain: ChainName;
  readonly pair: string;
  readonly interval: string;
  readonly open_ms: string;
  readonly base_open_key: Buffer | null;
  readonly base_open: number | null;
  readonly base_high: number | null;
  readonly base_low: number | null;
  readonly base_close_key: Buffer | null;
  readonly base_close: number | null;
  readonly usd_open_key: Buffer | null;
  readonly usd_open: number | null;
  readonly usd_high: number | null;
  readonly usd_low: number | null;
  readonly usd_close_key: Buffer | null;
  readonly usd_close: number | null;
  readonly token_volume: string;
  readonly base_volume: string;
  readonly usd_volume: string;
  readonly trades: string;
  readonly buy_token_volume: string;
  readonly buy_base_volume: string;
  readonly buys: string;
  readonly revision: string;
}

export const CANDLE_COLUMNS = `c.chain, c.pair, c.interval, c.open_ms, c.base_open_key, c.base_open, c.base_high,
  c.base_low, c.base_close_key, c.base_close, c.usd_open_key, c.usd_open, c.usd_high, c.usd_low, c.usd_close_key,
  c.usd_close, c.token_volume, c.base_volume, c.usd_volume, c.trades, c.buy_token_volume, c.buy_base_volume,
  c.buys, c.revision`;

export function candleOf(row: CandleRow): Candle {
  return {
    chain: row.chain,
    pair: row.pair,
    interval: row.interval,
    openMs: Number(row.open_ms),
    base: ohlcOfRow(
      row.base_open_key,
      row.base_open,
      row.base_high,
      row.base_low,
      row.base_close_key,
      row.base_close,
    ),
    usd: ohlcOfRow(
      row.usd_open_key,
      row.usd_open,
      row.usd_high,
      row.usd_low,
      row.usd_close_key,
      row.usd_close,
    ),
    tokenVolume: BigInt(row.token_volume),
    baseVolume: BigInt(row.base_volume),
    usdVolume: BigInt(row.usd_volume),
    trades: Number(row.trades),
    buyTokenVolume: BigInt(row.buy_token_volume),
    buyBaseVolume: BigInt(row.buy_base_volume),
    buys: Number(row.buys),
  };
}

export function storedCandle(row: CandleRow, assets: { base: Asset; token: Asset }): StoredCandle {
  return { candle: candleOf(row), revision: Number(row.revision), assets };
}

function ohlcOfRow(
  openKey: Buffer | null,
  open: number | null,
  high: number | null,
  low: number | null,
  closeKey: Buffer | null,
  close: number | null,
): Ohlc | null {
  if (openKey === null || open === null || high === null || low === null) return null;
  if (closeKey === null || close === null) return null;
  return { openKey: openKey.toString("hex"), open, high, low, closeKey: closeKey.toString("hex"), close };
}

export interface TradeRecord {
  readonly block_id: string;
  readonly tx: string;
  readonly outer_index: number;
  readonly inner_index: number;
  readonly hop: number;
  readonly block_time: string;
  readonly slot: string;
  readonly tx_index: number;
  readonly order_key: Buffer;
  readonly pair: string;
  readonly side: string;
  readonly base_decimals: number;
  readonly token_decimals: number;
  readonly base_amount: string;
  readonly token_amount: string;
  readonly pool_base_amount: string;
  readonly pool_token_amount: string;
  readonly base_reserve: string | null;
  readonly token_reserve: string | null;
  readonly base_usd: string | null;
  readonly price_base: number | null;
  readonly price_usd: number | null;
  readonly maker: string;
  readonly recipient: string | null;
  readonly route_id: string | null;
  readonly clamp: boolean | null;
}

export const TRADE_COLUMNS = `t.block_id, t.tx, t.outer_index, t.inner_index, t.hop, t.block_time, t.slot, t.tx_index,
  t.order_key, t.pair, t.side, t.base_decimals, t.token_decimals, t.base_amount, t.token_amount, t.pool_base_amount,
  t.pool_token_amount, t.base_reserve, t.token_reserve, t.base_usd, t.price_base, t.price_usd, t.maker, t.recipient,
  t.route_id, t.clamp`;

/** SQL that holds for trades of blocks that count. */
export const COUNTS = `NOT EXISTS (SELECT FROM blocks o
  WHERE o.chain = t.chain AND o.block_id = t.block_id AND o.status = 'orphaned')`;

export function storedTrade(row: TradeRecord, pair: Pair): StoredTrade {
  const at = slot(Number(row.slot));
  return {
    trade: {
      block: { chain: pair.chain, id: row.block_id, slot: at, time: Number(row.block_time) },
      tx: row.tx,
      position: {
        slot: at,
        txIndex: row.tx_index,
        outer: row.outer_index,
        inner: row.inner_index < 0 ? null : row.inner_index,
        hop: row.hop,
      },
      venue: pair.venue,
      program: pair.program,
      pair: row.pair,
      side: row.side === "buy" ? "buy" : "sell",
      base: { mint: pair.base.mint, decimals: row.base_decimals },
      token: { mint: pair.token.mint, decimals: row.token_decimals },
      baseAmount: amountOf(row.base_amount),
      tokenAmount: amountOf(row.token_amount),
      poolBaseAmount: amountOf(row.pool_base_amount),
      poolTokenAmount: amountOf(row.pool_token_amount),
      baseReserve: row.base_reserve === null ? null : amountOf(row.base_reserve),
      tokenReserve: row.token_reserve === null ? null : amountOf(row.token_reserve),
      baseUsd: row.base_usd === null ? null : BigInt(row.base_usd),
      maker: row.maker,
      recipient: row.recipient,
      routeId: row.route_id,
      ...(row.clamp === null ? {} : { clamp: row.clamp }),
      ...(pair.facts === undefined ? {} : { facts: pair.facts }),
    },
    orderKey: row.order_key.toString("hex"),
    priceBase: row.price_base,
    priceUsd: row.price_usd,
  };
}

function amountOf(text: string): ReturnType<typeof rawAmount> {
  return rawAmount(BigInt(text));
}
