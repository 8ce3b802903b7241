import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger } from "@candlewick/runtime";
import { type EmbeddedPostgres, openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";

/** A PostgreSQL for a file of tests; it can be away for a while. */
export interface TestDatabase {
  readonly store: Store;
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  close(): Promise<void>;
}

export async function startDatabase(): Promise<TestDatabase> {
  const folder = mkdtempSync(path.join(tmpdir(), "cw-service-"));
  // PostgreSQL does not run as root: the folder must be open to the user that it runs as.
  chmodSync(folder, 0o755);
  const start = () => startEmbeddedPostgres({ dataDir: path.join(folder, "db"), logger: silentLogger });
  let server: EmbeddedPostgres = await start();
  const store = await openStore({ connection: server.connection, logger: silentLogger });
  return {
    store,
    stopServer: () => server.stop(),
    async startServer() {
      const { connection } = server;
      server = await start();
      if (JSON.stringify(server.connection) !== JSON.stringify(connection)) throw new Error("it moved");
    },
    async close() {
      await store.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
