import { type ChainName, slot, VENUES } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { StoredPool } from "../store.ts";

const READ: Statement = {
  name: "pools",
  text: `SELECT pool, block_id, slot, block_time, venue, tx, creator FROM pools
WHERE chain = $1 AND pool = ANY ($2::text[])`,
};

/** A creation that is seen again, in another block of a fork, counts as the one in the lower slot, then by block. */
const WRITE: Statement = {
  name: "save-pools",
  text: `INSERT INTO pools AS p (chain, pool, block_id, slot, block_time, venue, tx, creator)
SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[])
  AS n(pool, block_id, slot, block_time, venue, tx, creator)
ON CONFLICT (chain, pool) DO UPDATE SET block_id = excluded.block_id, slot = excluded.slot,
  block_time = excluded.block_time, venue = excluded.venue, tx = excluded.tx, creator = excluded.creator
WHERE (excluded.slot, excluded.block_id) < (p.slot, p.block_id)`,
};

interface PoolRow {
  readonly pool: string;
  readonly block_id: string;
  readonly slot: string;
  readonly block_time: string | null;
  readonly venue: string;
  readonly tx: string;
  readonly creator: string | null;
}

/** Where some pools began to exist; those whose creation was not seen are absent. */
export async function readPools(
  transaction: Transaction,
  chain: ChainName,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, StoredPool>> {
  const rows = await transaction.query<PoolRow>(READ, [chain, textArray(addresses)]);
  return new Map(
    rows.flatMap((row) => {
      const venue = VENUES.find((known) => known === row.venue);
      if (venue === undefined) return [];
      const { pool, block_id: blockId, tx, creator } = row;
      const time = row.block_time === null ? null : Number(row.block_time);
      return [[pool, { pool, blockId, slot: slot(Number(row.slot)), time, venue, tx, creator }]];
    }),
  );
}

/** Stores creations of pools. */
export async function writePools(
  transaction: Transaction,
  chain: ChainName,
  pools: readonly StoredPool[],
): Promise<void> {
  const unique = [...new Map(pools.map((pool) => [pool.pool, pool])).values()];
  unique.sort((a, b) => (a.pool < b.pool ? -1 : 1));
  if (unique.length === 0) return;
  await transaction.query(WRITE, [
    chain,
    textArray(unique.map(({ pool }) => pool)),
    textArray(unique.map(({ blockId }) => blockId)),
    numberArray(unique.map((pool) => pool.slot)),
    numberArray(unique.map(({ time }) => time)),
    textArray(unique.map(({ venue }) => venue)),
    textArray(unique.map(({ tx }) => tx)),
    textArray(unique.map(({ creator }) => creator)),
  ]);
}
