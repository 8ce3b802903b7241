import {
  api,
  array,
  int16,
  int32,
  int64,
  nullableString,
  records,
  string,
  struct,
  tagged,
  uuid,
} from "../schema.ts";

/** Produce, API key 0, versions 0 to 13. Fields as in Apache Kafka's ProduceRequest.json and ProduceResponse.json. */
export const produce = api({
  key: 0,
  name: "Produce",
  versions: [0, 13],
  flexibleFrom: 9,
  request: {
    transactionalId: nullableString("3+"),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string("0-12"),
      topicId: uuid("13+"),
      partitionData: array({
        index: int32(),
        records: records(),
      }),
    }),
  },
  response: {
    responses: array({
      name: string("0-12"),
      topicId: uuid("13+"),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64("2+", -1),
        logStartOffset: int64("5+", -1),
        recordErrors: array(
          {
            batchIndex: int32("8+"),
            batchIndexErrorMessage: nullableString("8+"),
          },
          "8+",
        ),
        errorMessage: nullableString("8+"),
        currentLeader: tagged(
          0,
          struct(
            {
              leaderId: int32("10+", -1),
              leaderEpoch: int32("10+", -1),
            },
            "10+",
          ),
        ),
      }),
    }),
    throttleTimeMs: int32("1+", 0),
    nodeEndpoints: tagged(
      0,
      array(
        {
          nodeId: int32("10+"),
          host: string("10+"),
          port: int32("10+"),
          rack: nullableString("10+"),
        },
        "10+",
      ),
    ),
  },
});
