import {
  type Asset,
  CHAIN_IDS,
  divideToFloat,
  knownSymbol,
  powerOfTen,
  priceInBase,
  priceInUsd,
  type Trade,
  usdVolume,
  valueOfSupply,
  WSOL_MINT,
} from "@candlewick/domain";

/** Facts of a pair as every trade carries them. */
export interface PairInfo {
  chain_id: string;
  addr: string;
  base_token_addr: string;
  token_addr: string;
  base_token_symbol: string | null;
  token_symbol: string | null;
  base_token_decimal: number;
  token_decimal: number;
  base_token_is_native_token: boolean;
  base_token_is_token_0: boolean | null;
  /** Whole units as float64; the exact amount is the `_int` field. */
  token_total_supply: number | null;
  token_total_supply_int: JsonAmount | null;
  /** What the token's maker calls it. */
  token_name: string | null;
  /** Both symbols, the token's first. */
  name: string | null;
  /** Where and when (unix s) the pair began to exist. */
  block_num: number | null;
  block_time: number | null;
}

/** A raw amount in JSON: a number up to 2^53 - 1, else a string of digits. */
export type JsonAmount = number | string;

/** One trade as `sol-trades` and `eth-trades` carry it: the seed's field names and our additions. Unknown is null. */
export interface TradeWithPair {
  slot: number;
  block_id: string;
  block_num: number;
  block_time: number | null;
  transaction_index: number;
  outer_index: number;
  inner_index: number | null;
  hop_index: number;
  log_index: number;
  chain_id: string;
  chain_id_int: number;
  pair_addr: string;
  tx_hash: string;
  hash_id: string;
  maker: string;
  to: string | null;
  type: "buy" | "sell";
  swap_name: string;
  program: string;
  route_id: string | null;
  /** Whole units as float64; the exact amounts are the `_int` fields. */
  base_token_amount: number;
  token_amount: number;
  base_token_amount_int: JsonAmount;
  token_amount_int: JsonAmount;
  pool_base_token_amount_int: JsonAmount;
  pool_token_amount_int: JsonAmount;
  base_token_price_usd: number | null;
  /** Dollars per token. */
  token_price_usd: number | null;
  /** Base units per token. */
  token_price_base: number | null;
  total_usd: number | null;
  current_base_token_in_pool_amount: number | null;
  current_token_in_pool_amount: number | null;
  current_base_token_in_pool_amount_int: JsonAmount | null;
  current_token_in_pool_amount_int: JsonAmount | null;
  kline_up_down_5m: number | null;
  kline_up_down_1h: number | null;
  kline_up_down_4h: number | null;
  kline_up_down_6h: number | null;
  kline_up_down_24h: number | null;
  fdv: number | null;
  mcap: number | null;
  clamp: boolean | null;
  pump_point: number | null;
  create_time: string | null;
  pair_info: PairInfo;
}

/** The message form of a trade. */
export function tradeWithPair(trade: Trade): TradeWithPair {
  const { block, position, base, token } = trade;
  const chainId = CHAIN_IDS[block.chain];
  const volume = usdVolume(trade);
  return {
    slot: block.slot,
    block_id: block.id,
    block_num: block.slot,
    block_time: block.time,
    transaction_index: position.txIndex,
    outer_index: position.outer,
    inner_index: position.inner,
    hop_index: position.hop,
    log_index: position.outer,
    chain_id: String(chainId),
    chain_id_int: chainId,
    pair_addr: trade.pair,
    tx_hash: trade.tx,
    hash_id: `${block.slot}#${trade.tx}`,
    maker: trade.maker,
    to: trade.recipient,
    type: trade.side,
    swap_name: trade.venue,
    program: trade.program,
    route_id: trade.routeId,
    base_token_amount: wholeUnits(trade.baseAmount, base),
    token_amount: wholeUnits(trade.tokenAmount, token),
    base_token_amount_int: jsonAmount(trade.baseAmount),
    token_amount_int: jsonAmount(trade.tokenAmount),
    pool_base_token_amount_int: jsonAmount(trade.poolBaseAmount),
    pool_token_amount_int: jsonAmount(trade.poolTokenAmount),
    base_token_price_usd: trade.baseUsd === null ? null : Number(trade.baseUsd) / 1e9,
    token_price_usd: priceInUsd(trade),
    token_price_base: priceInBase(trade),
    total_usd: volume === null ? null : divideToFloat(volume, powerOfTen(base.decimals + 9)),
    current_base_token_in_pool_amount:
      trade.baseReserve === null ? null : wholeUnits(trade.baseReserve, base),
    current_token_in_pool_amount: trade.tokenReserve === null ? null : wholeUnits(trade.tokenReserve, token),
    current_base_token_in_pool_amount_int: trade.baseReserve === null ? null : jsonAmount(trade.baseReserve),
    current_token_in_pool_amount_int: trade.tokenReserve === null ? null : jsonAmount(trade.tokenReserve),
    kline_up_down_5m: null,
    kline_up_down_1h: null,
    kline_up_down_4h: null,
    kline_up_down_6h: null,
    kline_up_down_24h: null,
    // All that exists of a token on these chains is in circulation, as far as the chain can tell.
    fdv: valueOfSupply(trade, trade.facts?.tokenSupply ?? null),
    mcap: valueOfSupply(trade, trade.facts?.tokenSupply ?? null),
    clamp: trade.clamp ?? null,
    pump_point: null,
    create_time: block.time === null ? null : new Date(block.time * 1000).toISOString(),
    pair_info: pairInfo(trade, String(chainId)),
  };
}

function pairInfo(trade: Trade, chainId: string): PairInfo {
  const { base, token, facts } = trade;
  const baseSymbol = facts?.baseSymbol ?? knownSymbol(base.mint);
  const tokenSymbol = facts?.tokenSymbol ?? knownSymbol(token.mint);
  const supply = facts?.tokenSupply ?? null;
  return {
    chain_id: chainId,
    addr: trade.pair,
    base_token_addr: base.mint,
    token_addr: token.mint,
    base_token_symbol: baseSymbol,
    token_symbol: tokenSymbol,
    base_token_decimal: base.decimals,
    token_decimal: token.decimals,
    base_token_is_native_token: base.mint === WSOL_MINT,
    base_token_is_token_0: null,
    token_total_supply: supply === null ? null : wholeUnits(supply, token),
    token_total_supply_int: supply === null ? null : jsonAmount(supply),
    token_name: facts?.tokenName ?? null,
    name: baseSymbol === null || tokenSymbol === null ? null : `${tokenSymbol}/${baseSymbol}`,
    block_num: facts?.createdSlot ?? null,
    block_time: facts?.createdTime ?? null,
  };
}

function wholeUnits(amount: bigint, asset: Asset): number {
  return divideToFloat(amount, powerOfTen(asset.decimals));
}

/** A raw amount as JSON carries it. */
export function jsonAmount(amount: bigint): JsonAmount {
  return amount <= MAX_SAFE ? Number(amount) : amount.toString();
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
