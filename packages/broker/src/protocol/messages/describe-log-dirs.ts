import { api, array, bool, int16, int32, int64, list, nullableArray, string } from "../schema.ts";

/** DescribeLogDirs, API key 35, versions 1 to 5. Fields as in Apache Kafka's DescribeLogDirsRequest.json and DescribeLogDirsResponse.json. */
export const describeLogDirs = api({
  key: 35,
  name: "DescribeLogDirs",
  versions: [1, 5],
  flexibleFrom: 2,
  request: {
    topics: nullableArray({
      topic: string(),
      partitions: list(int32()),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16("3+"),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64("4+", -1),
      usableBytes: int64("4+", -1),
      isCordoned: bool("5+", false),
    }),
  },
});
