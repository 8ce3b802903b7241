import { api, array, int8, int16, int32, list, string } from "../schema.ts";

/**
 * ListConfigResources, API key 74, versions 0 to 1; version 0 was ListClientMetricsResources. Fields as in Apache
 * Kafka's ListConfigResourcesRequest.json and ListConfigResourcesResponse.json.
 */
export const listConfigResources = api({
  key: 74,
  name: "ListConfigResources",
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    resourceTypes: list(int8(), "1+"),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8("1+", 16),
    }),
  },
});
