import { api, array, int16, int32, int64, list, nullableString, string } from "../schema.ts";

/** DescribeProducers, API key 61, version 0. Fields as in Apache Kafka's DescribeProducersRequest.json and DescribeProducersResponse.json. */
export const describeProducers = api({
  key: 61,
  name: "DescribeProducers",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    topics: array({
      name: string(),
      partitionIndexes: list(int32()),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
        activeProducers: array({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32("0+", -1),
          lastTimestamp: int64("0+", -1),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64("0+", -1),
        }),
      }),
    }),
  },
});
