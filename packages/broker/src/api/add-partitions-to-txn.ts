import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { addPartitionsToTxn as api } from "../protocol/messages/add-partitions-to-txn.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { Place } from "../transactions/transaction-coordinator.ts";
import { lastOfEach } from "./distinct.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { fencedCode } from "./producer-fencing.ts";
import { storageOutcome } from "./storage-failure.ts";

type Wanted = RequestOf<typeof api>["transactions"][number];
type TopicResults = NonNullable<ResponseOf<typeof api>["results"]>;

const FENCED_SINCE = 2;
/** From this version on only brokers ask, for several transactions at once. */
const BATCHES_SINCE = 4;

/**
 * AddPartitionsToTxn, versions 0 to 5: all partitions of a transaction or none. From version 4 on it is for brokers
 * among themselves, who may act on the cluster: they add, or ask whether a partition is in.
 */
export const addPartitionsToTxn: Handler = serve(api, async (request, context) => {
  if (context.version < BATCHES_SINCE) {
    const wanted = { ...request, verifyOnly: false };
    return { results: await resultsOf(wanted, context) };
  }
  if (!context.access.cluster(Operation.CLUSTER_ACTION)) {
    return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED };
  }
  const resultsByTransaction = await Promise.all(
    request.transactions.map(async (wanted) => ({
      transactionalId: wanted.transactionalId,
      topicResults: await resultsOf(wanted, context),
    })),
  );
  return { errorCode: ErrorCode.NONE, resultsByTransaction };
});

/** What comes of each partition of one transaction. */
async function resultsOf(wanted: Wanted, context: RequestContext): Promise<TopicResults> {
  const isClient = context.version < BATCHES_SINCE;
  if (isClient && !context.access.transactionalId(Operation.WRITE, wanted.transactionalId)) {
    return answered(wanted, () => ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  }
  const places = wanted.topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({ topic: name, partition })),
  );
  const problemOf = (place: Place): ErrorCode => placeError(place, isClient, context);
  if (places.some((place) => problemOf(place) !== ErrorCode.NONE)) return refused(places, problemOf);
  if (wanted.verifyOnly) return once(places, verified(wanted, context));
  return answered(wanted, await added(wanted, places, context));
}

function answered({ topics }: Pick<Wanted, "topics">, outcome: (place: Place) => ErrorCode): TopicResults {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: outcome({ topic: name, partition: partitionIndex }),
    })),
  }));
}

/** What is at fault is told of every partition once, under its topic; to the others nothing was done. */
function refused(places: readonly Place[], problemOf: (place: Place) => ErrorCode): TopicResults {
  return once(places, (place) => problemOf(place) || ErrorCode.OPERATION_NOT_ATTEMPTED);
}

/** Every partition once, under its topic. */
function once(places: readonly Place[], outcome: (place: Place) => ErrorCode): TopicResults {
  return [...Map.groupBy(places, ({ topic }) => topic)].map(([name, ofTopic]) => ({
    name,
    resultsByPartition: lastOfEach(ofTopic, ({ partition }) => partition).map((place) => ({
      partitionIndex: place.partition,
      partitionErrorCode: outcome(place),
    })),
  }));
}

function placeError(
  { topic, partition }: Place,
  isClient: boolean,
  { topics, access }: RequestContext,
): ErrorCode {
  if (isClient && !access.topic(Operation.WRITE, topic)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
  return topics.partition(topic, partition) === undefined
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.NONE;
}

async function added(
  wanted: Wanted,
  places: readonly Place[],
  { transactions, settings, version }: RequestContext,
): Promise<(place: Place) => ErrorCode> {
  const { transactionalId } = wanted;
  if (transactionalId === "") return () => ErrorCode.INVALID_REQUEST;
  const outcome = await storageOutcome(
    settings,
    { transactionalId },
    () => transactions.addPartitions(wanted, places),
    "coordinator",
  );
  const errorCode = fencedCode(outcome, version >= FENCED_SINCE);
  return () => errorCode;
}

function verified(wanted: Wanted, { transactions }: RequestContext): (place: Place) => ErrorCode {
  if (wanted.transactionalId === "") return () => ErrorCode.INVALID_REQUEST;
  return (place) => {
    const errorCode = transactions.verify(wanted, place);
    return errorCode === ErrorCode.INVALID_TXN_STATE ? ErrorCode.TRANSACTION_ABORTABLE : errorCode;
  };
}
