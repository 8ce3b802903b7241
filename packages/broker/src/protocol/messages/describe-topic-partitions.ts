import {
  api,
  array,
  bool,
  int16,
  int32,
  list,
  nullableList,
  nullableString,
  nullableStruct,
  string,
  uuid,
} from "../schema.ts";

/** DescribeTopicPartitions, API key 75, version 0. Fields as in Apache Kafka's DescribeTopicPartitionsRequest.json and DescribeTopicPartitionsResponse.json. */
export const describeTopicPartitions = api({
  key: 75,
  name: "DescribeTopicPartitions",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    topics: array({
      name: string(),
    }),
    responsePartitionLimit: int32("0+", 2000),
    cursor: nullableStruct({
      topicName: string(),
      partitionIndex: int32(),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    topics: array({
      errorCode: int16(),
      name: nullableString(),
      topicId: uuid(),
      isInternal: bool("0+", false),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32("0+", -1),
        replicaNodes: list(int32()),
        isrNodes: list(int32()),
        eligibleLeaderReplicas: nullableList(int32()),
        lastKnownElr: nullableList(int32()),
        offlineReplicas: list(int32()),
      }),
      topicAuthorizedOperations: int32("0+", -2147483648),
    }),
    nextCursor: nullableStruct({
      topicName: string(),
      partitionIndex: int32(),
    }),
  },
});
