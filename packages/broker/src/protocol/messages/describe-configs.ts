import { api, array, bool, int8, int16, int32, nullableList, nullableString, string } from "../schema.ts";

/** DescribeConfigs, API key 32, versions 1 to 4. Fields as in Apache Kafka's DescribeConfigsRequest.json and DescribeConfigsResponse.json. */
export const describeConfigs = api({
  key: 32,
  name: "DescribeConfigs",
  versions: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: nullableList(string()),
    }),
    includeSynonyms: bool("0+", false),
    includeDocumentation: bool("3+", false),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: nullableString(),
        readOnly: bool(),
        configSource: int8("0+", -1),
        isSensitive: bool(),
        synonyms: array({
          name: string(),
          value: nullableString(),
          source: int8(),
        }),
        configType: int8("3+", 0),
        documentation: nullableString("3+"),
      }),
    }),
  },
});
