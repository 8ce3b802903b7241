import { api, array, int8, int16, int32, list, nullableString, string } from "../schema.ts";

/** FindCoordinator, API key 10, versions 0 to 6. Fields as in Apache Kafka's FindCoordinatorRequest.json and FindCoordinatorResponse.json. */
export const findCoordinator = api({
  key: 10,
  name: "FindCoordinator",
  versions: [0, 6],
  flexibleFrom: 3,
  request: {
    key: string("0-3"),
    keyType: int8("1+", 0),
    coordinatorKeys: list(string(), "4+"),
  },
  response: {
    throttleTimeMs: int32("1+", 0),
    errorCode: int16("0-3"),
    errorMessage: nullableString("1-3"),
    nodeId: int32("0-3"),
    host: string("0-3"),
    port: int32("0-3"),
    coordinators: array(
      {
        key: string("4+"),
        nodeId: int32("4+"),
        host: string("4+"),
        port: int32("4+"),
        errorCode: int16("4+"),
        errorMessage: nullableString("4+"),
      },
      "4+",
    ),
  },
});
