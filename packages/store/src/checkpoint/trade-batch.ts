import {
  type ChainName,
  type OrderKey,
  orderKey,
  priceInBase,
  priceInUsd,
  type Trade,
} from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** A trade on its way into the table, with what is derived from it once. */
export interface TradeRow {
  readonly trade: Trade;
  /** Unix seconds. */
  readonly time: number;
  readonly key: OrderKey;
  readonly priceBase: number | null;
  readonly priceUsd: number | null;
}

/**
 * The distinct trades of one chain, in rounds: within a round every order key is there once, so that the key
 * names the trade. Only blocks of one slot whose ids begin alike need more than one round. Sorted by primary
 * key, so that two writers that hold the same trades wait for each other instead of locking each other out.
 */
export interface TradeBatch {
  readonly rounds: readonly (readonly TradeRow[])[];
  readonly distinct: number;
  readonly duplicate: number;
}

/** Throws POISON for a trade that cannot be stored: the caller should never have passed it on. */
export function tradeBatch(trades: readonly Trade[]): TradeBatch {
  const byIdentity = new Map<string, TradeRow>();
  for (const trade of trades) {
    const name = identity(trade);
    if (!byIdentity.has(name)) byIdentity.set(name, tradeRow(trade));
  }
  const rows = [...byIdentity.values()].sort(comparePrimaryKeys);
  const rounds: TradeRow[][] = [];
  const seen = new Map<OrderKey, number>();
  for (const row of rows) {
    const round = seen.get(row.key) ?? 0;
    seen.set(row.key, round + 1);
    const target = rounds[round];
    if (target === undefined) rounds.push([row]);
    else target.push(row);
  }
  return { rounds, distinct: rows.length, duplicate: trades.length - rows.length };
}

/** The chains of a batch's trades. */
export function tradesByChain(trades: readonly Trade[]): Map<ChainName, Trade[]> {
  const chains = new Map<ChainName, Trade[]>();
  for (const trade of trades) {
    const known = chains.get(trade.block.chain);
    if (known === undefined) chains.set(trade.block.chain, [trade]);
    else known.push(trade);
  }
  return chains;
}

function identity({ block, tx, position }: Trade): string {
  return `${block.id} ${tx} ${position.outer} ${position.inner ?? -1} ${position.hop}`;
}

function tradeRow(trade: Trade): TradeRow {
  const { time } = trade.block;
  if (time === null) throw unstorable(trade, "its block has no time");
  if (hasNul(trade)) throw unstorable(trade, "one of its texts holds a NUL character");
  return {
    trade,
    time,
    key: orderKey(trade.position, trade.block.id),
    priceBase: priceInBase(trade),
    priceUsd: priceInUsd(trade),
  };
}

/** PostgreSQL has no text with a NUL character. */
function hasNul(trade: Trade): boolean {
  const { block, tx, pair, program, base, token, maker, recipient, routeId } = trade;
  return `${block.id}${tx}${pair}${program}${base.mint}${token.mint}${maker}${recipient}${routeId}`.includes(
    "\0",
  );
}

function unstorable(trade: Trade, reason: string): CandlewickError {
  return new CandlewickError(
    ERRORS.poison,
    `the trade of transaction ${JSON.stringify(trade.tx)} in slot ${trade.block.slot} cannot be stored: ${reason}`,
    "send its record to the dead-letter topic",
  );
}

function comparePrimaryKeys(a: TradeRow, b: TradeRow): number {
  const [x, y] = [a.trade, b.trade];
  return (
    compareTexts(x.block.id, y.block.id) ||
    compareTexts(x.tx, y.tx) ||
    x.position.outer - y.position.outer ||
    (x.position.inner ?? -1) - (y.position.inner ?? -1) ||
    x.position.hop - y.position.hop
  );
}

/** Any total order serves, as long as all writers use it. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
