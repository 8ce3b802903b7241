import {
  bodyOfTrade,
  type CandleBody,
  type ChainName,
  type OrderKey,
  orderKey,
  type Trade,
} from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** A trade on its way into the table, with what is derived from it once. */
export interface TradeRow {
  readonly trade: Trade;
  /** Unix seconds. */
  readonly time: number;
  readonly key: OrderKey;
  /** The candle of this trade alone; its prices are the trade's. */
  readonly body: CandleBody;
}

/**
 * The distinct trades of one chain, in rounds: within a round every order key is there once, so that the key
 * names the trade. Only blocks of one slot whose ids begin alike need more than one round. Each round is in
 * the order of the keys, so that two writers that hold the same trades wait for each other instead of locking
 * each other out.
 */
export interface TradeBatch {
  readonly rounds: readonly (readonly TradeRow[])[];
  readonly distinct: number;
  readonly duplicate: number;
}

/** Throws POISON for a trade that cannot be stored: the caller should never have passed it on. */
export function tradeBatch(trades: readonly Trade[]): TradeBatch {
  const rounds: Map<OrderKey, TradeRow>[] = [];
  let distinct = 0;
  for (const trade of trades) {
    const key = orderKey(trade.position, trade.block.id);
    const round = firstFreeRound(rounds, key, trade);
    if (round === null) continue;
    distinct += 1;
    round.set(key, tradeRow(trade, key));
  }
  return {
    rounds: rounds.map((round) => [...round.values()].sort((a, b) => compareTexts(a.key, b.key))),
    distinct,
    duplicate: trades.length - distinct,
  };
}

/** Where a trade goes; null where it is there already. */
function firstFreeRound(
  rounds: Map<OrderKey, TradeRow>[],
  key: OrderKey,
  trade: Trade,
): Map<OrderKey, TradeRow> | null {
  for (const round of rounds) {
    const holder = round.get(key);
    if (holder === undefined) return round;
    if (isSameTrade(holder.trade, trade)) return null;
  }
  const round = new Map<OrderKey, TradeRow>();
  rounds.push(round);
  return round;
}

/** By identity: block, transaction and instruction path. */
function isSameTrade(a: Trade, b: Trade): boolean {
  return (
    a.block.id === b.block.id &&
    a.tx === b.tx &&
    a.position.outer === b.position.outer &&
    a.position.inner === b.position.inner &&
    a.position.hop === b.position.hop
  );
}

/** The trades of a batch by chain. */
export function tradesByChain(trades: readonly Trade[]): Map<ChainName, Trade[]> {
  const chains = new Map<ChainName, Trade[]>();
  for (const trade of trades) {
    const known = chains.get(trade.block.chain);
    if (known === undefined) chains.set(trade.block.chain, [trade]);
    else known.push(trade);
  }
  return chains;
}

function tradeRow(trade: Trade, key: OrderKey): TradeRow {
  const { time } = trade.block;
  if (time === null) throw unstorable(trade, "its block has no time");
  if (textsOf(trade).some((text) => text?.includes("\0"))) {
    throw unstorable(trade, "one of its texts holds a NUL character, which PostgreSQL has no place for");
  }
  return { trade, time, key, body: bodyOfTrade(trade) };
}

function textsOf(trade: Trade): readonly (string | null)[] {
  const { block, tx, pair, program, base, token, maker, recipient, routeId } = trade;
  return [block.id, tx, pair, program, base.mint, token.mint, maker, recipient, routeId];
}

function unstorable(trade: Trade, reason: string): CandlewickError {
  return new CandlewickError(
    ERRORS.poison,
    `the trade of transaction ${JSON.stringify(trade.tx)} in slot ${trade.block.slot} cannot be stored: ${reason}`,
    "send its record to the dead-letter topic",
  );
}

/** Any total order serves, as long as all writers use it. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
