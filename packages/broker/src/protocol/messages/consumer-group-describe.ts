import {
  api,
  array,
  bool,
  int8,
  int16,
  int32,
  list,
  nullableString,
  string,
  struct,
  uuid,
} from "../schema.ts";

const assignment = {
  topicPartitions: array({
    topicId: uuid(),
    topicName: string(),
    partitions: list(int32()),
  }),
};

/** ConsumerGroupDescribe, API key 69, versions 0 to 1. Fields as in Apache Kafka's ConsumerGroupDescribeRequest.json and ConsumerGroupDescribeResponse.json. */
export const consumerGroupDescribe = api({
  key: 69,
  name: "ConsumerGroupDescribe",
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    groupIds: list(string()),
    includeAuthorizedOperations: bool(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    groups: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      assignorName: string(),
      members: array({
        memberId: string(),
        instanceId: nullableString(),
        rackId: nullableString(),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: list(string()),
        subscribedTopicRegex: nullableString(),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8("1+", -1),
      }),
      authorizedOperations: int32("0+", -2147483648),
    }),
  },
});
