import {
  api,
  array,
  bool,
  float64,
  int8,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
} from "../schema.ts";

/** DescribeClientQuotas, API key 48, versions 0 to 1. Fields as in Apache Kafka's DescribeClientQuotasRequest.json and DescribeClientQuotasResponse.json. */
export const describeClientQuotas = api({
  key: 48,
  name: "DescribeClientQuotas",
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    components: array({
      entityType: string(),
      matchType: int8(),
      match: nullableString(),
    }),
    strict: bool(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    entries: nullableArray({
      entity: array({
        entityType: string(),
        entityName: nullableString(),
      }),
      values: array({
        key: string(),
        value: float64(),
      }),
    }),
  },
});
