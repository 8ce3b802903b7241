import { api, array, int8, int16, int32, nullableArray, nullableString, string } from "../schema.ts";

/** DescribeUserScramCredentials, API key 50, version 0. Fields as in Apache Kafka's DescribeUserScramCredentialsRequest.json and DescribeUserScramCredentialsResponse.json. */
export const describeUserScramCredentials = api({
  key: 50,
  name: "DescribeUserScramCredentials",
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    users: nullableArray({
      name: string(),
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: nullableString(),
      credentialInfos: array({
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
});
