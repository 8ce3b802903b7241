import { CandlewickError, ERRORS } from "@candlewick/runtime";
import type pg from "pg";
import { marketData } from "./0001-market-data.ts";
import { slotLedger } from "./0002-slot-ledger.ts";
import { pairFacts } from "./0003-pair-facts.ts";
import { tradeClamp } from "./0004-trade-clamp.ts";
import { retryOrder } from "./0005-retry-order.ts";

/** Forward only: a migration that was released is never changed, a new one is added. Its version is its place, from 1. */
const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "market data", sql: marketData },
  { name: "slot ledger", sql: slotLedger },
  { name: "pair facts", sql: pairFacts },
  { name: "trade clamp", sql: tradeClamp },
  { name: "retry order", sql: retryOrder },
];

/** The schema that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Arbitrary, the same for all: whoever migrates holds it until the end of the transaction. */
const MIGRATION_LOCK = 0x63776d67;

/** The version in the database; 0 where there is no schema of ours. */
export async function storedVersion(client: pg.ClientBase): Promise<number> {
  const known = await client.query("SELECT to_regclass('schema_migrations') AS name");
  if (known.rows[0]?.name === null) return 0;
  const { rows } = await client.query(
    "SELECT coalesce(max(version), 0)::int AS version FROM schema_migrations",
  );
  return Number(rows[0]?.version ?? 0);
}

/** Brings the schema to `SCHEMA_VERSION`, in one transaction. Rejects with SCHEMA_NEWER. */
export async function migrate(client: pg.ClientBase): Promise<{ from: number; to: number }> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
      version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const from = await storedVersion(client);
    refuseNewer(from);
    for (const [index, { name, sql }] of MIGRATIONS.entries()) {
      if (index < from) continue;
      await client.query(sql);
      await client.query("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", [index + 1, name]);
    }
    await client.query("COMMIT");
    return { from, to: SCHEMA_VERSION };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** Rejects a schema that a later version of the program has made. */
export function refuseNewer(version: number): void {
  if (version <= SCHEMA_VERSION) return;
  throw new CandlewickError(
    ERRORS.schemaNewer,
    `the database has schema version ${version} and this program knows only up to ${SCHEMA_VERSION}`,
    "update Candlewick, or use another database",
  );
}
