import { type Broker, startBroker } from "@candlewick/broker";
import { afterAll, beforeAll, describe } from "vitest";
import { type Admin, createAdmin } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { deliverySuite } from "./delivery-suite.ts";
import { isolationSuite } from "./isolation-suite.ts";
import { connectionTo } from "./test-cluster.ts";

describe("with the embedded broker", () => {
  let broker: Broker;
  let admin: Admin;
  beforeAll(async () => {
    broker = await startBroker({ autoCreateTopics: false, groupInitialRebalanceDelayMs: 0 });
    admin = await createAdmin(connectionTo([broker.address]));
  });
  afterAll(async () => {
    await admin.close();
    await broker.stop();
  });
  const bench: Bench = {
    cluster: () => ({
      brokers: [broker.address],
      crash: () => broker.stop(),
      restart: async () => {},
      stop: () => broker.stop(),
    }),
    connection: () => connectionTo([broker.address]),
    admin: () => admin,
  };
  deliverySuite(bench);
  isolationSuite(bench);
});
