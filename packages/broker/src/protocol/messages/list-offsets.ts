import { api, array, int8, int16, int32, int64, string } from "../schema.ts";

/** ListOffsets, API key 2, versions 1 to 11. Fields as in Apache Kafka's ListOffsetsRequest.json and ListOffsetsResponse.json. */
export const listOffsets = api({
  key: 2,
  name: "ListOffsets",
  versions: [1, 11],
  flexibleFrom: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8("2+"),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32("4+", -1),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32("10+"),
  },
  response: {
    throttleTimeMs: int32("2+", 0),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64("0+", -1),
        offset: int64("0+", -1),
        leaderEpoch: int32("4+", -1),
      }),
    }),
  },
});
