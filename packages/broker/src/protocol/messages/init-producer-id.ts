import { api, int16, int32, int64, nullableString } from "../schema.ts";

/** InitProducerId, API key 22, versions 0 to 5. Fields as in Apache Kafka's InitProducerIdRequest.json and InitProducerIdResponse.json. */
export const initProducerId = api({
  key: 22,
  name: "InitProducerId",
  versions: [0, 5],
  flexibleFrom: 2,
  request: {
    transactionalId: nullableString(),
    transactionTimeoutMs: int32(),
    producerId: int64("3+", -1),
    producerEpoch: int16("3+", -1),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    producerId: int64("0+", -1),
    producerEpoch: int16(),
  },
});
