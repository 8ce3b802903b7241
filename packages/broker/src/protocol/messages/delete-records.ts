import { api, array, int16, int32, int64, string } from "../schema.ts";

/** DeleteRecords, API key 21, versions 0 to 2. Fields as in Apache Kafka's DeleteRecordsRequest.json and DeleteRecordsResponse.json. */
export const deleteRecords = api({
  key: 21,
  name: "DeleteRecords",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        offset: int64(),
      }),
    }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
});
