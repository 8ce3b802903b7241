import { api, array, int16, int32, int64, string } from "../schema.ts";

/** OffsetForLeaderEpoch, API key 23, versions 2 to 4. Fields as in Apache Kafka's OffsetForLeaderEpochRequest.json and OffsetForLeaderEpochResponse.json. */
export const offsetForLeaderEpoch = api({
  key: 23,
  name: "OffsetForLeaderEpoch",
  versions: [2, 4],
  flexibleFrom: 4,
  request: {
    replicaId: int32("3+", -2),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32("0+", -1),
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32("0+", -1),
        endOffset: int64("0+", -1),
      }),
    }),
  },
});
