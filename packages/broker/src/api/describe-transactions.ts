import { ErrorCode } from "../protocol/error-code.ts";
import { describeTransactions as api } from "../protocol/messages/describe-transactions.ts";
import { type Handler, serve } from "./handler.ts";

/** DescribeTransactions, version 0. */
export const describeTransactions: Handler = serve(api, (request, { transactions }) => ({
  transactionStates: request.transactionalIds.map((transactionalId) => {
    const transaction = transactions.get(transactionalId);
    if (transaction === undefined) {
      return {
        errorCode: transactionalId === "" ? ErrorCode.INVALID_REQUEST : ErrorCode.TRANSACTIONAL_ID_NOT_FOUND,
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
      topics: [...transaction.partitions].map(([topic, partitions]) => ({
        topic,
        partitions: [...partitions],
      })),
    };
  }),
}));
