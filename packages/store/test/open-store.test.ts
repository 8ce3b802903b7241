import { DEFAULT_INTERVALS } from "@candlewick/domain";
import { silentLogger } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConnectionOptions, openStore } from "../src/index.ts";
import { SCHEMA_VERSION } from "../src/migrations/migrate.ts";
import { expectedCandles, fiftyTrades, recordOf, storedCandles } from "./market.ts";
import { freshDatabase, freshStore, SERVERS, sql, type TestServer } from "./servers.ts";

function open(connection: ConnectionOptions, migrate?: boolean) {
  return openStore({ connection, logger: silentLogger, ...(migrate === undefined ? {} : { migrate }) });
}

test.each([
  { connection: { url: "postgresql://nobody@127.0.0.1:1/none" }, code: "DATABASE_UNREACHABLE", exitCode: 75 },
  {
    connection: { url: "postgresql://nobody@no.such.host.invalid/none" },
    code: "DATABASE_UNREACHABLE",
    exitCode: 75,
  },
  { connection: { url: "mysql://somewhere/else" }, code: "CONFIGURATION", exitCode: 1 },
  { connection: { url: "not a url" }, code: "CONFIGURATION", exitCode: 1 },
])("a database that is not there: $connection.url", async ({ connection, code, exitCode }) => {
  await expect(open(connection)).rejects.toMatchObject({ code, exitCode });
});

test("no error shows the password", async () => {
  const error: unknown = await open({ url: "postgresql://user:secret@127.0.0.1:1/none" }).catch(
    (e: unknown) => e,
  );
  expect(String(error)).toContain("127.0.0.1:1/none");
  expect(JSON.stringify(error) + String(error)).not.toContain("secret");
});

describe.each(SERVERS)("openStore on $name", ({ start }) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    await server.stop();
  });

  test("several at once make the schema once, and again changes nothing", async () => {
    const connection = await freshDatabase(server);
    const stores = await Promise.all([1, 2, 3, 4].map(() => open(connection)));
    expect(await sql(connection, "SELECT version FROM schema_migrations")).toEqual(
      Array.from({ length: SCHEMA_VERSION }, (_, index) => ({ version: index + 1 })),
    );
    for (const store of [...stores, await open(connection)]) await store.close();
  });

  test("a newer schema is refused and not touched; an older one too, where migration is not wanted", async () => {
    const connection = await freshDatabase(server);
    await expect(open(connection, false)).rejects.toMatchObject({ code: "CONFIGURATION" });
    await (await open(connection)).close();
    await sql(connection, "INSERT INTO schema_migrations (version, name) VALUES (99, 'of the future')");
    for (const migrate of [true, false]) {
      await expect(open(connection, migrate)).rejects.toMatchObject({
        code: "SCHEMA_NEWER",
        exitCode: 1,
        message: `the database has schema version 99 and this program knows only up to ${SCHEMA_VERSION}`,
      });
    }
  });

  test("an unknown database is a matter of configuration", async () => {
    await expect(open({ ...server.connection, database: "nowhere" })).rejects.toMatchObject({
      code: "CONFIGURATION",
    });
  });

  test.each(["consumer_offsets", "pairs", "trades", "candles", "blocks", "accounting"])(
    "a connection that dies while %s is written leaves nothing, and the batch can be repeated",
    async (table) => {
      const { store, connection } = await freshStore(server);
      const trades = fiftyTrades(31);
      const block = {
        slot: trades[0]?.block.slot ?? 0,
        fork: trades[0]?.block.id[0] === "a" ? "a" : "b",
      } as const;
      const orphaned = recordOf(block, "orphaned", trades);
      const write = () =>
        store.checkpoint({
          group: "g",
          offsets: [{ topic: "t", partition: 0, expected: null, next: 1n }],
          intervals: DEFAULT_INTERVALS,
          trades,
          blocks: [orphaned],
        });
      await sql(
        connection,
        `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
         CREATE TRIGGER die AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION die()`,
      );
      await expect(write()).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE", retry: "backoff" });
      const left = "SELECT (SELECT count(*) FROM trades) + (SELECT count(*) FROM consumer_offsets) AS n";
      expect(await sql(connection, left)).toEqual([{ n: "0" }]);
      await sql(connection, `DROP TRIGGER die ON ${table}`);
      expect(await write()).toMatchObject({ inserted: trades.length });
      expect(await storedCandles(store)).toEqual(expectedCandles(trades, [orphaned]));
      await store.close();
    },
  );

  test("a server that restarts is met again", async () => {
    const { store, connection } = await freshStore(server);
    await store.status();
    await sql(
      connection,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'candlewick' AND datname = current_database()",
    );
    // The pool learns of lost idle connections by their end, which comes with the next turns of the loop.
    const outcomes = await Promise.allSettled([store.status(), store.status()]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected")
        expect(outcome.reason).toMatchObject({ code: "DATABASE_UNREACHABLE" });
    }
    expect((await store.status()).schemaVersion).toBe(SCHEMA_VERSION);
    await store.close();
  });
});
