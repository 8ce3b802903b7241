import type { ChainName, Interval } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { numberArray, textArray } from "./array-literal.ts";

const READ: Statement = {
  name: "candle-intervals",
  text: "SELECT name, ms FROM candle_intervals WHERE chain = $1 ORDER BY ms, name",
};

const ADD: Statement = {
  name: "add-candle-intervals",
  text: `INSERT INTO candle_intervals (chain, name, ms)
SELECT $1, n.name, n.ms FROM unnest($2::text[], $3::bigint[]) AS n(name, ms)
ON CONFLICT DO NOTHING`,
};

/**
 * The intervals of which a chain has candles, shortest first. Every batch is folded into all of them, also into
 * those that its writer's configuration no longer names: a candle that exists is never behind its trades.
 */
export async function candleIntervals(transaction: Transaction, chain: ChainName): Promise<Interval[]> {
  const rows = await transaction.query<{ name: string; ms: string }>(READ, [chain]);
  return rows.map(({ name, ms }) => ({ name, ms: Number(ms) }));
}

/** The caller holds the chain alone and makes the candles of the trades that are there already. */
export async function addCandleIntervals(
  transaction: Transaction,
  chain: ChainName,
  intervals: readonly Interval[],
): Promise<void> {
  await transaction.query(ADD, [
    chain,
    textArray(intervals.map(({ name }) => name)),
    numberArray(intervals.map(({ ms }) => ms)),
  ]);
}
