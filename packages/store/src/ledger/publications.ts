import type { ChainName } from "@candlewick/domain";
import { numberArray, textArray } from "../checkpoint/array-literal.ts";
import type { Statement, Transaction } from "../database.ts";
import type { Publication, SlotRange } from "../store.ts";

const NOTE: Statement = {
  name: "note-publications",
  text: `INSERT INTO publications (chain, slot, block_id, settlement)
SELECT $1, n.* FROM unnest($2::bigint[], $3::text[], $4::text[]) AS n(slot, block_id, settlement)
ON CONFLICT DO NOTHING`,
};

const READ: Statement = {
  name: "publications",
  text: `SELECT slot, block_id, settlement FROM publications
WHERE chain = $1 AND slot BETWEEN $2 AND $3 ORDER BY slot, block_id LIMIT $4`,
};

const CLOSE: Statement = {
  name: "close-publications",
  text: `DELETE FROM publications AS p USING unnest($2::bigint[], $3::text[]) AS n(slot, block_id)
WHERE p.chain = $1 AND p.slot = n.slot AND p.block_id = n.block_id`,
};

/** Writes publications down; those that are known stay as they are. */
export async function notePublications(
  transaction: Transaction,
  chain: ChainName,
  publications: readonly Publication[],
): Promise<void> {
  if (publications.length === 0) return;
  await transaction.query(NOTE, [
    chain,
    numberArray(publications.map(({ slot }) => slot)),
    textArray(publications.map(({ blockId }) => blockId)),
    textArray(publications.map(({ settlement }) => settlement)),
  ]);
}

export async function readPublications(
  transaction: Transaction,
  chain: ChainName,
  { from, to }: SlotRange,
  limit: number,
): Promise<Publication[]> {
  const rows = await transaction.query<{ slot: string; block_id: string; settlement: string }>(READ, [
    chain,
    from,
    to,
    limit,
  ]);
  return rows.map((row) => ({ slot: Number(row.slot), blockId: row.block_id, settlement: row.settlement }));
}

export async function closePublications(
  transaction: Transaction,
  chain: ChainName,
  closed: readonly Pick<Publication, "slot" | "blockId">[],
): Promise<void> {
  if (closed.length === 0) return;
  await transaction.query(CLOSE, [
    chain,
    numberArray(closed.map(({ slot }) => slot)),
    textArray(closed.map(({ blockId }) => blockId)),
  ]);
}
