import { api, array, int16, int32, int64, list, string } from "../schema.ts";

/** DescribeTransactions, API key 65, version 0. Fields as in Apache Kafka's DescribeTransactionsRequest.json and DescribeTransactionsResponse.json. */
export const describeTransactions = api({
  key: 65,
  name: "DescribeTransactions",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    transactionalIds: list(string()),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    transactionStates: array({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array({
        topic: string(),
        partitions: list(int32()),
      }),
    }),
  },
});
