import { api, array, bool, float64, int16, int32, nullableString, string } from "../schema.ts";

/** AlterClientQuotas, API key 49, versions 0 to 1. Fields as in Apache Kafka's AlterClientQuotasRequest.json and AlterClientQuotasResponse.json. */
export const alterClientQuotas = api({
  key: 49,
  name: "AlterClientQuotas",
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    entries: array({
      entity: array({
        entityType: string(),
        entityName: nullableString(),
      }),
      ops: array({
        key: string(),
        value: float64(),
        remove: bool(),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    entries: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      entity: array({
        entityType: string(),
        entityName: nullableString(),
      }),
    }),
  },
});
