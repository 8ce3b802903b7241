import { afterAll, beforeAll, describe } from "vitest";
import {
  type ApacheKafka,
  apacheKafkaAvailable,
  startApacheKafka,
} from "../../../conformance/apache-kafka.ts";
import { type Admin, createAdmin } from "../src/index.ts";
import type { Bench } from "./cluster-suite.ts";
import { deliverySuite } from "./delivery-suite.ts";
import { isolationSuite } from "./isolation-suite.ts";
import { connectionTo } from "./test-cluster.ts";

const unavailable = apacheKafkaAvailable();

describe.skipIf(unavailable !== null)(
  `with Apache Kafka${unavailable === null ? "" : ` (${unavailable})`}`,
  () => {
    let kafka: ApacheKafka;
    let admin: Admin;
    beforeAll(async () => {
      kafka = await startApacheKafka();
      admin = await createAdmin(connectionTo(kafka.brokers));
    });
    afterAll(async () => {
      await admin.close();
      await kafka.stop();
    });
    const bench: Bench = {
      cluster: () => ({
        brokers: kafka.brokers,
        crash: () => kafka.kill(),
        restart: () => kafka.restart(),
        stop: () => kafka.stop(),
      }),
      connection: () => connectionTo(kafka.brokers),
      admin: () => admin,
    };
    deliverySuite(bench);
    isolationSuite(bench);
  },
);
