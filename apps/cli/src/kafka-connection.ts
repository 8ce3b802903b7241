import { type KafkaConnection, securityOf } from "@candlewick/kafka";
import type { Logger } from "@candlewick/runtime";
import type { Config } from "./configuration.ts";

/** How to reach the brokers, as the section `kafka` describes it; `part` is added to the client's id. */
export function kafkaConnectionOf(
  config: Pick<Config, "kafka">,
  brokers: readonly string[],
  logger: Logger,
  part?: string,
): KafkaConnection {
  const { clientId, security } = config.kafka;
  const { tls, sasl } = securityOf(security);
  if (sasl?.mechanism === "PLAIN" && tls === undefined && !brokers.every(isLoopback)) {
    logger.warn("the password goes to Kafka unencrypted: turn kafka.security.tls on", { brokers });
  }
  return {
    brokers,
    clientId: part === undefined ? clientId : `${clientId}-${part}`,
    logger,
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function isLoopback(address: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/i.test(address);
}
