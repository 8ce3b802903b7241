import { api, array, int16, int32, list, string } from "../schema.ts";

/** ListGroups, API key 16, versions 0 to 5. Fields as in Apache Kafka's ListGroupsRequest.json and ListGroupsResponse.json. */
export const listGroups = api({
  key: 16,
  name: "ListGroups",
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    statesFilter: list(string(), "4+"),
    typesFilter: list(string(), "5+"),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string("4+"),
      groupType: string("5+"),
    }),
  },
});
