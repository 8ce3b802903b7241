import { createHash } from "node:crypto";
import { join } from "node:path";
import { silentLogger } from "@candlewick/runtime";
import { startEmbeddedPostgres } from "@candlewick/store";
import pg from "pg";

/** All that must be equal between two runs over the same blocks, bit for bit, as a digest per table. */
export interface DatabaseDump {
  readonly trades: string;
  readonly candles: string;
  readonly blocks: string;
  readonly tradeCount: number;
  readonly candleCount: number;
}

/** Reads a data folder's database by SQL of the test's own. How often a candle was written may differ. */
export async function dumpDatabase(dataFolder: string): Promise<DatabaseDump> {
  const server = await startEmbeddedPostgres({ dataDir: join(dataFolder, "pg"), logger: silentLogger });
  const { connection } = server;
  const client = new pg.Client("url" in connection ? { connectionString: connection.url } : connection);
  await client.connect();
  try {
    const trades = await rows(client, "trades", []);
    const candles = await rows(client, "candles", ["revision"]);
    const blocks = await rows(client, "blocks", []);
    return {
      trades: digest(trades),
      candles: digest(candles),
      blocks: digest(blocks),
      tradeCount: trades.length,
      candleCount: candles.length,
    };
  } finally {
    await client.end();
    await server.stop();
  }
}

async function rows(client: pg.Client, table: string, without: readonly string[]): Promise<string[]> {
  // Columns that tell when a row was written say nothing of what it holds.
  const times = ["updated_at", "inserted_at", "created_at", "written_at"];
  const result = await client.query<{ row: string }>(
    `select (to_jsonb(t) - $1::text[])::text as row from ${table} t order by 1`,
    [[...without, ...times]],
  );
  return result.rows.map(({ row }) => row);
}

function digest(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
