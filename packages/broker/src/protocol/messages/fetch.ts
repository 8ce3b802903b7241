import {
  api,
  array,
  int8,
  int16,
  int32,
  int64,
  list,
  nullableArray,
  nullableString,
  records,
  string,
  struct,
  tagged,
  uuid,
} from "../schema.ts";

/** What stands for a high watermark that a follower does not tell: the largest of 64 bits. */
const UNKNOWN_WATERMARK = Number(0x7fff_ffff_ffff_ffffn);

/** Fetch, API key 1, versions 4 to 18. Fields as in Apache Kafka's FetchRequest.json and FetchResponse.json. */
export const fetch = api({
  key: 1,
  name: "Fetch",
  versions: [4, 18],
  flexibleFrom: 12,
  request: {
    clusterId: tagged(0, nullableString("12+")),
    replicaId: int32("0-14", -1),
    replicaState: tagged(
      1,
      struct(
        {
          replicaId: int32("15+", -1),
          replicaEpoch: int64("15+", -1),
        },
        "15+",
      ),
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32("0+", 2147483647),
    isolationLevel: int8("0+", 0),
    sessionId: int32("7+", 0),
    sessionEpoch: int32("7+", -1),
    topics: array({
      topic: string("0-12"),
      topicId: uuid("13+"),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32("9+", -1),
        fetchOffset: int64(),
        lastFetchedEpoch: int32("12+", -1),
        logStartOffset: int64("5+", -1),
        partitionMaxBytes: int32(),
        replicaDirectoryId: tagged(0, uuid("17+")),
        highWatermark: tagged(1, int64("18+", UNKNOWN_WATERMARK)),
      }),
    }),
    forgottenTopicsData: array(
      {
        topic: string("7-12"),
        topicId: uuid("13+"),
        partitions: list(int32(), "7+"),
      },
      "7+",
    ),
    rackId: string("11+", ""),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16("7+"),
    sessionId: int32("7+", 0),
    responses: array({
      topic: string("0-12"),
      topicId: uuid("13+"),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64("0+", -1),
        logStartOffset: int64("5+", -1),
        divergingEpoch: tagged(
          0,
          struct(
            {
              epoch: int32("12+", -1),
              endOffset: int64("12+", -1),
            },
            "12+",
          ),
        ),
        currentLeader: tagged(
          1,
          struct(
            {
              leaderId: int32("12+", -1),
              leaderEpoch: int32("12+", -1),
            },
            "12+",
          ),
        ),
        snapshotId: tagged(
          2,
          struct(
            {
              endOffset: int64("0+", -1),
              epoch: int32("0+", -1),
            },
            "12+",
          ),
        ),
        abortedTransactions: nullableArray({
          producerId: int64(),
          firstOffset: int64(),
        }),
        preferredReadReplica: int32("11+", -1),
        records: records(),
      }),
    }),
    nodeEndpoints: tagged(
      0,
      array(
        {
          nodeId: int32("16+"),
          host: string("16+"),
          port: int32("16+"),
          rack: nullableString("16+"),
        },
        "16+",
      ),
    ),
  },
});
