import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@candlewick/broker";
import { topicSpecs } from "@candlewick/contracts";
import { createAdmin, type KafkaConnection } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";

/** An embedded broker and an embedded PostgreSQL with topics and schema, for one measurement. */
export interface BenchServers {
  readonly kafka: KafkaConnection;
  readonly store: Store;
  stop(): Promise<void>;
}

export async function startServers(): Promise<BenchServers> {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-bench-"));
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, "pg"), logger: silentLogger });
  const store = await openStore({ connection: postgres.connection, logger: silentLogger });
  const broker = await startBroker({
    dataDir: join(folder, "broker"),
    autoCreateTopics: false,
    groupInitialRebalanceDelayMs: 0,
  });
  const kafka: KafkaConnection = { brokers: [broker.address], clientId: "bench", logger: silentLogger };
  const admin = await createAdmin(kafka);
  await admin.createTopics(topicSpecs("solana", 8));
  await admin.close();
  return {
    kafka,
    store,
    async stop() {
      await store.close();
      await broker.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
