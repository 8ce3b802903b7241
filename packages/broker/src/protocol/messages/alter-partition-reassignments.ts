import { api, array, bool, int16, int32, nullableList, nullableString, string } from "../schema.ts";

/** AlterPartitionReassignments, API key 45, versions 0 to 1. Fields as in Apache Kafka's AlterPartitionReassignmentsRequest.json and AlterPartitionReassignmentsResponse.json. */
export const alterPartitionReassignments = api({
  key: 45,
  name: "AlterPartitionReassignments",
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    timeoutMs: int32("0+", 60_000),
    allowReplicationFactorChange: bool("1+", true),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: nullableList(int32()),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    allowReplicationFactorChange: bool("1+", true),
    errorCode: int16(),
    errorMessage: nullableString(),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
      }),
    }),
  },
});
