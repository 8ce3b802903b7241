import { api, int16, int32, int64, string } from "../schema.ts";

/** AddOffsetsToTxn, API key 25, versions 0 to 4. Fields as in Apache Kafka's AddOffsetsToTxnRequest.json and AddOffsetsToTxnResponse.json. */
export const addOffsetsToTxn = api({
  key: 25,
  name: "AddOffsetsToTxn",
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
  },
});
