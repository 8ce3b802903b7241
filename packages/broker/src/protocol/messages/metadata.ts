import {
  api,
  array,
  bool,
  int16,
  int32,
  list,
  nullableArray,
  nullableString,
  string,
  uuid,
} from "../schema.ts";

/** Metadata, API key 3, versions 0 to 13. Fields as in Apache Kafka's MetadataRequest.json and MetadataResponse.json. */
export const metadata = api({
  key: 3,
  name: "Metadata",
  versions: [0, 13],
  flexibleFrom: 9,
  request: {
    topics: nullableArray({
      topicId: uuid("10+"),
      name: nullableString(),
    }),
    allowAutoTopicCreation: bool("4+", true),
    includeClusterAuthorizedOperations: bool("8-10"),
    includeTopicAuthorizedOperations: bool("8+"),
  },
  response: {
    throttleTimeMs: int32("3+", 0),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: nullableString("1+"),
    }),
    clusterId: nullableString("2+"),
    controllerId: int32("1+", -1),
    topics: array({
      errorCode: int16(),
      name: nullableString(),
      topicId: uuid("10+"),
      isInternal: bool("1+", false),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32("7+", -1),
        replicaNodes: list(int32()),
        isrNodes: list(int32()),
        offlineReplicas: list(int32(), "5+"),
      }),
      topicAuthorizedOperations: int32("8+", -2147483648),
    }),
    clusterAuthorizedOperations: int32("8-10", -2147483648),
    errorCode: int16("13+"),
  },
});
