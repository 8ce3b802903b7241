import { api, array, bool, int16, int32, int64, string, tagged } from "../schema.ts";

/** ApiVersions, API key 18, versions 0 to 4. Fields as in Apache Kafka's ApiVersionsRequest.json and ApiVersionsResponse.json. */
export const apiVersions = api({
  key: 18,
  name: "ApiVersions",
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    clientSoftwareName: string("3+"),
    clientSoftwareVersion: string("3+"),
  },
  response: {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32("1+", 0),
    supportedFeatures: tagged(
      0,
      array(
        {
          name: string("3+"),
          minVersion: int16("3+"),
          maxVersion: int16("3+"),
        },
        "3+",
      ),
    ),
    finalizedFeaturesEpoch: tagged(1, int64("3+", -1)),
    finalizedFeatures: tagged(
      2,
      array(
        {
          name: string("3+"),
          maxVersionLevel: int16("3+"),
          minVersionLevel: int16("3+"),
        },
        "3+",
      ),
    ),
    zkMigrationReady: tagged(3, bool("3+", false)),
  },
});
