import { CandlewickError } from "@candlewick/runtime";
import { GenericError } from "@platformatic/kafka";
import type { KafkaConnection } from "./connection.ts";
import { BrokerError, CODE, KAFKA_ERRORS, kafkaUnreachable } from "./errors.ts";

/** Error codes that mean a missing right. */
export const NOT_AUTHORISED: ReadonlySet<number> = new Set([
  CODE.topicAuthorizationFailed,
  CODE.groupAuthorizationFailed,
  CODE.clusterAuthorizationFailed,
  CODE.transactionalIdAuthorizationFailed,
]);

/** What to do where another member goes by the name of this one: any of its requests may be the one that tells. */
export const INSTANCE_IS_TAKEN =
  "Give each member a groupInstanceId of its own: another one has taken this one's.";

/**
 * A failure of a request as one of the catalogue: a broker's error code, or a connection that broke. What is
 * of the catalogue already, and what no broker and no network caused, stays as it is.
 */
export function catalogued(error: unknown, connection: Pick<KafkaConnection, "brokers" | "sasl">): Error {
  if (error instanceof CandlewickError) return error;
  if (error instanceof BrokerError) return ofBroker(error, connection);
  if (error instanceof GenericError) return kafkaUnreachable(connection.brokers, error);
  return error instanceof Error ? error : new Error(String(error));
}

/** Runs `action`; what it throws is of the catalogue. */
export async function cataloguing<Result>(
  connection: Pick<KafkaConnection, "brokers" | "sasl">,
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw catalogued(error, connection);
  }
}

function ofBroker(error: BrokerError, { sasl }: Pick<KafkaConnection, "sasl">): CandlewickError {
  if (NOT_AUTHORISED.has(error.brokerCode)) {
    const who = sasl === undefined ? "this client" : `the user ${userOf(sasl)}`;
    return new CandlewickError(
      KAFKA_ERRORS.notAuthorised,
      `Kafka does not let ${who} do this (${error.message}).`,
      "Grant it with kafka-acls or in your cloud's console, or configure another user in kafka.security.",
      { cause: error },
    );
  }
  if (error.retriable) {
    return new CandlewickError(
      KAFKA_ERRORS.unavailable,
      `Kafka cannot answer now (${error.message}).`,
      "Try again in a moment; if it goes on, check the brokers.",
      { cause: error },
    );
  }
  return new CandlewickError(
    KAFKA_ERRORS.refused,
    `Kafka refused it (${error.message}).`,
    error.brokerCode === CODE.fencedInstanceId
      ? INSTANCE_IS_TAKEN
      : "Correct what was asked for, or ask who runs the cluster.",
    { cause: error },
  );
}

/** How a person calls who a client is. */
export function userOf(sasl: NonNullable<KafkaConnection["sasl"]>): string {
  return sasl.mechanism === "OAUTHBEARER" ? `of the token (${sasl.token.name})` : sasl.username;
}
