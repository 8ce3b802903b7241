import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { deleteRecords as api } from "../protocol/messages/delete-records.ts";
import { isInternalTopic } from "../topics/internal-topics.ts";
import { lastOfEach } from "./distinct.ts";
import { type Handler, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

const UP_TO_HIGH_WATERMARK = -1;

/** DeleteRecords, versions 0 to 2: moves the log's start forward, at most to the high watermark. */
export const deleteRecords: Handler = serve(api, (request, context) => ({
  topics: [...Map.groupBy(request.topics, ({ name }) => name)].map(([name, asked]) => ({
    name,
    partitions: lastOfEach(
      asked.flatMap(({ partitions }) => partitions),
      ({ partitionIndex }) => partitionIndex,
    ).map(({ partitionIndex, offset }) => {
      const log = context.topics.partition(name, partitionIndex);
      if (!context.access.topic(Operation.DELETE, name)) {
        return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED };
      }
      if (isInternalTopic(name)) {
        return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION };
      }
      if (log === undefined) {
        return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
      }
      if (context.topics.get(name)?.config.isDeleted === false) {
        return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.POLICY_VIOLATION };
      }
      const before = offset === UP_TO_HIGH_WATERMARK ? log.highWatermark : offset;
      if (before < 0 || before > log.highWatermark) {
        return { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE };
      }
      try {
        log.deleteBefore(before, context.clock.nowMs());
      } catch (error) {
        const where = { topic: name, partition: partitionIndex };
        return {
          partitionIndex,
          lowWatermark: -1,
          errorCode: storageErrorCode(error, context.settings, where),
        };
      }
      return { partitionIndex, lowWatermark: log.startOffset, errorCode: ErrorCode.NONE };
    }),
  })),
}));
