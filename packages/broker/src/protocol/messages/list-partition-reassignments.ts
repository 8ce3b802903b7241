import { api, array, int16, int32, list, nullableArray, nullableString, string } from "../schema.ts";

/** ListPartitionReassignments, API key 46, version 0. Fields as in Apache Kafka's ListPartitionReassignmentsRequest.json and ListPartitionReassignmentsResponse.json. */
export const listPartitionReassignments = api({
  key: 46,
  name: "ListPartitionReassignments",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    timeoutMs: int32("0+", 60_000),
    topics: nullableArray({
      name: string(),
      partitionIndexes: list(int32()),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: list(int32()),
        addingReplicas: list(int32()),
        removingReplicas: list(int32()),
      }),
    }),
  },
});
