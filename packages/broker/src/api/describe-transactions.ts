import { Operation } from "../auth/acl.ts";
import { groupPartition } from "../groups/offset-records.ts";
import type { Settings } from "../options.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeTransactions as api } from "../protocol/messages/describe-transactions.ts";
import { CONSUMER_OFFSETS } from "../topics/internal-topics.ts";
import type { Transaction } from "../transactions/transaction.ts";
import { type Handler, serve } from "./handler.ts";

/** DescribeTransactions, version 0. */
export const describeTransactions: Handler = serve(api, (request, { transactions, access, settings }) => ({
  transactionStates: request.transactionalIds.map((transactionalId) => {
    const isHidden = !access.transactionalId(Operation.DESCRIBE, transactionalId);
    const transaction = isHidden ? undefined : transactions.get(transactionalId);
    if (transaction === undefined) {
      const missing =
        transactionalId === "" ? ErrorCode.INVALID_REQUEST : ErrorCode.TRANSACTIONAL_ID_NOT_FOUND;
      return {
        errorCode: isHidden ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED : missing,
        transactionalId,
        transactionState: "",
        transactionTimeoutMs: 0,
        transactionStartTimeMs: 0,
        producerId: 0,
        producerEpoch: 0,
        topics: [],
      };
    }
    return {
      errorCode: ErrorCode.NONE,
      transactionalId,
      transactionState: transaction.state,
      transactionTimeoutMs: transaction.timeoutMs,
      transactionStartTimeMs: transaction.state === "Empty" ? -1 : transaction.startedMs,
      producerId: transaction.producerId,
      producerEpoch: transaction.epoch,
      topics: [...placesOf(transaction, settings)]
        .filter(([topic]) => access.topic(Operation.DESCRIBE, topic))
        .map(([topic, partitions]) => ({
          topic,
          partitions: [...partitions],
        })),
    };
  }),
}));

/** The partitions of a transaction. The offsets of groups are in Kafka's own topic, as far as clients can see. */
function placesOf(
  { partitions, offsets }: Transaction,
  { offsetsTopicPartitions }: Settings,
): ReadonlyMap<string, Iterable<number>> {
  const groups = [...offsets.keys()].map((group) => groupPartition(group, offsetsTopicPartitions));
  return groups.length === 0 ? partitions : new Map([...partitions, [CONSUMER_OFFSETS, new Set(groups)]]);
}
