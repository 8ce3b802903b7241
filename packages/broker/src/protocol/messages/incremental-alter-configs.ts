import { api, array, bool, int8, int16, int32, nullableString, string } from "../schema.ts";

/** IncrementalAlterConfigs, API key 44, versions 0 to 1. Fields as in Apache Kafka's IncrementalAlterConfigsRequest.json and IncrementalAlterConfigsResponse.json. */
export const incrementalAlterConfigs = api({
  key: 44,
  name: "IncrementalAlterConfigs",
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        configOperation: int8(),
        value: nullableString(),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    responses: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
});
