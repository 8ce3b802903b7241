import { api, array, bool, int16, int32, int64, list, string } from "../schema.ts";

/** AddPartitionsToTxn, API key 24, versions 0 to 5. Fields as in Apache Kafka's AddPartitionsToTxnRequest.json and AddPartitionsToTxnResponse.json. */
export const addPartitionsToTxn = api({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactions: array(
      {
        transactionalId: string("4+"),
        producerId: int64("4+"),
        producerEpoch: int16("4+"),
        verifyOnly: bool("4+", false),
        topics: array(
          {
            name: string("4+"),
            partitions: list(int32(), "4+"),
          },
          "4+",
        ),
      },
      "4+",
    ),
    transactionalId: string("0-3"),
    producerId: int64("0-3"),
    producerEpoch: int16("0-3"),
    topics: array(
      {
        name: string("0-3"),
        partitions: list(int32(), "0-3"),
      },
      "0-3",
    ),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16("4+"),
    resultsByTransaction: array(
      {
        transactionalId: string("4+"),
        topicResults: array(
          {
            name: string("4+"),
            resultsByPartition: array(
              {
                partitionIndex: int32("4+"),
                partitionErrorCode: int16("4+"),
              },
              "4+",
            ),
          },
          "4+",
        ),
      },
      "4+",
    ),
    results: array(
      {
        name: string("0-3"),
        resultsByPartition: array(
          {
            partitionIndex: int32("0-3"),
            partitionErrorCode: int16("0-3"),
          },
          "0-3",
        ),
      },
      "0-3",
    ),
  },
});
