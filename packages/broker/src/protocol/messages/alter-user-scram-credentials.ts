import { api, array, bytes, int8, int16, int32, nullableString, string } from "../schema.ts";

/** AlterUserScramCredentials, API key 51, version 0. Fields as in Apache Kafka's AlterUserScramCredentialsRequest.json and AlterUserScramCredentialsResponse.json. */
export const alterUserScramCredentials = api({
  key: 51,
  name: "AlterUserScramCredentials",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    deletions: array({
      name: string(),
      mechanism: int8(),
    }),
    upsertions: array({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: nullableString(),
    }),
  },
});
