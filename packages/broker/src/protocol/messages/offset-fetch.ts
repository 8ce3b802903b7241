import {
  api,
  array,
  bool,
  int16,
  int32,
  int64,
  list,
  nullableArray,
  nullableString,
  string,
  uuid,
} from "../schema.ts";

/** OffsetFetch, API key 9, versions 1 to 10. Fields as in Apache Kafka's OffsetFetchRequest.json and OffsetFetchResponse.json. */
export const offsetFetch = api({
  key: 9,
  name: "OffsetFetch",
  versions: [1, 10],
  flexibleFrom: 6,
  request: {
    groupId: string("0-7"),
    topics: nullableArray(
      {
        name: string("0-7"),
        partitionIndexes: list(int32(), "0-7"),
      },
      "0-7",
    ),
    groups: array(
      {
        groupId: string("8+"),
        memberId: nullableString("9+"),
        memberEpoch: int32("9+", -1),
        topics: nullableArray(
          {
            name: string("8-9"),
            topicId: uuid("10+"),
            partitionIndexes: list(int32(), "8+"),
          },
          "8+",
        ),
      },
      "8+",
    ),
    requireStable: bool("7+", false),
  },
  response: {
    throttleTimeMs: int32("3+", 0),
    topics: array(
      {
        name: string("0-7"),
        partitions: array(
          {
            partitionIndex: int32("0-7"),
            committedOffset: int64("0-7"),
            committedLeaderEpoch: int32("5-7", -1),
            metadata: nullableString("0-7"),
            errorCode: int16("0-7"),
          },
          "0-7",
        ),
      },
      "0-7",
    ),
    errorCode: int16("2-7", 0),
    groups: array(
      {
        groupId: string("8+"),
        topics: array(
          {
            name: string("8-9"),
            topicId: uuid("10+"),
            partitions: array(
              {
                partitionIndex: int32("8+"),
                committedOffset: int64("8+"),
                committedLeaderEpoch: int32("8+", -1),
                metadata: nullableString("8+"),
                errorCode: int16("8+"),
              },
              "8+",
            ),
          },
          "8+",
        ),
        errorCode: int16("8+", 0),
      },
      "8+",
    ),
  },
});
