import { api, array, bool, bytes, int16, int32, nullableString, string } from "../schema.ts";

/** JoinGroup, API key 11, versions 0 to 9. Fields as in Apache Kafka's JoinGroupRequest.json and JoinGroupResponse.json. */
export const joinGroup = api({
  key: 11,
  name: "JoinGroup",
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32("1+", -1),
    memberId: string(),
    groupInstanceId: nullableString("5+"),
    protocolType: string(),
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    reason: nullableString("8+"),
  },
  response: {
    throttleTimeMs: int32("2+", 0),
    errorCode: int16(),
    generationId: int32("0+", -1),
    protocolType: nullableString("7+"),
    protocolName: nullableString(),
    leader: string(),
    skipAssignment: bool("9+", false),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: nullableString("5+"),
      metadata: bytes(),
    }),
  },
});
