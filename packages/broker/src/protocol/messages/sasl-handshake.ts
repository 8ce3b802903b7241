import { api, int16, list, string } from "../schema.ts";

/** SaslHandshake, API key 17, versions 0 to 1. Fields as in Apache Kafka's SaslHandshakeRequest.json and SaslHandshakeResponse.json. */
export const saslHandshake = api({
  key: 17,
  name: "SaslHandshake",
  versions: [0, 1],
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: int16(),
    mechanisms: list(string()),
  },
});
