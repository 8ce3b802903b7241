import { api, array, bool, int16, int32, list, nullableArray, nullableString, string } from "../schema.ts";

/** CreatePartitions, API key 37, versions 0 to 3. Fields as in Apache Kafka's CreatePartitionsRequest.json and CreatePartitionsResponse.json. */
export const createPartitions = api({
  key: 37,
  name: "CreatePartitions",
  versions: [0, 3],
  flexibleFrom: 2,
  request: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: nullableArray({
        brokerIds: list(int32()),
      }),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: nullableString(),
    }),
  },
});
