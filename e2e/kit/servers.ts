import { onTestFinished } from "vitest";
import { apacheKafkaAvailable, startApacheKafka } from "../../conformance/apache-kafka.ts";
import { postgres15Available, startPostgres15 } from "./postgres-15.ts";

/** Where the pipeline's Kafka and PostgreSQL come from. */
export interface Servers {
  readonly name: string;
  /** Why they cannot run here; null where they can. */
  unavailable(): string | null;
  /** Starts them for the current test; the flags of `up`, and of the commands that read. */
  start(): Promise<{ up: string[]; reads: string[] }>;
}

export const SERVERS: readonly Servers[] = [
  {
    name: "the embedded broker and the embedded PostgreSQL",
    unavailable: () => null,
    start: async () => ({ up: [], reads: [] }),
  },
  {
    name: "Apache Kafka and a PostgreSQL 15 server",
    unavailable: () => apacheKafkaAvailable() ?? postgres15Available(),
    async start() {
      const database = await startPostgres15();
      onTestFinished(() => database.stop());
      const kafka = await startApacheKafka();
      onTestFinished(() => kafka.stop());
      const url = ["--database-url", database.url];
      return { up: ["--brokers", kafka.brokers.join(","), ...url], reads: url };
    },
  },
];
