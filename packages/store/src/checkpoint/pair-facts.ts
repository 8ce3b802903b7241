import type { ChainName, PairFacts } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { compareTexts, type TradeBatch } from "./trade-batch.ts";

/**
 * Adds what trades say of their pairs. Nearly always it is known already, and then no row is touched: that is
 * what the condition is for.
 */
const LEARN: Statement = {
  name: "learn-pair-facts",
  text: `UPDATE pairs p SET
  base_symbol = coalesce(p.base_symbol, n.base_symbol),
  token_symbol = coalesce(p.token_symbol, n.token_symbol),
  token_name = coalesce(p.token_name, n.token_name),
  created_slot = coalesce(p.created_slot, n.created_slot),
  created_time = coalesce(p.created_time, n.created_time),
  token_supply = CASE WHEN n.newer_supply THEN n.token_supply ELSE p.token_supply END,
  supply_key = CASE WHEN n.newer_supply THEN n.key ELSE p.supply_key END
FROM (
  SELECT f.*, f.token_supply IS NOT NULL AND f.token_supply IS DISTINCT FROM k.token_supply
    AND (k.supply_key IS NULL OR k.supply_key < f.key) AS newer_supply
  FROM (
    SELECT u.pair, u.base_symbol, u.token_symbol, u.token_name, u.token_supply::numeric AS token_supply,
      u.created_slot, u.created_time, decode(u.key, 'hex') AS key
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::text[])
      AS u(pair, base_symbol, token_symbol, token_name, token_supply, created_slot, created_time, key)
  ) f
  JOIN pairs k ON k.chain = $1 AND k.pair = f.pair
) n
WHERE p.chain = $1 AND p.pair = n.pair AND (n.newer_supply
  OR (p.base_symbol IS NULL AND n.base_symbol IS NOT NULL)
  OR (p.token_symbol IS NULL AND n.token_symbol IS NOT NULL)
  OR (p.token_name IS NULL AND n.token_name IS NOT NULL)
  OR (p.created_slot IS NULL AND n.created_slot IS NOT NULL)
  OR (p.created_time IS NULL AND n.created_time IS NOT NULL))`,
};

interface Told {
  readonly key: string;
  readonly facts: PairFacts;
}

/** Stores what the trades of a batch say of their pairs, which must be stored by then. */
export async function learnPairFacts(
  transaction: Transaction,
  chain: ChainName,
  batch: TradeBatch,
): Promise<void> {
  const told = newestOfEachPair(batch);
  if (told.length === 0) return;
  const facts = told.map(([, { facts: of }]) => of);
  await transaction.query(LEARN, [
    chain,
    textArray(told.map(([pair]) => pair)),
    textArray(facts.map(({ baseSymbol }) => baseSymbol)),
    textArray(facts.map(({ tokenSymbol }) => tokenSymbol)),
    textArray(facts.map(({ tokenName }) => tokenName)),
    textArray(facts.map(({ tokenSupply }) => tokenSupply?.toString() ?? null)),
    numberArray(facts.map(({ createdSlot }) => createdSlot)),
    numberArray(facts.map(({ createdTime }) => createdTime)),
    textArray(told.map(([, { key }]) => key)),
  ]);
}

/** In the order of the pairs, as all writers lock their rows. */
function newestOfEachPair(batch: TradeBatch): [string, Told][] {
  const newest = new Map<string, Told>();
  for (const round of batch.rounds) {
    for (const { trade, key } of round) {
      if (trade.facts === undefined) continue;
      const known = newest.get(trade.pair);
      if (known === undefined || known.key < key) newest.set(trade.pair, { key, facts: trade.facts });
    }
  }
  return [...newest].sort(([a], [b]) => compareTexts(a, b));
}
