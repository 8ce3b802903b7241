import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@candlewick/broker";
import { topicSpecs } from "@candlewick/contracts";
import { createAdmin, type KafkaConnection } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { type ConnectionOptions, openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";

/** An embedded broker and an embedded PostgreSQL with topics and schema, in a folder of their own. */
export interface OwnServers {
  readonly brokers: readonly string[];
  readonly kafka: KafkaConnection;
  readonly connection: ConnectionOptions;
  readonly store: Store;
  readonly folder: string;
  stop(): Promise<void>;
}

/** `partitions`: of each topic. */
export async function startServers(partitions = 8): Promise<OwnServers> {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-servers-"));
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, "pg"), logger: silentLogger });
  const store = await openStore({ connection: postgres.connection, logger: silentLogger });
  const broker = await startBroker({
    dataDir: join(folder, "broker"),
    autoCreateTopics: false,
    groupInitialRebalanceDelayMs: 0,
  });
  const kafka: KafkaConnection = { brokers: [broker.address], clientId: "servers", logger: silentLogger };
  const admin = await createAdmin(kafka);
  await admin.createTopics(topicSpecs("solana", partitions));
  await admin.close();
  return {
    brokers: [broker.address],
    kafka,
    connection: postgres.connection,
    store,
    folder,
    async stop() {
      await store.close();
      await broker.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
