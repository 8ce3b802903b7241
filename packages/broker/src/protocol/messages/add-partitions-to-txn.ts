import { api, array, int16, int32, int64, list, string } from "../schema.ts";

/** AddPartitionsToTxn, API key 24, versions 0 to 3. Fields as in Apache Kafka's AddPartitionsToTxnRequest.json and AddPartitionsToTxnResponse.json. */
export const addPartitionsToTxn = api({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: [0, 3],
  flexibleFrom: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    topics: array({
      name: string(),
      partitions: list(int32()),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      name: string(),
      resultsByPartition: array({
        partitionIndex: int32(),
        partitionErrorCode: int16(),
      }),
    }),
  },
});
