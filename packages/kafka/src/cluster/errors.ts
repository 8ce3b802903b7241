import { partitionName, type TopicPartition } from "@candlewick/contracts";
import { CandlewickError, ERRORS, type ErrorKind } from "@candlewick/runtime";
import { GenericError, MultipleErrors, protocolErrors, protocolErrorsCodesById } from "@platformatic/kafka";

/** The errors of this package that the common catalogue does not have. */
export const KAFKA_ERRORS = {
  unknownTopic: { code: "UNKNOWN_TOPIC", retry: "never", fault: "user" },
  bufferFull: { code: "PRODUCER_BUFFER_FULL", retry: "backoff", fault: "peer" },
  closed: { code: "KAFKA_CLIENT_CLOSED", retry: "never", fault: "bug" },
  deliveryFailed: { code: "DELIVERY_FAILED", retry: "backoff", fault: "peer" },
  deadlinePassed: { code: "KAFKA_DEADLINE_PASSED", retry: "backoff", fault: "peer" },
  corruptRecords: { code: "CORRUPT_RECORDS", retry: "never", fault: "peer" },
  brokerTooOld: { code: "BROKER_TOO_OLD", retry: "never", fault: "user" },
  refused: { code: "KAFKA_REFUSED", retry: "never", fault: "user" },
  groupInUse: { code: "GROUP_IN_USE", retry: "never", fault: "user" },
  unavailable: { code: "KAFKA_UNAVAILABLE", retry: "backoff", fault: "peer" },
  notAuthorised: { code: "KAFKA_NOT_AUTHORISED", retry: "never", fault: "user" },
  authenticationFailed: { code: "KAFKA_AUTHENTICATION_FAILED", retry: "never", fault: "user" },
  tlsFailed: { code: "KAFKA_TLS_FAILED", retry: "never", fault: "user" },
  registryUnavailable: { code: "SCHEMA_REGISTRY_UNAVAILABLE", retry: "backoff", fault: "peer" },
  tokenUnavailable: { code: "KAFKA_TOKEN_UNAVAILABLE", retry: "backoff", fault: "peer" },
} as const satisfies Record<string, ErrorKind>;

/** Error codes of the protocol that are acted upon by their meaning; the others only by being retriable. */
export const CODE = {
  none: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  messageTooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  recordListTooLarge: 18,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  topicAlreadyExists: 36,
  notController: 41,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  invalidProducerIdMapping: 49,
  transactionalIdAuthorizationFailed: 53,
  unknownProducerId: 59,
  groupIdNotFound: 69,
  memberIdRequired: 79,
  fencedInstanceId: 82,
  fencedMemberEpoch: 110,
  unreleasedInstanceId: 111,
  staleMemberEpoch: 113,
} as const;

/** An error code in a broker's answer. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  /** The number of the protocol. */
  readonly brokerCode: number;
  readonly retriable: boolean;

  constructor(brokerCode: number, doing: string, detail: string | null = null) {
    const known = protocolErrorsCodesById[brokerCode];
    super(`${known ?? `error ${brokerCode}`} while ${doing}${detail === null ? "" : `: ${detail}`}`);
    this.brokerCode = brokerCode;
    this.retriable = known !== undefined && protocolErrors[known]?.canRetry === true;
  }
}

/** Throws a BrokerError for any code but none. */
export function throwOnCode(code: number, doing: string, detail: string | null = null): void {
  if (code !== CODE.none) throw new BrokerError(code, doing, detail);
}

/** Whether the same request may succeed a little later. */
export function isRetriable(error: unknown): boolean {
  if (error instanceof BrokerError) return error.retriable;
  if (error instanceof CandlewickError) return error.retry === "backoff";
  if (error instanceof GenericError) return error.canRetry === true;
  if (error instanceof MultipleErrors) return error.errors.every(isRetriable);
  return false;
}

/** Attempts after which a topic that is missing is believed to be: a broker that starts may not know it yet. */
const MISSING_TOPIC_PATIENCE = 20;

/** The same in the midst of work, where a topic was there before. `failures` counts those in a row before this one. */
export function mayPass(error: unknown, failures: number): boolean {
  const missing = error instanceof CandlewickError && error.code === KAFKA_ERRORS.unknownTopic.code;
  return missing ? failures < MISSING_TOPIC_PATIENCE : isRetriable(error);
}

export function kafkaUnreachable(brokers: readonly string[], cause: unknown): CandlewickError {
  const reason = rootMessage(cause);
  // A broker that wants TLS or a name closes the connection without a word.
  const advice =
    reason === "Connection closed"
      ? "Check that it runs; where it wants TLS or a user, say so in kafka.security."
      : "Start it, or give the address where it listens.";
  const what = `Kafka does not answer at ${brokers.join(", ")} (${reason}).`;
  return new CandlewickError(ERRORS.kafkaUnreachable, what, advice, { cause });
}

export function unknownTopic(topic: string): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.unknownTopic,
    `The topic ${topic} does not exist.`,
    "Create it with `candlewick topics create`, or correct its name.",
  );
}

export function clientClosed(what: string): CandlewickError {
  return new CandlewickError(
    KAFKA_ERRORS.closed,
    `The ${what} is closed.`,
    "Use it before it is closed, or open another one.",
  );
}

/**
 * Records that should be read are not there: [wanted, first) where retention took them, or a stored offset
 * beyond the end, which means that the topic lost its tail or was created anew.
 */
export function offsetLost(
  partition: TopicPartition,
  wanted: bigint,
  first: bigint,
  end: bigint,
): CandlewickError {
  const name = partitionName(partition);
  const missing =
    wanted < first
      ? `the records ${wanted} to ${first - 1n} are gone`
      : `the offsets ${end} to ${wanted - 1n} were handled once and do not exist now`;
  return new CandlewickError(
    ERRORS.offsetLost,
    `${name} should go on at offset ${wanted}, but Kafka has ${first} to ${end}: ${missing}.`,
    "Backfill what is missing from the chain, or accept the loss explicitly and go on at the first offset that exists.",
  );
}

/** The innermost reason of an error as one phrase. */
export function rootMessage(error: unknown): string {
  let current = error;
  for (let depth = 0; depth < 10; depth++) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else if (current instanceof Error && current.cause !== undefined) current = current.cause;
    else break;
  }
  return current instanceof Error ? current.message : String(current);
}
