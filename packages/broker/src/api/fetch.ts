import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { fetch as api } from "../protocol/messages/fetch.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { LEADER_EPOCH, type PartitionLog } from "../storage/partition-log.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

type Request = RequestOf<typeof api>;
type Response = ResponseOf<typeof api>;
type Topics = Response["responses"];
type PartitionRequest = Request["topics"][number]["partitions"][number];
type PartitionData = Topics[number]["partitions"][number];

/** With topic ids instead of names from this version on. */
const TOPIC_IDS_SINCE = 13;
const READ_COMMITTED = 1;
/** Of clients that do not know the leader's epoch; in a fetch every number below it says the same. */
const NO_EPOCH = -1;
const ISOLATION_LEVELS: ReadonlySet<number> = new Set([0, READ_COMMITTED]);

/**
 * Fetch, versions 4 to 18: a long poll that ends when enough bytes are there, when something is wrong with a
 * partition, or when the time is over. Left out: fetch sessions (declined with session id 0, so clients send
 * whole requests) and fetching by followers, as there are none.
 */
export const fetch: Handler = serve(api, async (given, context) => {
  const { sessionEpoch } = given;
  // Epochs 0 and -1 ask for a new session or for none; anything else continues one that never was.
  if (sessionEpoch > 0) {
    return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] };
  }
  const request = { ...given, topics: merged(given.topics) };
  const logs = watchedLogs(request, context);
  if (logs.length > 0 && !ISOLATION_LEVELS.has(given.isolationLevel)) return refuseAll(given, context);
  let read = readAll(request, context);
  if (request.maxWaitMs > 0 && !read.mustAnswer && read.bytes < request.minBytes) {
    context.watch?.pause();
    await enoughBytes(request, context, logs);
    context.watch?.resume();
    read = readAll(request, context);
  }
  // Whoever takes too much time gets nothing, and that does not count among the bytes that it gets.
  const silenceMs = context.watch?.silenceMs(context.clock.nowMs()) ?? 0;
  if (silenceMs > 0) return { errorCode: ErrorCode.NONE, sessionId: 0, responses: [] };
  const client = { user: context.authentication.user, clientId: context.clientId };
  const { throttleMs, isSent } = context.throttles.fetch.admit(client, read.bytes, context.clock.nowMs());
  if (throttleMs > 0) context.mute(throttleMs);
  const responses = isSent ? read.responses : [];
  return { errorCode: ErrorCode.NONE, sessionId: 0, responses, throttleTimeMs: throttleMs };
});

/** One entry for each topic, one for each partition: where a client repeats itself, what it said last counts. */
function merged(topics: Request["topics"]): Request["topics"] {
  if (topics.length === 1 && topics[0]?.partitions.length === 1) return topics;
  const byTopic = Map.groupBy(topics, ({ topic, topicId }) => `${topicId} ${topic}`);
  return [...byTopic.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const wanted = same.flatMap(({ partitions }) => partitions);
    return [{ ...first, partitions: [...new Map(wanted.map((one) => [one.partition, one])).values()] }];
  });
}

/** Apache Kafka stumbles over an isolation level that it does not know, once for each time that a place is named. */
function refuseAll({ topics, sessionId }: Request, { version }: RequestContext): Response {
  const errorCode = ErrorCode.UNKNOWN_SERVER_ERROR;
  if (version >= TOPIC_IDS_SINCE) return { errorCode, sessionId, responses: [] };
  const responses = topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => ({
      ...failure(partition, errorCode).data,
      abortedTransactions: [],
    })),
  }));
  return { errorCode, sessionId, responses };
}

interface WatchedLog {
  readonly log: PartitionLog;
  readonly fetchOffset: number;
  readonly maxBytes: number;
}

function logOf(
  topic: Request["topics"][number],
  partition: number,
  context: RequestContext,
): PartitionLog | undefined {
  const { topics, version, access } = context;
  const found = version >= TOPIC_IDS_SINCE ? topics.getById(topic.topicId) : topics.get(topic.topic);
  if (found === undefined || !access.topic(Operation.READ, found.name)) return undefined;
  context.offsetsView.show(found);
  return found.partitions[partition];
}

function watchedLogs(request: Request, context: RequestContext): WatchedLog[] {
  return request.topics.flatMap((topic) =>
    topic.partitions.flatMap(({ partition, fetchOffset, partitionMaxBytes }) => {
      const log = logOf(topic, partition, context);
      return log === undefined ? [] : [{ log, fetchOffset, maxBytes: partitionMaxBytes }];
    }),
  );
}

