import { type ChainName, rawAmount, type TokenFacts } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { StoredToken } from "../store.ts";

const READ: Statement = {
  name: "tokens",
  text: `SELECT mint, decimals, name, symbol, supply::text, (extract(epoch FROM read_at) * 1000)::float8 AS read_ms
FROM tokens WHERE chain = $1 AND mint = ANY ($2::text[])`,
};

const WRITE: Statement = {
  name: "save-tokens",
  text: `INSERT INTO tokens AS t (chain, mint, decimals, name, symbol, supply)
SELECT $1, n.mint, n.decimals, n.name, n.symbol, n.supply::numeric
FROM unnest($2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[]) AS n(mint, decimals, name, symbol, supply)
ON CONFLICT (chain, mint) DO UPDATE SET decimals = excluded.decimals, name = excluded.name,
  symbol = excluded.symbol, supply = excluded.supply, read_at = now()`,
};

interface TokenRow {
  readonly mint: string;
  readonly decimals: number;
  readonly name: string | null;
  readonly symbol: string | null;
  readonly supply: string | null;
  readonly read_ms: number;
}

/** What is stored of some tokens, by mint; those that are not stored are absent. */
export async function readTokens(
  transaction: Transaction,
  chain: ChainName,
  mints: readonly string[],
): Promise<ReadonlyMap<string, StoredToken>> {
  const rows = await transaction.query<TokenRow>(READ, [chain, textArray(mints)]);
  return new Map(
    rows.map(({ mint, decimals, name, symbol, supply, read_ms }) => {
      const facts = {
        mint,
        decimals,
        name,
        symbol,
        supply: supply === null ? null : rawAmount(BigInt(supply)),
      };
      return [mint, { facts, readAtMs: read_ms }];
    }),
  );
}

/** Stores tokens as they were just read; of a mint that is given twice the last counts. */
export async function writeTokens(
  transaction: Transaction,
  chain: ChainName,
  tokens: readonly TokenFacts[],
): Promise<void> {
  // One order for all writers; one statement cannot change a row twice.
  const unique = [...new Map(tokens.map((token) => [token.mint, token])).values()];
  unique.sort((a, b) => (a.mint < b.mint ? -1 : 1));
  if (unique.length === 0) return;
  await transaction.query(WRITE, [
    chain,
    textArray(unique.map(({ mint }) => mint)),
    numberArray(unique.map(({ decimals }) => decimals)),
    textArray(unique.map(({ name }) => name)),
    textArray(unique.map(({ symbol }) => symbol)),
    textArray(unique.map(({ supply }) => supply?.toString() ?? null)),
  ]);
}
