import { api, array, int16, int32, list, nullableString, string, uuid } from "../schema.ts";

/** DeleteTopics, API key 20, versions 0 to 6. Fields as in Apache Kafka's DeleteTopicsRequest.json and DeleteTopicsResponse.json. */
export const deleteTopics = api({
  key: 20,
  name: "DeleteTopics",
  versions: [0, 6],
  flexibleFrom: 4,
  request: {
    topics: array(
      {
        name: nullableString("6+"),
        topicId: uuid("6+"),
      },
      "6+",
    ),
    topicNames: list(string(), "0-5"),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    responses: array({
      name: nullableString(),
      topicId: uuid("6+"),
      errorCode: int16(),
      errorMessage: nullableString("5+"),
    }),
  },
});
