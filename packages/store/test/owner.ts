// A process that owns an embedded database, for the tests that kill it: says what happened as JSON lines.
import { CandlewickError, silentLogger } from "@candlewick/runtime";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/index.ts";

const [dataDir = "", whenOwned] = process.argv.slice(2);

function say(message: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

try {
  const server = await startEmbeddedPostgres({
    dataDir,
    logger: silentLogger,
    whenOwned: whenOwned === "join" ? "join" : "refuse",
  });
  say({ up: server.mode });
  const { connection } = server;
  if ("url" in connection) throw new Error("an embedded server has no URL");
  for await (const chunk of process.stdin) {
    const command = String(chunk).trim();
    if (command === "stop") break;
    // Writes rows one by one, each acknowledged before it is told.
    const client = new pg.Client(connection);
    await client.connect();
    await client.query("CREATE TABLE IF NOT EXISTS written (n integer PRIMARY KEY)");
    for (let n = 1; ; n++) {
      await client.query("INSERT INTO written VALUES ($1)", [n]);
      say({ written: n });
    }
  }
  await server.stop();
  say({ stopped: true });
  process.exit(0);
} catch (error) {
  if (!(error instanceof CandlewickError)) throw error;
  say({ code: error.code, message: error.message, advice: error.advice });
  process.exit(error.exitCode);
}
