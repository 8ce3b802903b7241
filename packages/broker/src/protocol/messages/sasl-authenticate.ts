import { api, bytes, int16, int64, nullableString } from "../schema.ts";

/** SaslAuthenticate, API key 36, versions 0 to 2. Fields as in Apache Kafka's SaslAuthenticateRequest.json and SaslAuthenticateResponse.json. */
export const saslAuthenticate = api({
  key: 36,
  name: "SaslAuthenticate",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    authBytes: bytes(),
  },
  response: {
    errorCode: int16(),
    errorMessage: nullableString(),
    authBytes: bytes(),
    sessionLifetimeMs: int64("1+", 0),
  },
});
