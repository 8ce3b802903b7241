import { apacheKafkaAvailable, startApacheKafka } from "../../../conformance/apache-kafka.ts";
import { clusterSuite } from "./cluster-suite.ts";

clusterSuite(
  "with Apache Kafka",
  async () => {
    const kafka = await startApacheKafka();
    return {
      brokers: kafka.brokers,
      crash: () => kafka.kill(),
      restart: () => kafka.restart(),
      stop: () => kafka.stop(),
    };
  },
  apacheKafkaAvailable(),
);
