import { api, array, int16, int32, list, string } from "../schema.ts";

/** DeleteGroups, API key 42, versions 0 to 2. Fields as in Apache Kafka's DeleteGroupsRequest.json and DeleteGroupsResponse.json. */
export const deleteGroups = api({
  key: 42,
  name: "DeleteGroups",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    groupsNames: list(string()),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      groupId: string(),
      errorCode: int16(),
    }),
  },
});
