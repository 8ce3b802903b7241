import { api, array, bytes, int16, int32, nullableString, string } from "../schema.ts";

/** SyncGroup, API key 14, versions 0 to 5. Fields as in Apache Kafka's SyncGroupRequest.json and SyncGroupResponse.json. */
export const syncGroup = api({
  key: 14,
  name: "SyncGroup",
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: nullableString("3+"),
    protocolType: nullableString("5+"),
    protocolName: nullableString("5+"),
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    errorCode: int16(),
    protocolType: nullableString("5+"),
    protocolName: nullableString("5+"),
    assignment: bytes(),
  },
});
