import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeProducers as api } from "../protocol/messages/describe-producers.ts";
import { isValidTopicName } from "../topics/topic-store.ts";
import { type Handler, serve } from "./handler.ts";

/** DescribeProducers, version 0: who writes to a partition with a producer id. */
export const describeProducers: Handler = serve(api, (request, { topics, access }) => ({
  topics: request.topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      if (!access.topic(Operation.READ, name)) {
        return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, activeProducers: [] };
      }
      const log = topics.partition(name, partitionIndex);
      if (log === undefined) {
        const errorCode = isValidTopicName(name)
          ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
          : ErrorCode.INVALID_TOPIC_EXCEPTION;
        return { partitionIndex, errorCode, activeProducers: [] };
      }
      const activeProducers = [...log.producers.entries()].map(([producerId, entry]) => ({
        producerId,
        producerEpoch: entry.epoch,
        lastSequence: entry.batches.at(-1)?.lastSequence ?? -1,
        lastTimestamp: entry.lastTimestampMs,
        coordinatorEpoch: 0,
        currentTxnStartOffset: entry.transactionStart,
      }));
      return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers };
    }),
  })),
}));
