import { api, array, int16, int32, int64, nullableString, string, uint16, uuid } from "../schema.ts";

const replicas = array({
  replicaId: int32(),
  replicaDirectoryId: uuid("2+"),
  logEndOffset: int64(),
  lastFetchTimestamp: int64("1+", -1),
  lastCaughtUpTimestamp: int64("1+", -1),
});

/** DescribeQuorum, API key 55, versions 0 to 2. Fields as in Apache Kafka's DescribeQuorumRequest.json and DescribeQuorumResponse.json. */
export const describeQuorum = api({
  key: 55,
  name: "DescribeQuorum",
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    topics: array({
      topicName: string(),
      partitions: array({ partitionIndex: int32() }),
    }),
  },
  response: {
    errorCode: int16(),
    errorMessage: nullableString("2+"),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: nullableString("2+"),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: replicas,
        observers: replicas,
      }),
    }),
    nodes: array(
      {
        nodeId: int32(),
        listeners: array({ name: string(), host: string(), port: uint16() }),
      },
      "2+",
    ),
  },
});
