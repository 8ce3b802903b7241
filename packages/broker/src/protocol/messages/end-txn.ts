import { api, bool, int16, int32, int64, string } from "../schema.ts";

/** EndTxn, API key 26, versions 0 to 5. Fields as in Apache Kafka's EndTxnRequest.json and EndTxnResponse.json. */
export const endTxn = api({
  key: 26,
  name: "EndTxn",
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    producerId: int64("5+", -1),
    producerEpoch: int16("5+", -1),
  },
});
