import { api, array, int16, int32, int64, nullableString, string } from "../schema.ts";

/** TxnOffsetCommit, API key 28, versions 0 to 5. Fields as in Apache Kafka's TxnOffsetCommitRequest.json and TxnOffsetCommitResponse.json. */
export const txnOffsetCommit = api({
  key: 28,
  name: "TxnOffsetCommit",
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32("3+", -1),
    memberId: string("3+", ""),
    groupInstanceId: nullableString("3+"),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32("2+", -1),
        committedMetadata: nullableString(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
