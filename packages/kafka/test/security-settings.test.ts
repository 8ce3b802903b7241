import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, describeError, kafkaSchema, printConfig, systemClock } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientCredentialsToken, googleKafkaToken, googleToken, securityOf } from "../src/index.ts";
import { cachedToken } from "../src/security/token-source.ts";
import { startProvider } from "./security-suite.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-security-"));
const secretFile = join(folder, "secret");
const pemFile = join(folder, "ca.pem");
/** What begins like one is taken for one: TLS itself reads further. */
const PEM = "about it\n-----BEGIN CERTIFICATE-----\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
beforeAll(() => {
  writeFileSync(secretFile, "from-file\n");
  writeFileSync(pemFile, PEM);
});
afterAll(() => rmSync(folder, { recursive: true }));

type Given = NonNullable<Parameters<typeof kafkaSchema.parse>[0]>;

function settings(security: unknown) {
  return securityOf(kafkaSchema.parse({ security } as Given).security);
}

describe("kafka.security", () => {
  it.each<[string, unknown, unknown]>([
    ["nothing", {}, {}],
    ["TLS by itself", { tls: true }, { tls: {} }],
    ["an authority, which turns TLS on", { caFile: pemFile }, { tls: { ca: PEM } }],
    [
      "our own certificate",
      { certFile: pemFile, keyFile: pemFile, keyPasswordFile: secretFile },
      { tls: { cert: PEM, key: PEM, passphrase: "from-file" } },
    ],
    [
      "Confluent Cloud with a secret in a file",
      { profile: "confluent-cloud", sasl: { mechanism: "PLAIN", username: "KEY", passwordFile: secretFile } },
      { tls: {}, sasl: { mechanism: "PLAIN", username: "KEY", password: "from-file" } },
    ],
    [
      "Confluent Cloud with an identity provider",
      {
        profile: "confluent-cloud",
        sasl: {
          mechanism: "OAUTHBEARER",
          tokenSource: "client-credentials",
          tokenUrl: "https://idp.example/token",
          clientId: "app",
          clientSecret: "s",
          extensions: { logicalCluster: "lkc-1", identityPoolId: "pool-1" },
        },
      },
      {
        tls: {},
        sasl: {
          mechanism: "OAUTHBEARER",
          token: { name: "client app at idp.example" },
          extensions: { logicalCluster: "lkc-1", identityPoolId: "pool-1" },
        },
      },
    ],
    [
      "Google Cloud",
      { profile: "google-cloud" },
      {
        tls: {},
        sasl: { mechanism: "OAUTHBEARER", token: { name: "Google application-default credentials" } },
      },
    ],
  ])("understands %s", (_what, security, expected) => {
    expect(settings(security)).toMatchObject(Object(expected));
  });

  it.each<[string, unknown, RegExp]>([
    [
      "no password",
      { sasl: { mechanism: "PLAIN", username: "u" } },
      /sasl\.password is missing: PLAIN needs it/,
    ],
    [
      "two secrets",
      { sasl: { mechanism: "PLAIN", username: "u", password: "p", passwordFile: secretFile } },
      /both set/,
    ],
    [
      "a file that is not there",
      { caFile: join(folder, "none") },
      /caFile names a file that cannot be read \(ENOENT/,
    ],
    ["an authority that is none", { caFile: secretFile }, /caFile names a file without a certificate in it/],
    [
      "a key that is none",
      { certFile: pemFile, keyFile: secretFile },
      /keyFile names a file without a private key in it/,
    ],
    ["half a certificate", { certFile: pemFile }, /keyFile is missing/],
    ["no API key", { profile: "confluent-cloud" }, /Confluent Cloud wants/],
    [
      "a profile without its TLS",
      { profile: "google-cloud", tls: false },
      /the profile google-cloud needs it/,
    ],
    ["no token", { sasl: { mechanism: "OAUTHBEARER" } }, /sasl\.token is missing/],
    [
      "no client",
      { sasl: { mechanism: "OAUTHBEARER", tokenSource: "client-credentials", tokenUrl: "https://i/t" } },
      /sasl\.clientId is missing/,
    ],
  ])("says what is wrong with %s", (_what, security, says) => {
    try {
      settings(security);
      expect.unreachable();
    } catch (error) {
      expect(describeError(error).text).toMatch(says);
    }
  });

  it("never prints a secret", () => {
    const kafka = kafkaSchema.parse({
      security: {
        keyPassword: "hidden-1",
        sasl: {
          mechanism: "PLAIN",
          username: "u",
          password: "hidden-2",
          token: "hidden-3",
          clientSecret: "hidden-4",
        },
      },
      schemaRegistry: { url: "https://key:hidden-5@registry.example", username: "u", password: "hidden-6" },
    } as Given);
    expect(printConfig({ kafka })).not.toMatch(/hidden/);
  });
});

describe("a token", () => {
  function clockAt(time: { ms: number }): Clock {
    return { ...systemClock, now: () => time.ms };
  }

  it("is kept until it nears its end, and those who ask at one time share a request", async () => {
    const time = { ms: 0 };
    let asked = 0;
    const source = cachedToken(
      "test",
      async () => ({ value: `t${asked++}`, expiresAtMs: time.ms + 10_000 }),
      clockAt(time),
    );
    expect(await Promise.all([source.token(), source.token()])).toEqual(["t0", "t0"]);
    time.ms = 7_999;
    expect(await source.token()).toBe("t0");
    time.ms = 8_000;
    expect(await source.token()).toBe("t1");
    expect(source.refused("t1")).toBe(true);
    expect(await source.token()).toBe("t2");
  });

  it.each<[string, number | object, object]>([
    ["refuses the client", 401, { code: "KAFKA_AUTHENTICATION_FAILED", retry: "never" }],
    ["is broken", 500, { code: "KAFKA_TOKEN_UNAVAILABLE", retry: "backoff" }],
    ["gives none", {}, { code: "KAFKA_TOKEN_UNAVAILABLE" }],
  ])(
    "of a provider that %s is an error of the catalogue, without the secret",
    async (_what, answer, expected) => {
      const provider = await startProvider(() => answer);
      const source = clientCredentialsToken({
        tokenUrl: provider.url,
        clientId: "app",
        clientSecret: "s3cret",
      });
      const error: unknown = await source.token().catch((cause: unknown) => cause);
      expect(error).toMatchObject(expected);
      expect(describeError(error).text).not.toContain("s3cret");
      await provider.stop();
      await expect(source.token()).rejects.toMatchObject({ code: "KAFKA_TOKEN_UNAVAILABLE" });
    },
  );

  it("of Google has the form that its brokers read", async () => {
    const token = googleKafkaToken({ value: "ya29.x", expiresAtMs: 3_600_000, email: "sa@p.example" }, 1_500);
    const parts = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
    expect(JSON.parse(parts[0] ?? "")).toEqual({ typ: "JWT", alg: "GOOG_OAUTH2_TOKEN" });
    expect(JSON.parse(parts[1] ?? "")).toEqual({
      exp: 3_600,
      iss: "Google",
      iat: 1.5,
      scope: "kafka",
      sub: "sa@p.example",
    });
    expect(parts[2]).toBe("ya29.x");
    expect(token).not.toMatch(/[=+/]/);
  });

  it("of Google that cannot be had says what to do", async () => {
    const account = { accessToken: () => Promise.reject(new Error("no credentials")) };
    const error: unknown = await googleToken(account)
      .token()
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "KAFKA_TOKEN_UNAVAILABLE" });
    expect(describeError(error).text).toContain("gcloud auth application-default login");
  });
});
