import { api, array, int16, int32, string } from "../schema.ts";

/** OffsetDelete, API key 47, version 0. Fields as in Apache Kafka's OffsetDeleteRequest.json and OffsetDeleteResponse.json. */
export const offsetDelete = api({
  key: 47,
  name: "OffsetDelete",
  versions: [0, 0],
  request: {
    groupId: string(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
  response: {
    errorCode: int16(),
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
