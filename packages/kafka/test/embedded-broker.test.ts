import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@candlewick/broker";
import { clusterSuite } from "./cluster-suite.ts";

clusterSuite(
  "with the embedded broker",
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "candlewick-broker-"));
    const options = { dataDir, autoCreateTopics: false, groupInitialRebalanceDelayMs: 0 };
    let broker = await startBroker(options);
    const { port } = broker;
    return {
      brokers: [broker.address],
      crash: () => broker.stop(),
      restart: async () => {
        broker = await startBroker({ ...options, port });
      },
      stop: async () => {
        await broker.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
  null,
);
