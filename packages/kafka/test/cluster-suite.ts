import { afterAll, beforeAll, describe } from "vitest";
import { type Admin, createAdmin, type KafkaConnection } from "../src/index.ts";
import { adminSuite } from "./admin-suite.ts";
import { consumerSuite } from "./consumer-suite.ts";
import { failureSuite } from "./failure-suite.ts";
import { membershipSuite } from "./membership-suite.ts";
import { producerSuite } from "./producer-suite.ts";
import { readerSuite } from "./reader-suite.ts";
import { connectionTo, type TestCluster } from "./test-cluster.ts";

/** What the tests of one cluster share. */
export interface Bench {
  cluster(): TestCluster;
  connection(): KafkaConnection;
  admin(): Admin;
}

/** All that this package promises, against one kind of Kafka. */
export function clusterSuite(
  name: string,
  start: () => Promise<TestCluster>,
  unavailable: string | null,
): void {
  const title = unavailable === null ? name : `${name} (not run: ${unavailable})`;
  describe.skipIf(unavailable !== null)(title, () => {
    let cluster: TestCluster | undefined;
    let admin: Admin | undefined;
    beforeAll(async () => {
      cluster = await start();
      admin = await createAdmin(connectionTo(cluster.brokers));
    });
    afterAll(async () => {
      await admin?.close();
      await cluster?.stop();
    });
    const bench: Bench = {
      cluster: () => started(cluster),
      connection: () => connectionTo(started(cluster).brokers),
      admin: () => started(admin),
    };
    adminSuite(bench);
    producerSuite(bench);
    consumerSuite(bench);
    readerSuite(bench);
    membershipSuite(bench);
    failureSuite(bench);
  });
}

function started<Part>(part: Part | undefined): Part {
  if (part === undefined) throw new Error("the cluster did not start");
  return part;
}
