import {
  api,
  array,
  bool,
  int8,
  int16,
  int32,
  list,
  nullableArray,
  nullableString,
  string,
  tagged,
  uuid,
} from "../schema.ts";

/** CreateTopics, API key 19, versions 0 to 7. Fields as in Apache Kafka's CreateTopicsRequest.json and CreateTopicsResponse.json. */
export const createTopics = api({
  key: 19,
  name: "CreateTopics",
  versions: [0, 7],
  flexibleFrom: 5,
  request: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({
        partitionIndex: int32(),
        brokerIds: list(int32()),
      }),
      configs: array({
        name: string(),
        value: nullableString(),
      }),
    }),
    timeoutMs: int32("0+", 60000),
    validateOnly: bool("1+", false),
  },
  response: {
    throttleTimeMs: int32("2+", 0),
    topics: array({
      name: string(),
      topicId: uuid("7+"),
      errorCode: int16(),
      errorMessage: nullableString("1+"),
      topicConfigErrorCode: tagged(0, int16("5+")),
      numPartitions: int32("5+", -1),
      replicationFactor: int16("5+", -1),
      configs: nullableArray(
        {
          name: string("5+"),
          value: nullableString("5+"),
          readOnly: bool("5+"),
          configSource: int8("5+", -1),
          isSensitive: bool("5+"),
        },
        "5+",
      ),
    }),
  },
});
