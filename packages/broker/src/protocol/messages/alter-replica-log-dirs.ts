import { api, array, int16, int32, list, string } from "../schema.ts";

/** AlterReplicaLogDirs, API key 34, versions 1 to 2. Fields as in Apache Kafka's AlterReplicaLogDirsRequest.json and AlterReplicaLogDirsResponse.json. */
export const alterReplicaLogDirs = api({
  key: 34,
  name: "AlterReplicaLogDirs",
  versions: [1, 2],
  flexibleFrom: 2,
  request: {
    dirs: array({
      path: string(),
      topics: array({
        name: string(),
        partitions: list(int32()),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
