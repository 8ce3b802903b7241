import type { ChainName } from "@candlewick/domain";
import type { Statement, Transaction } from "../database.ts";

const HEAD: Statement = {
  name: "head",
  text: `SELECT slot, block_time FROM blocks WHERE chain = $1 AND status <> 'orphaned' AND block_time IS NOT NULL
ORDER BY slot DESC LIMIT 1`,
};

/** The newest block of a chain that counts and whose time is known. */
export interface Head {
  readonly slot: number;
  /** Unix seconds. */
  readonly time: number;
}

/** Null where no block is stored. */
export async function readHead(transaction: Transaction, chain: ChainName): Promise<Head | null> {
  const [row] = await transaction.query<{ slot: string; block_time: string }>(HEAD, [chain]);
  return row === undefined ? null : { slot: Number(row.slot), time: Number(row.block_time) };
}
