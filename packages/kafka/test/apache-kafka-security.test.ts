import { apacheKafkaAvailable } from "../../../conformance/apache-kafka.ts";
import { startSecuredApacheKafka } from "./secured-apache-kafka.ts";
import { securitySuite } from "./security-suite.ts";

securitySuite("security with Apache Kafka", startSecuredApacheKafka, apacheKafkaAvailable());
