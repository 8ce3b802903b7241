import { expect, test } from "vitest";
import { CandlewickError, ERRORS, isSecretName, redact, redactText, suggest } from "../src/index.ts";

test.each([
  ["password", true],
  ["PGPASSWORD", true],
  ["sasl_password", true],
  ["saslMechanism", false],
  ["client-secret", true],
  ["apiKey", true],
  ["api_key", true],
  ["x-token", true],
  ["token", true],
  ["authToken", true],
  ["Authorization", true],
  ["tokenVolume", false],
  ["token_addr", false],
  ["partitionKey", false],
  ["key", false],
])("%s is a secret: %s", (name, secret) => expect(isSecretName(name)).toBe(secret));

test.each([
  ["postgres://u:p@h:1/d", "postgres://[redacted]@h:1/d"],
  ["see redis://:p@h and http://u@h/", "see redis://[redacted]@h and http://[redacted]@h/"],
  ["https://rpc.example/?api-key=abc123&x=1", "https://rpc.example/?api-key=[redacted]&x=1"],
  ["wss://rpc.example/v2/aB3dE6gH9jK2mN5pQ8sT1vW4", "wss://rpc.example/v2/[redacted]"],
  ["https://api.mainnet.example/v1", "https://api.mainnet.example/v1"],
  ["no address: a@b", "no address: a@b"],
  ["http://127.0.0.1:8080/pairs?pair=x", "http://127.0.0.1:8080/pairs?pair=x"],
])("%s", (text, expected) => expect(redactText(text)).toBe(expected));

test("values get a form that JSON can hold", () => {
  const cause = new CandlewickError(ERRORS.fenced, "gone", "rejoin");
  const value = redact({
    offset: 5n,
    big: 2n ** 60n,
    map: new Map([["password", "x"]]),
    bytes: Buffer.from("abc"),
    error: cause,
    list: Array.from({ length: 200 }, (_, i) => i),
    sasl: { mechanism: "PLAIN", password: "x" },
    nothing: null,
  });
  expect(JSON.parse(JSON.stringify(value))).toMatchObject({
    offset: 5,
    big: "1152921504606846976",
    map: { password: "[redacted]" },
    bytes: "[3 bytes]",
    error: { name: "CandlewickError", code: "FENCED", message: "gone" },
    sasl: { mechanism: "PLAIN", password: "[redacted]" },
    nothing: null,
  });
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  expect(JSON.stringify(redact(cyclic))).toContain("[too deep]");
});

test.each([
  ["gropu", "group"],
  ["MAX_BATCH", "maxBatchRecords"],
  ["level", "level"],
  ["x", undefined],
  ["completely", undefined],
])("%s suggests %s", (word, expected) => {
  expect(suggest(word, ["group", "maxBatchRecords", "level"])).toBe(expected);
});
