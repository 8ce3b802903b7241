import { api, array, bool, int8, int16, int32, nullableString, string } from "../schema.ts";

/** UpdateFeatures, API key 57, versions 0 to 2. Fields as in Apache Kafka's UpdateFeaturesRequest.json and UpdateFeaturesResponse.json. */
export const updateFeatures = api({
  key: 57,
  name: "UpdateFeatures",
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    timeoutMs: int32("0+", 60_000),
    featureUpdates: array({
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool("0", false),
      upgradeType: int8("1+", 1),
    }),
    validateOnly: bool("1+", false),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    results: array(
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: nullableString(),
      },
      "0-1",
    ),
  },
});
