import type { ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";
import type { Finding } from "./finding.ts";

/**
 * A quotient of exact integers with 200 decimals, as float64: rounded once, because no quotient of amounts
 * lies that close to the middle between two floats without being it.
 */
function quotient(numerator: string, denominator: string): string {
  return `(round(${numerator}, 200) / (${denominator}))::float8`;
}

const PRICE_BASE = quotient(
  "t.pool_base_amount * ('1e' || t.token_decimals)::numeric",
  "t.pool_token_amount * ('1e' || t.base_decimals)::numeric",
);
const PRICE_USD = quotient(
  "t.pool_base_amount * t.base_usd * ('1e' || t.token_decimals)::numeric",
  "t.pool_token_amount * ('1e' || t.base_decimals + 9)::numeric",
);

const PRICES: Statement = {
  name: "verify-prices",
  text: listing(
    `SELECT t.block_id, t.tx, t.outer_index, t.inner_index,
    concat('prices ', coalesce(t.price_base::text, 'none'), ' and ', coalesce(t.price_usd::text, 'none'),
      ' instead of ', coalesce(t.right_base::text, 'none'), ' and ', coalesce(t.right_usd::text, 'none')) AS what,
    (t.price_base, t.price_usd) IS DISTINCT FROM (t.right_base, t.right_usd) AS differs
  FROM (SELECT t.*,
      CASE WHEN t.pool_base_amount > 0 AND t.pool_token_amount > 0 THEN ${PRICE_BASE} END AS right_base,
      CASE WHEN t.pool_base_amount > 0 AND t.pool_token_amount > 0 AND t.base_usd > 0 THEN ${PRICE_USD} END AS right_usd
    FROM trades t WHERE t.chain = $1) t`,
  ),
};

const hex = (value: string, digits: number) => `lpad(to_hex(${value}), ${digits}, '0')`;

/** As position.ts of the domain defines the key, for block ids of ASCII characters. */
const ORDER_KEYS: Statement = {
  name: "verify-order-keys",
  text: listing(
    `SELECT t.block_id, t.tx, t.outer_index, t.inner_index,
    'order key ' || encode(t.order_key, 'hex') || ' is not that of its position' AS what,
    encode(t.order_key, 'hex') <> ${hex("t.slot", 14)} || ${hex("t.tx_index", 6)} || ${hex("t.outer_index", 4)}
      || ${hex("t.inner_index + 1", 4)} || ${hex("t.hop", 2)}
      || rpad(encode(convert_to(left(t.block_id, 8), 'UTF8'), 'hex'), 16, '0') AS differs
  FROM trades t WHERE t.chain = $1`,
  ),
};

function listing(checked: string): string {
  return `WITH checked AS MATERIALIZED (${checked})
SELECT (SELECT count(*) FROM checked)::int AS compared,
  (SELECT count(*) FROM checked WHERE differs)::int AS differences,
  (SELECT array_agg(d.line) FROM (
    SELECT concat('trade ', c.tx, ' at ', c.outer_index, '.', c.inner_index, ' in block ', c.block_id, ': ', c.what)
      AS line FROM checked c WHERE c.differs LIMIT $2) d) AS examples`;
}

interface ListingRow {
  readonly compared: number;
  readonly differences: number;
  readonly examples: readonly string[] | null;
}

/** Stored prices against the stored amounts. */
export async function checkPrices(
  transaction: Transaction,
  chain: ChainName,
  limit: number,
): Promise<Finding> {
  return await list(transaction, PRICES, chain, limit);
}

/** Stored order keys against the stored positions. */
export async function checkOrderKeys(
  transaction: Transaction,
  chain: ChainName,
  limit: number,
): Promise<Finding> {
  return await list(transaction, ORDER_KEYS, chain, limit);
}

async function list(
  transaction: Transaction,
  statement: Statement,
  chain: ChainName,
  limit: number,
): Promise<Finding> {
  const [row] = await transaction.query<ListingRow>(statement, [chain, limit]);
  return {
    compared: row?.compared ?? 0,
    differences: row?.differences ?? 0,
    inFlight: 0,
    examples: row?.examples ?? [],
  };
}
