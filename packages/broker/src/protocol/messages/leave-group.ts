import { api, array, int16, int32, nullableString, string } from "../schema.ts";

/** LeaveGroup, API key 13, versions 0 to 5. Fields as in Apache Kafka's LeaveGroupRequest.json and LeaveGroupResponse.json. */
export const leaveGroup = api({
  key: 13,
  name: "LeaveGroup",
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    memberId: string("0-2"),
    members: array(
      {
        memberId: string("3+"),
        groupInstanceId: nullableString("3+"),
        reason: nullableString("5+"),
      },
      "3+",
    ),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    errorCode: int16(),
    members: array(
      {
        memberId: string("3+"),
        groupInstanceId: nullableString("3+"),
        errorCode: int16("3+"),
      },
      "3+",
    ),
  },
});
