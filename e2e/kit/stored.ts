import { join } from "node:path";
import { silentLogger } from "@candlewick/runtime";
import { startEmbeddedPostgres } from "@candlewick/store";
import pg from "pg";
import { expect } from "vitest";
import { runToEnd } from "./process.ts";

/** The number of trades that are stored, once `verify` has found nothing wrong. */
export async function verifiedTrades(dataFolder: string): Promise<number> {
  const { code, stdout, stderr } = await runToEnd(["verify", "--data", dataFolder, "--format", "json"]);
  expect(code, stdout + stderr).toBe(0);
  const report: unknown = JSON.parse(stdout);
  const { checks } = Object(report) as { checks: { name: string; compared: number }[] };
  return checks.find(({ name }) => name === "order-keys")?.compared ?? 0;
}

/** Runs SQL on the database of a data folder that nothing else runs on. */
export async function executeSql(dataFolder: string, sql: string): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir: join(dataFolder, "pg"), logger: silentLogger });
  const { connection } = server;
  const client = new pg.Client("url" in connection ? { connectionString: connection.url } : connection);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
    await server.stop();
  }
}
