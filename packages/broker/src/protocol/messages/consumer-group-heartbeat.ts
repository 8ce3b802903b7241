import {
  api,
  array,
  int16,
  int32,
  list,
  nullableArray,
  nullableList,
  nullableString,
  nullableStruct,
  string,
  uuid,
} from "../schema.ts";

/** ConsumerGroupHeartbeat, API key 68, versions 0 to 1. Fields as in Apache Kafka's ConsumerGroupHeartbeatRequest.json and ConsumerGroupHeartbeatResponse.json. */
export const consumerGroupHeartbeat = api({
  key: 68,
  name: "ConsumerGroupHeartbeat",
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: nullableString(),
    rackId: nullableString(),
    rebalanceTimeoutMs: int32("0+", -1),
    subscribedTopicNames: nullableList(string()),
    subscribedTopicRegex: nullableString("1+"),
    serverAssignor: nullableString(),
    topicPartitions: nullableArray({
      topicId: uuid(),
      partitions: list(int32()),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    memberId: nullableString(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: nullableStruct({
      topicPartitions: array({
        topicId: uuid(),
        partitions: list(int32()),
      }),
    }),
  },
});
