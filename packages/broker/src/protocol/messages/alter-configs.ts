import { api, array, bool, int8, int16, int32, nullableString, string } from "../schema.ts";

/** AlterConfigs, API key 33, versions 0 to 2. Fields as in Apache Kafka's AlterConfigsRequest.json and AlterConfigsResponse.json. */
export const alterConfigs = api({
  key: 33,
  name: "AlterConfigs",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
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
