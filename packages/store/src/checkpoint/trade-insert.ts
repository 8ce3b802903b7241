import type { ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import { errorCode } from "../database-error.ts";
import { numberArray, textArray } from "./array-literal.ts";
import type { TradeBatch, TradeRow } from "./trade-batch.ts";

const INSERT: Statement = {
  name: "insert-trades",
  text: `INSERT INTO trades (chain, block_id, tx, outer_index, inner_index, hop, block_time, slot, tx_index,
  order_key, pair, side, base_decimals, token_decimals, base_amount, token_amount, pool_base_amount,
  pool_token_amount, base_reserve, token_reserve, base_usd, price_base, price_usd, maker, recipient, route_id,
  clamp)
SELECT $1, t.block_id, t.tx, t.outer_index, t.inner_index, t.hop, t.block_time, t.slot, t.tx_index,
  decode(t.order_key, 'hex'), t.pair, t.side, t.base_decimals, t.token_decimals, t.base_amount, t.token_amount,
  t.pool_base_amount, t.pool_token_amount, t.base_reserve, t.token_reserve, t.base_usd, t.price_base,
  t.price_usd, t.maker, t.recipient, t.route_id, t.clamp
FROM unnest($2::text[], $3::text[], $4::int[], $5::int[], $6::int[], $7::bigint[], $8::bigint[], $9::int[],
  $10::text[], $11::text[], $12::text[], $13::smallint[], $14::smallint[], $15::numeric[], $16::numeric[],
  $17::numeric[], $18::numeric[], $19::numeric[], $20::numeric[], $21::numeric[], $22::float8[], $23::float8[],
  $24::text[], $25::text[], $26::text[], $27::boolean[])
  AS t(block_id, tx, outer_index, inner_index, hop, block_time, slot, tx_index, order_key, pair, side,
    base_decimals, token_decimals, base_amount, token_amount, pool_base_amount, pool_token_amount, base_reserve,
    token_reserve, base_usd, price_base, price_usd, maker, recipient, route_id, clamp)
ON CONFLICT (chain, block_id, tx, outer_index, inner_index, hop, block_time) DO NOTHING
RETURNING encode(order_key, 'hex') AS key`,
};

/** The same without a look for conflicts beforehand: a third faster, and it fails where a trade is stored already. */
const INSERT_NEW: Statement = {
  name: "insert-new-trades",
  text: INSERT.text.slice(0, INSERT.text.indexOf("ON CONFLICT")),
};

const UNIQUE_VIOLATION = "23505";

/**
 * Inserts the trades that are not stored yet and returns those. `expectNew`: duplicates are rare just now, so
 * that the faster way is tried first.
 */
export async function insertTrades(
  transaction: Transaction,
  chain: ChainName,
  batch: TradeBatch,
  expectNew: boolean,
): Promise<TradeRow[]> {
  const inserted: TradeRow[] = [];
  for (const rows of batch.rounds) {
    const values = [chain, ...columns(rows)];
    const added =
      expectNew && (await insertNew(transaction, values))
        ? rows
        : await insertSome(transaction, rows, values);
    for (const row of added) inserted.push(row);
  }
  return inserted;
}

/** All rows, or none where one of them is stored: then false. */
async function insertNew(transaction: Transaction, values: readonly string[]): Promise<boolean> {
  await transaction.execute("SAVEPOINT insert_new");
  try {
    await transaction.query(INSERT_NEW, values);
    return true;
  } catch (error) {
    if (errorCode(error) !== UNIQUE_VIOLATION) throw error;
    await transaction.execute("ROLLBACK TO SAVEPOINT insert_new");
    return false;
  }
}

async function insertSome(
  transaction: Transaction,
  rows: readonly TradeRow[],
  values: readonly string[],
): Promise<readonly TradeRow[]> {
  const returned = await transaction.query<{ key: string }>(INSERT, values);
  if (returned.length === rows.length) return rows;
  const keys = new Set(returned.map(({ key }) => key));
  return rows.filter(({ key }) => keys.has(key));
}

function columns(rows: readonly TradeRow[]): string[] {
  const texts = (of: (row: TradeRow) => string | null) => textArray(rows.map(of));
  const numbers = (of: (row: TradeRow) => number | bigint | null) => numberArray(rows.map(of));
  return [
    texts(({ trade }) => trade.block.id),
    texts(({ trade }) => trade.tx),
    numbers(({ trade }) => trade.position.outer),
    numbers(({ trade }) => trade.position.inner ?? -1),
    numbers(({ trade }) => trade.position.hop),
    numbers(({ time }) => time),
    numbers(({ trade }) => trade.position.slot),
    numbers(({ trade }) => trade.position.txIndex),
    texts(({ key }) => key),
    texts(({ trade }) => trade.pair),
    texts(({ trade }) => trade.side),
    numbers(({ trade }) => trade.base.decimals),
    numbers(({ trade }) => trade.token.decimals),
    numbers(({ trade }) => trade.baseAmount),
    numbers(({ trade }) => trade.tokenAmount),
    numbers(({ trade }) => trade.poolBaseAmount),
    numbers(({ trade }) => trade.poolTokenAmount),
    numbers(({ trade }) => trade.baseReserve),
    numbers(({ trade }) => trade.tokenReserve),
    numbers(({ trade }) => trade.baseUsd),
    numbers(({ body }) => body.base?.open ?? null),
    numbers(({ body }) => body.usd?.open ?? null),
    texts(({ trade }) => trade.maker),
    texts(({ trade }) => trade.recipient),
    texts(({ trade }) => trade.routeId),
    texts(({ trade }) => (trade.clamp === undefined ? null : String(trade.clamp))),
  ];
}
