import { api, array, bool, int8, int16, int32, nullableString, string } from "../schema.ts";

/** DescribeCluster, API key 60, versions 0 to 2. Fields as in Apache Kafka's DescribeClusterRequest.json and DescribeClusterResponse.json. */
export const describeCluster = api({
  key: 60,
  name: "DescribeCluster",
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8("1+", 1),
    includeFencedBrokers: bool("2+"),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    endpointType: int8("1+", 1),
    clusterId: string(),
    controllerId: int32("0+", -1),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: nullableString(),
      isFenced: bool("2+"),
    }),
    clusterAuthorizedOperations: int32("0+", -2147483648),
  },
});
