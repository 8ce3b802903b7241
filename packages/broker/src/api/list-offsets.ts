import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { listOffsets as api } from "../protocol/messages/list-offsets.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { LEADER_EPOCH, type PartitionLog } from "../storage/partition-log.ts";
import { firstRecordAt } from "../storage/record-search.ts";
import { leaderEpochError } from "./fetch.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

type PartitionAnswer = ResponseOf<typeof api>["topics"][number]["partitions"][number];

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
/** The first offset on the broker's own disk: there is no other. */
const EARLIEST_LOCAL = -4;
/** The last offset that was moved to other storage, and the first that waits for it: there is none of either. */
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;
const READ_COMMITTED = 1;
const ISOLATION_LEVELS: ReadonlySet<number> = new Set([0, READ_COMMITTED]);

/**
 * ListOffsets, versions 1 to 11: by time, or the earliest, the latest, or the one with the largest timestamp. Nothing is
 * kept elsewhere, so that what is said of other storage is what Apache Kafka says without it.
 * Inside a batch that cannot be opened, a time finds the first record.
 */
export const listOffsets: Handler = serve(api, (request, context) => {
  const mayAsk = request.topics.some(({ name }) => context.access.topic(Operation.DESCRIBE, name));
  if (mayAsk && !ISOLATION_LEVELS.has(request.isolationLevel))
    return refuseAll(request, ErrorCode.UNKNOWN_SERVER_ERROR);
  return { topics: topicAnswers(request, context) };
});

type Request = RequestOf<typeof api>;

/** Apache Kafka stumbles over a request that makes no sense as a whole. */
function refuseAll({ topics }: Request, errorCode: ErrorCode) {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  };
}

function topicAnswers(request: Request, context: RequestContext): ResponseOf<typeof api>["topics"] {
  const isHidden = ({ name }: Request["topics"][number]): boolean =>
    !context.access.topic(Operation.DESCRIBE, name);
  const hidden = request.topics.filter(isHidden).map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }): PartitionAnswer => {
      return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
    }),
  }));
  const byName = Map.groupBy(
    request.topics.filter((topic) => !isHidden(topic)),
    ({ name }) => name,
  );
  const told = [...byName].map(([name, asked]) => ({
    name,
    partitions: distinct(asked.flatMap(({ partitions }) => partitions)).map(
      ([wanted, another]): PartitionAnswer => {
        const { partitionIndex, timestamp, currentLeaderEpoch } = wanted;
        if (another !== undefined) return { partitionIndex, errorCode: ErrorCode.INVALID_REQUEST };
        if (context.version < versionOf(timestamp)) {
          return { partitionIndex, errorCode: ErrorCode.UNSUPPORTED_VERSION };
        }
        const topic = context.topics.get(name);
        if (topic !== undefined) context.offsetsView.show(topic);
        const log = topic?.partitions[partitionIndex];
        if (log === undefined) return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
        const epochError = leaderEpochError(currentLeaderEpoch);
        if (epochError !== ErrorCode.NONE) return { partitionIndex, errorCode: epochError };
        try {
          const found = find(log, timestamp, request.isolationLevel);
          return { partitionIndex, errorCode: ErrorCode.NONE, ...found };
        } catch (error) {
          const where = { topic: name, partition: partitionIndex };
          return { partitionIndex, errorCode: storageErrorCode(error, context.settings, where) };
        }
      },
    ),
  }));
  return [...hidden, ...told];
}

type Wanted = RequestOf<typeof api>["topics"][number]["partitions"][number];

/** A partition that is asked for more than once is refused, and answered once. */
function distinct(partitions: readonly Wanted[]): [Wanted, Wanted | undefined][] {
  return [...Map.groupBy(partitions, ({ partitionIndex }) => partitionIndex).values()].flatMap(
    ([first, second]): [Wanted, Wanted | undefined][] => (first === undefined ? [] : [[first, second]]),
  );
}

const SPECIAL_SINCE: Readonly<Record<number, number>> = {
  [MAX_TIMESTAMP]: 7,
  [EARLIEST_LOCAL]: 8,
  [LATEST_TIERED]: 9,
  [EARLIEST_PENDING_UPLOAD]: 11,
};

/** The first version in which a time, or one of the numbers that stand for a place, has its meaning. */
function versionOf(timestamp: number): number {
  if (timestamp >= EARLIEST) return 0;
  return SPECIAL_SINCE[timestamp] ?? Number.POSITIVE_INFINITY;
}

type Found = Pick<PartitionAnswer, "offset" | "timestamp" | "leaderEpoch">;
const NOT_FOUND: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 };

function find(log: PartitionLog, timestamp: number, isolationLevel: number): Found {
  switch (timestamp) {
    case LATEST: {
      const offset = isolationLevel === READ_COMMITTED ? log.lastStableOffset : log.highWatermark;
      return { offset, timestamp: -1, leaderEpoch: LEADER_EPOCH };
    }
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return NOT_FOUND;
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.startOffset, timestamp: -1, leaderEpoch: LEADER_EPOCH };
    case MAX_TIMESTAMP: {
      const batch = log.batchWithMaxTimestamp();
      if (batch === undefined) return NOT_FOUND;
      return {
        ...firstRecordAt(batch.bytes, batch.header, batch.header.maxTimestamp, 0),
        leaderEpoch: LEADER_EPOCH,
      };
    }
    default: {
      const batch = log.batchAtTimestamp(timestamp);
      if (batch === undefined) return NOT_FOUND;
      const found = firstRecordAt(batch.bytes, batch.header, timestamp, log.startOffset);
      return { ...found, leaderEpoch: LEADER_EPOCH };
    }
  }
}
