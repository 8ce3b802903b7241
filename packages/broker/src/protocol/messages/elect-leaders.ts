import { api, array, int8, int16, int32, list, nullableArray, nullableString, string } from "../schema.ts";

/** ElectLeaders, API key 43, versions 0 to 2. Fields as in Apache Kafka's ElectLeadersRequest.json and ElectLeadersResponse.json. */
export const electLeaders = api({
  key: 43,
  name: "ElectLeaders",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    electionType: int8("1+"),
    topicPartitions: nullableArray({
      topic: string(),
      partitions: list(int32()),
    }),
    timeoutMs: int32("0+", 60_000),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16("1+"),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
      }),
    }),
  },
});
