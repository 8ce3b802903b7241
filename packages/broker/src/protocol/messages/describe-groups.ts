import { api, array, bool, bytes, int16, int32, list, nullableString, string } from "../schema.ts";

/** DescribeGroups, API key 15, versions 0 to 6. Fields as in Apache Kafka's DescribeGroupsRequest.json and DescribeGroupsResponse.json. */
export const describeGroups = api({
  key: 15,
  name: "DescribeGroups",
  versions: [0, 6],
  flexibleFrom: 5,
  request: {
    groups: list(string()),
    includeAuthorizedOperations: bool("3+"),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    groups: array({
      errorCode: int16(),
      errorMessage: nullableString("6+"),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: nullableString("4+"),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32("3+", -2147483648),
    }),
  },
});
