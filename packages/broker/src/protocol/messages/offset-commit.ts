import { api, array, int16, int32, int64, nullableString, string, uuid } from "../schema.ts";

/** OffsetCommit, API key 8, versions 2 to 10. Fields as in Apache Kafka's OffsetCommitRequest.json and OffsetCommitResponse.json. */
export const offsetCommit = api({
  key: 8,
  name: "OffsetCommit",
  versions: [2, 10],
  flexibleFrom: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32("0+", -1),
    memberId: string(),
    groupInstanceId: nullableString("7+"),
    retentionTimeMs: int64("2-4", -1),
    topics: array({
      name: string("0-9"),
      topicId: uuid("10+"),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32("6+", -1),
        committedMetadata: nullableString(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32("3+", 0),
    topics: array({
      name: string("0-9"),
      topicId: uuid("10+"),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
});
