import type { ChainName, Trade } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { compareTexts, type TradeBatch, type TradeRow } from "./trade-batch.ts";

/**
 * A pair's facts are those of its first trade by order key, so that they do not depend on arrival. Pairs that
 * are known and not changed are not touched: nearly all of a batch's.
 */
const UPSERT: Statement = {
  name: "upsert-pairs",
  text: `INSERT INTO pairs AS p (chain, pair, venue, program, base_mint, base_decimals, token_mint, token_decimals,
  first_slot, first_key)
SELECT $1, n.pair, n.venue, n.program, n.base_mint, n.base_decimals, n.token_mint, n.token_decimals, n.first_slot,
  decode(n.first_key, 'hex')
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::smallint[],
  $9::bigint[], $10::text[])
  AS n(pair, venue, program, base_mint, base_decimals, token_mint, token_decimals, first_slot, first_key)
WHERE NOT EXISTS (
  SELECT FROM pairs k WHERE k.chain = $1 AND k.pair = n.pair AND k.first_key <= decode(n.first_key, 'hex'))
ON CONFLICT (chain, pair) DO UPDATE SET venue = excluded.venue, program = excluded.program,
  base_mint = excluded.base_mint, base_decimals = excluded.base_decimals, token_mint = excluded.token_mint,
  token_decimals = excluded.token_decimals, first_slot = excluded.first_slot, first_key = excluded.first_key
WHERE excluded.first_key < p.first_key`,
};

const CONFLICTS: Statement = {
  name: "pair-conflicts",
  text: `SELECT n.place - 1 AS place
FROM unnest($2::text[], $3::text[], $4::smallint[], $5::text[], $6::smallint[])
  WITH ORDINALITY AS n(pair, base_mint, base_decimals, token_mint, token_decimals, place)
JOIN pairs p ON p.chain = $1 AND p.pair = n.pair
WHERE (p.base_mint, p.base_decimals, p.token_mint, p.token_decimals)
  <> (n.base_mint, n.base_decimals, n.token_mint, n.token_decimals)`,
};

/** The trades of a batch with the same facts of one pair. */
interface PairFacts {
  first: TradeRow;
  trades: number;
}

/**
 * Stores the pairs of a batch. Returns how many trades name other assets than their pair does: the store
 * keeps their amounts and prices as they are, but they are not comparable.
 */
export async function upsertPairs(
  transaction: Transaction,
  chain: ChainName,
  batch: TradeBatch,
): Promise<number> {
  const variants = variantsOf(batch);
  if (variants.length === 0) return 0;
  const firsts = firstOfEachPair(variants);
  await transaction.query(UPSERT, [
    chain,
    textArray(firsts.map(({ trade }) => trade.pair)),
    textArray(firsts.map(({ trade }) => trade.venue)),
    textArray(firsts.map(({ trade }) => trade.program)),
    textArray(firsts.map(({ trade }) => trade.base.mint)),
    numberArray(firsts.map(({ trade }) => trade.base.decimals)),
    textArray(firsts.map(({ trade }) => trade.token.mint)),
    numberArray(firsts.map(({ trade }) => trade.token.decimals)),
    numberArray(firsts.map(({ trade }) => trade.block.slot)),
    textArray(firsts.map(({ key }) => key)),
  ]);
  const conflicts = await transaction.query<{ place: string }>(CONFLICTS, [
    chain,
    textArray(variants.map(({ first }) => first.trade.pair)),
    textArray(variants.map(({ first }) => first.trade.base.mint)),
    numberArray(variants.map(({ first }) => first.trade.base.decimals)),
    textArray(variants.map(({ first }) => first.trade.token.mint)),
    numberArray(variants.map(({ first }) => first.trade.token.decimals)),
  ]);
  return conflicts.reduce((sum, { place }) => sum + (variants[Number(place)]?.trades ?? 0), 0);
}

function variantsOf(batch: TradeBatch): PairFacts[] {
  const variants = new Map<string, PairFacts[]>();
  for (const round of batch.rounds) {
    for (const row of round) {
      const ofPair = variants.get(row.trade.pair);
      if (ofPair === undefined) variants.set(row.trade.pair, [{ first: row, trades: 1 }]);
      else addVariant(ofPair, row);
    }
  }
  return [...variants.values()].flat();
}

function addVariant(ofPair: PairFacts[], row: TradeRow): void {
  const known = ofPair.find(({ first }) => hasSameAssets(first.trade, row.trade));
  if (known === undefined) ofPair.push({ first: row, trades: 1 });
  else {
    known.trades += 1;
    if (row.key < known.first.key) known.first = row;
  }
}

function hasSameAssets(a: Trade, b: Trade): boolean {
  return (
    a.base.mint === b.base.mint &&
    a.base.decimals === b.base.decimals &&
    a.token.mint === b.token.mint &&
    a.token.decimals === b.token.decimals
  );
}

function firstOfEachPair(variants: readonly PairFacts[]): TradeRow[] {
  const firsts = new Map<string, TradeRow>();
  for (const { first } of variants) {
    const known = firsts.get(first.trade.pair);
    if (known === undefined || first.key < known.key) firsts.set(first.trade.pair, first);
  }
  return [...firsts.values()].sort((a, b) => compareTexts(a.trade.pair, b.trade.pair));
}
