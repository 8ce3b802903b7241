import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { produce as api } from "../protocol/messages/produce.ts";
import { MalformedMessage } from "../protocol/reader.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { PartitionLog } from "../storage/partition-log.ts";
import { stampAppendTime } from "../storage/record-batch.ts";
import { isInternalTopic } from "../topics/internal-topics.ts";
import type { Topic } from "../topics/topic-store.ts";
import { type CheckedBatch, checkBatch, readBatch } from "./batch-check.ts";
import { lastOfEach } from "./distinct.ts";
import { type Handler, NO_RESPONSE, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";
import { type Addressed, TransactionGate } from "./transaction-gate.ts";

/** With topic ids in place of names from this version on. */
const TOPIC_IDS_SINCE = 13;

/** The lower byte of a batch's attributes, and the bit in it that marks a transaction. */
const ATTRIBUTES_AT = 22;
const TRANSACTIONAL = 0x10;

const KNOWN_ACKS: ReadonlySet<number> = new Set([-1, 0, 1]);

type Request = RequestOf<typeof api>;
type PartitionResult = ResponseOf<typeof api>["responses"][number]["partitionResponses"][number];

/** A partition's answer, and how long it must wait before it may be sent. */
interface Outcome {
  readonly result: PartitionResult;
  readonly durable: { readonly log: PartitionLog; readonly endOffset: number } | undefined;
}

/** A topic that is asked for; it is undefined where nobody knows it, and its name where its id belongs to none. */
interface Wanted {
  readonly name: string | undefined;
  readonly topicId: string;
  readonly topic: Topic | undefined;
  readonly partitionData: Request["topicData"][number]["partitionData"];
}

/**
 * Produce, versions 0 to 13: the records of a transaction bring their partition into it from version 12 on, and topics
 * have ids in place of names in version 13. Batches of format 2 only: the message sets of Kafka before 0.11 are refused
 * with UNSUPPORTED_FOR_MESSAGE_FORMAT, although versions 0 to 2 are advertised (clients built on librdkafka compress
 * only then).
 */
export const produce: Handler = serve(api, async (request, context) => {
  const { acks } = request;
  const throttleTimeMs = throttle(context);
  const mayUseId = mayWriteTransaction(request, context);
  const wanted = wantedTopics(request, context);
  const gate = new TransactionGate(request.transactionalId, addressed(wanted, context), context);
  const { isOfSeveral } = gate;
  const responses = wanted.map((one) => ({
    ...one,
    outcomes: one.partitionData.map(({ index, records }) =>
      !mayUseId
        ? failed(index, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        : isOfSeveral
          ? failed(index, ErrorCode.INVALID_PRODUCER_ID_MAPPING)
          : append(context, request, gate, one, index, records),
    ),
  }));
  const settled = gate.settled();
  if (acks === 0) {
    const outcomes = responses.flatMap((response) => response.outcomes);
    const failure = outcomes.find(({ result }) => result.errorCode !== ErrorCode.NONE);
    if (failure === undefined) {
      await settled;
      return NO_RESPONSE;
    }
    // Nothing can be answered: the end of the connection is what tells the client, as in Kafka.
    throw new MalformedMessage(
      `a produce request without acks failed with error ${failure.result.errorCode}`,
    );
  }
  const whenSettled = async (outcome: Outcome): Promise<PartitionResult> => {
    const result = acks === -1 ? await whenDurable(outcome, context) : outcome.result;
    const errorCode = await settled;
    if (errorCode === ErrorCode.NONE || result.errorCode !== ErrorCode.NONE) return result;
    return failed(result.index, errorCode).result;
  };
  return {
    responses: await Promise.all(
      responses.map(async ({ name = "", topicId, outcomes }) => ({
        name,
        topicId,
        partitionResponses: await Promise.all(outcomes.map(whenSettled)),
      })),
    ),
    throttleTimeMs,
  };
});

function wantedTopics({ topicData }: Request, { topics, version }: RequestContext): Wanted[] {
  const isById = version >= TOPIC_IDS_SINCE;
  const named = topicData.filter(({ partitionData }) => partitionData.length > 0);
  const byTopic = Map.groupBy(named, ({ name, topicId }) => (isById ? topicId : name));
  return [...byTopic.values()].flatMap((asked): Wanted[] => {
    const [first] = asked;
    if (first === undefined) return [];
    const { name, topicId } = first;
    const topic = isById ? topics.getById(topicId) : topics.get(name);
    const partitionData = lastOfEach(
      asked.flatMap((one) => one.partitionData),
      ({ index }) => index,
    );
    return [{ name: isById ? topic?.name : name, topicId, topic, partitionData }];
  });
}

/** What there is of the partitions that a client may write to. */
function* addressed(wanted: readonly Wanted[], { access }: RequestContext): Generator<Addressed> {
  for (const { topic, partitionData } of wanted) {
    if (topic === undefined || !access.topic(Operation.WRITE, topic.name)) continue;
    for (const { index, records } of partitionData) {
      if (topic.partitions[index] !== undefined) yield { topic: topic.name, partition: index, records };
    }
  }
}

/** Counts the whole request against the client's quota. Returns for how long the client is kept silent. */
function throttle({
  throttles,
  authentication,
  clientId,
  requestBytes,
  clock,
  mute,
}: RequestContext): number {
  const throttleMs = throttles.produce.record(
    { user: authentication.user, clientId },
    requestBytes,
    clock.nowMs(),
  );
  if (throttleMs > 0) mute(throttleMs);
  return throttleMs;
}

/** The id matters only if there is a transactional batch; then there must be an id, and a right to it. */
function mayWriteTransaction({ transactionalId, topicData }: Request, { access }: RequestContext): boolean {
  const isTransactionalBatch = (records: Buffer | null): boolean =>
    records !== null &&
    records.length > ATTRIBUTES_AT &&
    (records.readInt8(ATTRIBUTES_AT) & TRANSACTIONAL) !== 0;
  if (transactionalId !== null && access.transactionalId(Operation.WRITE, transactionalId)) return true;
  return !topicData.some(({ partitionData }) =>
    partitionData.some(({ records }) => isTransactionalBatch(records)),
  );
}

function failed(
  index: number,
  errorCode: ErrorCode,
  errorMessage: string | null = null,
  log?: PartitionLog,
): Outcome {
  const logStartOffset = log?.startOffset ?? -1;
  return { result: { index, errorCode, baseOffset: -1, logStartOffset, errorMessage }, durable: undefined };
}

/** Names the records at fault: a client may send the others again without them. */
function blaming({ result }: Outcome, records: readonly number[], reason: string): Outcome {
  const recordErrors = records.map((batchIndex) => ({ batchIndex, batchIndexErrorMessage: reason }));
  return { result: { ...result, recordErrors }, durable: undefined };
}

function append(
  context: RequestContext,
  { acks }: Request,
  gate: TransactionGate,
  { name, topic }: Wanted,
  index: number,
  records: Buffer | null,
): Outcome {
  if (name === undefined) return failed(index, ErrorCode.UNKNOWN_TOPIC_ID);
  if (!context.access.topic(Operation.WRITE, name))
    return failed(index, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
  const log = topic?.partitions[index];
  if (topic === undefined || log === undefined) return failed(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const sent = readBatch(records, context.version);
  if (sent.kind === "refused") return refusal(index, sent);
  const errorCode = gate.admit(sent.header, { topic: name, partition: index }, log.producers);
  if (errorCode !== ErrorCode.NONE) return failed(index, errorCode);
  // What is asked of the whole request is looked at where there is something to append to, as in Apache Kafka.
  if (!KNOWN_ACKS.has(acks)) return failed(index, ErrorCode.INVALID_REQUIRED_ACKS);
  if (isInternalTopic(name)) return failed(index, ErrorCode.INVALID_TOPIC_EXCEPTION);
  const nowMs = context.clock.nowMs();
  const checked = checkBatch(sent, topic.config, nowMs);
  if (checked.kind === "refused") return refusal(index, checked, log);
  try {
    return appendBatch(topic, log, index, checked, nowMs);
  } catch (error) {
    return failed(index, storageErrorCode(error, context.settings, { topic: name, partition: index }));
  }
}

function refusal(
  index: number,
  { errorCode, reason, isWhole, records }: Extract<CheckedBatch, { kind: "refused" }>,
  log?: PartitionLog,
): Outcome {
  const outcome = failed(index, errorCode, reason, isWhole ? log : undefined);
  return records.length === 0 ? outcome : blaming(outcome, records, reason);
}

function appendBatch(
  topic: Topic,
  log: PartitionLog,
  index: number,
  { batch, header }: Extract<CheckedBatch, { kind: "sound" }>,
  nowMs: number,
): Outcome {
  const { usesAppendTime } = topic.config;
  if (usesAppendTime) stampAppendTime(batch, nowMs);
  const stamped = usesAppendTime ? { ...header, maxTimestamp: nowMs } : header;
  const appended = log.append(batch, stamped, nowMs);
  if (appended.kind === "rejected") return failed(index, appended.errorCode, null, log);
  const { baseOffset } = appended;
  // Of a duplicate Kafka remembers one time, and gives it whichever kind the topic has.
  const appendTimeMs = appended.kind === "duplicate" ? appended.timestampMs : usesAppendTime ? nowMs : -1;
  const result: PartitionResult = {
    index,
    errorCode: ErrorCode.NONE,
    baseOffset,
    logAppendTimeMs: appendTimeMs,
    logStartOffset: log.startOffset,
  };
  const endOffset = baseOffset + header.lastOffset - header.baseOffset + 1;
  return { result, durable: { log, endOffset } };
}

async function whenDurable({ result, durable }: Outcome, context: RequestContext): Promise<PartitionResult> {
  if (durable === undefined) return result;
  try {
    await durable.log.whenDurable(durable.endOffset);
    return result;
  } catch (error) {
    const errorCode = storageErrorCode(error, context.settings, { partition: result.index });
    return { index: result.index, errorCode, baseOffset: -1 };
  }
}
