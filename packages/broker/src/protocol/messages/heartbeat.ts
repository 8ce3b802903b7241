import { api, int16, int32, nullableString, string } from "../schema.ts";

/** Heartbeat, API key 12, versions 0 to 4. Fields as in Apache Kafka's HeartbeatRequest.json and HeartbeatResponse.json. */
export const heartbeat = api({
  key: 12,
  name: "Heartbeat",
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: nullableString("3+"),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    errorCode: int16(),
  },
});