/** Resolves when the partitions together have the bytes asked for, one of them ends, or the time is over. */
function enoughBytes(request: Request, context: RequestContext, logs: readonly WatchedLog[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isChecking = false;
  const check = (): void => {
    isChecking = false;
    let bytes = 0;
    for (const { log, fetchOffset, maxBytes } of logs) {
      if (log.isClosed) {
        finish();
        return;
      }
      bytes += Math.min(log.bytesFrom(fetchOffset, maxBytes), Math.max(maxBytes, 1));
      if (bytes >= request.minBytes) {
        finish();
        return;
      }
    }
  };
  // Appends come in bursts: one check for all that happened in this turn of the event loop.
  const onAdvance = (): void => {
    if (isChecking) return;
    isChecking = true;
    queueMicrotask(check);
  };
  const stops = logs.map(({ log }) => log.onAdvance(onAdvance));
  const timer = context.clock.setTimer(request.maxWaitMs, () => finish());
  const finish = (): void => {
    timer.cancel();
    for (const stop of stops) stop();
    resolve();
  };
  return promise;
}

interface ReadResult {
  readonly responses: Topics;
  readonly bytes: number;
  /** Something must be told at once, whatever the number of bytes. */
  readonly mustAnswer: boolean;
}

function readAll(request: Request, context: RequestContext): ReadResult {
  // Where clients let their answers lie, the first batch below is all that others get at a time.
  const { memory, settings, throttles, authentication, clientId } = context;
  let left = Math.min(
    Math.max(request.maxBytes, 0),
    settings.fetchMaxBytes,
    memory.answers.left,
    throttles.fetch.largest({ user: authentication.user, clientId }),
  );
  let bytes = 0;
  let mustAnswer = request.topics.length === 0;
  const responses = request.topics.map((topic) => ({
    topic: topic.topic,
    topicId: topic.topicId,
    partitions: topic.partitions.map((wanted) => {
      const log = logOf(topic, wanted.partition, context);
      const { data, size } =
        log === undefined
          ? unknown(wanted.partition, topic, context)
          : readPartition(log, wanted, request.isolationLevel, left, bytes === 0, context);
      left = Math.max(0, left - size);
      bytes += size;
      mustAnswer ||= data.errorCode !== ErrorCode.NONE;
      return data;
    }),
  }));
  return { responses, bytes, mustAnswer };
}

interface PartitionRead {
  readonly data: PartitionData;
  readonly size: number;
}

function failure(partitionIndex: number, errorCode: ErrorCode): PartitionRead {
  return { data: { partitionIndex, errorCode, highWatermark: -1, records: [] }, size: 0 };
}

function unknown(
  partitionIndex: number,
  topic: Request["topics"][number],
  { topics, version, access }: RequestContext,
): PartitionRead {
  const hasIds = version >= TOPIC_IDS_SINCE;
  const name = hasIds ? topics.getById(topic.topicId)?.name : topic.topic;
  const isHidden = name !== undefined && !access.topic(Operation.READ, name);
  const unknownCode = name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const code = isHidden ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : unknownCode;
  const { data, size } = failure(partitionIndex, code);
  return { data: { ...data, abortedTransactions: [] }, size };
}

function readPartition(
  log: PartitionLog,
  wanted: PartitionRequest,
  isolationLevel: number,
  left: number,
  isFirst: boolean,
  context: RequestContext,
): PartitionRead {
  const partitionIndex = wanted.partition;
  const fail = (errorCode: ErrorCode): PartitionRead => failure(partitionIndex, errorCode);
  const epochError = leaderEpochError(Math.max(NO_EPOCH, wanted.currentLeaderEpoch));
  if (epochError !== ErrorCode.NONE) return fail(epochError);
  const { highWatermark, startOffset, endOffset } = log;
  if (wanted.lastFetchedEpoch > LEADER_EPOCH) return fail(ErrorCode.OFFSET_OUT_OF_RANGE);
  if (wanted.lastFetchedEpoch === LEADER_EPOCH && wanted.fetchOffset > endOffset)
    return diverging(log, partitionIndex);
  if (wanted.fetchOffset < startOffset || wanted.fetchOffset > endOffset)
    return fail(ErrorCode.OFFSET_OUT_OF_RANGE);
  const readCommitted = isolationLevel === READ_COMMITTED;
  const end = readCommitted ? log.lastStableOffset : highWatermark;
  const maxBytes = Math.min(wanted.partitionMaxBytes, left);
  try {
    // The first batch of the whole answer goes out even if it is larger than asked for: a client must be able
    // to get past it. Later ones must fit.
    const slice = maxBytes > 0 || isFirst ? log.read(wanted.fetchOffset, maxBytes, end) : undefined;
    const fits = slice !== undefined && (isFirst || slice.bytes.length <= maxBytes);
    const records = fits ? [slice.bytes] : [];
    const aborted =
      fits && readCommitted ? log.producers.abortedBetween(wanted.fetchOffset, slice.lastOffset + 1) : [];
    const data: PartitionData = {
      partitionIndex,
      errorCode: ErrorCode.NONE,
      highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: startOffset,
      abortedTransactions: readCommitted ? aborted : null,
      records,
    };
    return { data, size: fits ? slice.bytes.length : 0 };
  } catch (error) {
    return fail(storageErrorCode(error, context.settings, { partition: partitionIndex }));
  }
}

/** Whoever has read further than the epoch goes is told where it ends. */
function diverging(log: PartitionLog, partitionIndex: number): PartitionRead {
  const { highWatermark, lastStableOffset, startOffset, endOffset } = log;
  const data: PartitionData = {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset: startOffset,
    divergingEpoch: { epoch: LEADER_EPOCH, endOffset },
    abortedTransactions: null,
    records: [],
  };
  return { data, size: 0 };
}

/** Compares the leader epoch that a client believes in (-1: none) with the only one there is. */
export function leaderEpochError(epoch: number): ErrorCode {
  if (epoch === NO_EPOCH || epoch === LEADER_EPOCH) return ErrorCode.NONE;
  return epoch > LEADER_EPOCH ? ErrorCode.UNKNOWN_LEADER_EPOCH : ErrorCode.FENCED_LEADER_EPOCH;
}
