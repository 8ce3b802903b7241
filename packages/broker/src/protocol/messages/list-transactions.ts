import { api, array, int16, int32, int64, list, nullableString, string } from "../schema.ts";

/** ListTransactions, API key 66, versions 0 to 2. Fields as in Apache Kafka's ListTransactionsRequest.json and ListTransactionsResponse.json. */
export const listTransactions = api({
  key: 66,
  name: "ListTransactions",
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    stateFilters: list(string()),
    producerIdFilters: list(int64()),
    durationFilter: int64("1+", -1),
    transactionalIdPattern: nullableString("2+"),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    unknownStateFilters: list(string()),
    transactionStates: array({
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
});
