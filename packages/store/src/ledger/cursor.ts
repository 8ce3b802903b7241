import type { Statement, Transaction } from "../database.ts";
import type { Cursor, SourcePosition } from "../store.ts";

const READ: Statement = {
  name: "read-cursor",
  text: `SELECT slot, block_id, block_time, price_nano_usd, price_slot, price_time
FROM ingest_cursors WHERE name = $1`,
};

/** What a source keeps besides where it stands has a name below its own. */
const NAMES: Statement = {
  name: "cursor-names",
  text: `SELECT c.name, c.slot, f.slot AS final_slot FROM ingest_cursors c
LEFT JOIN ingest_cursors f ON f.name = c.name || '/finalized'
WHERE c.name NOT LIKE '%/finalized' AND c.name NOT LIKE '%/genesis' AND c.name NOT LIKE '%/before/%'
ORDER BY c.name`,
};

const SAVE: Statement = {
  name: "save-cursor",
  text: `INSERT INTO ingest_cursors (name, slot, block_id, block_time, price_nano_usd, price_slot, price_time)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, block_id = excluded.block_id,
  block_time = excluded.block_time, price_nano_usd = excluded.price_nano_usd, price_slot = excluded.price_slot,
  price_time = excluded.price_time, updated_at = now()`,
};

const KEEP: Statement = {
  name: "keep-cursor",
  text: `INSERT INTO ingest_cursors (name, slot, block_id, block_time, price_nano_usd, price_slot, price_time)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING`,
};

interface CursorRow {
  readonly slot: string;
  readonly block_id: string | null;
  readonly block_time: string | null;
  readonly price_nano_usd: string | null;
  readonly price_slot: string | null;
  readonly price_time: string | null;
}

/** Where the source of that name stands; null where it never began. */
export async function readCursor(transaction: Transaction, name: string): Promise<Cursor | null> {
  const [row] = await transaction.query<CursorRow>(READ, [name]);
  if (row === undefined) return null;
  const { price_nano_usd: usd, price_slot: slot, price_time: time } = row;
  return {
    slot: Number(row.slot),
    blockId: row.block_id,
    blockTime: row.block_time === null ? null : Number(row.block_time),
    solPrice:
      usd === null || slot === null || time === null
        ? null
        : { usd: BigInt(usd), slot: Number(slot), time: Number(time) },
  };
}

/** Where all sources that ever ran stand, by name. */
export async function readSourcePositions(transaction: Transaction): Promise<SourcePosition[]> {
  interface Row {
    readonly name: string;
    readonly slot: string;
    readonly final_slot: string | null;
  }
  return (await transaction.query<Row>(NAMES, [])).map(({ name, slot, final_slot: final }) => ({
    source: name,
    slot: Number(slot),
    finalizedSlot: final === null ? null : Number(final),
  }));
}

export async function writeCursor(transaction: Transaction, name: string, cursor: Cursor): Promise<void> {
  await transaction.query(SAVE, valuesOf(name, cursor));
}

/** Writes a cursor where there is none; whichever is there then. Of two that come at once the first counts for both. */
export async function keepCursor(transaction: Transaction, name: string, cursor: Cursor): Promise<Cursor> {
  await transaction.query(KEEP, valuesOf(name, cursor));
  return (await readCursor(transaction, name)) ?? cursor;
}

function valuesOf(name: string, { slot, blockId, blockTime, solPrice }: Cursor): unknown[] {
  return [
    name,
    slot,
    blockId,
    blockTime,
    solPrice === null ? null : String(solPrice.usd),
    solPrice?.slot ?? null,
    solPrice?.time ?? null,
  ];
}
