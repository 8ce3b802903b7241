import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { z } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  clientCredentialsToken,
  createAdmin,
  createProducer,
  type KafkaConnection,
  type SaslCredentials,
  startReader,
  staticToken,
} from "../src/index.ts";
import { cachedToken } from "../src/security/token-source.ts";
import { opensslProblem, TestAuthority } from "./certificates.ts";
import { bytes, connectionTo, topicSpec, uniqueName } from "./test-cluster.ts";

/**
 * A Kafka with one listener for each way of coming in. Alice (alice-secret) may do everything, bob
 * (bob-secret) nothing.
 */
export interface SecuredKafka {
  /** For whoever sets things up. */
  readonly plaintext: string;
  readonly tls: string;
  /** Wants a certificate of the authority. */
  readonly mutualTls: string;
  /** TLS with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly sasl: string;
  /** TLS with OAUTHBEARER, unsecured tokens; connections live for three seconds. */
  readonly oauth: string;
  stop(): Promise<void>;
}

/** Everything that `kafka.security` promises, against one kind of Kafka. */
export function securitySuite(
  name: string,
  start: (authority: TestAuthority) => Promise<SecuredKafka>,
  unavailable: string | null,
): void {
  const problem = unavailable ?? opensslProblem();
  const title = problem === null ? name : `${name} (not run: ${problem})`;
  describe.skipIf(problem !== null)(title, () => {
    let authority: TestAuthority;
    let stranger: TestAuthority;
    let kafka: SecuredKafka;
    beforeAll(async () => {
      authority = new TestAuthority("our authority");
      stranger = new TestAuthority("another authority");
      kafka = await start(authority);
    });
    afterAll(async () => {
      await kafka.stop();
      authority.remove();
      stranger.remove();
    });

    const trusting = (): Pick<KafkaConnection, "tls"> => ({ tls: { ca: authority.ca } });

    async function roundTrip(connection: KafkaConnection): Promise<void> {
      const admin = await createAdmin(connection);
      const topic = uniqueName("secured");
      await admin.createTopics([topicSpec(topic, 1)]);
      await admin.close();
      const producer = await createProducer(connection);
      await expect(producer.send({ topic, key: null, value: bytes("v") })).resolves.toMatchObject({
        offset: 0n,
      });
      await producer.close();
    }

    async function refusal(connection: KafkaConnection): Promise<{ code: string; text: string }> {
      const error: unknown = await createAdmin(connection).then(
        (admin) => admin.close(),
        (cause: unknown) => cause,
      );
      const known = z.object({ code: z.string(), message: z.string(), advice: z.string() }).parse(error);
      return { code: known.code, text: `${known.message} ${known.advice}` };
    }

    describe("TLS", () => {
      it("connects to a broker of our own authority, by address and by name", async () => {
        await roundTrip({ ...connectionTo([kafka.tls]), ...trusting() });
        const byName = kafka.tls.replace("127.0.0.1", "localhost");
        const admin = await createAdmin({ ...connectionTo([byName]), ...trusting() });
        await admin.close();
      });

      it("refuses a broker of an authority that it does not know", async () => {
        const { code, text } = await refusal({ ...connectionTo([kafka.tls]), tls: { ca: stranger.ca } });
        expect(code).toBe("KAFKA_TLS_FAILED");
        expect(text).toContain("kafka.security.caFile");
        expect(await refusal({ ...connectionTo([kafka.tls]), tls: {} })).toMatchObject({ code });
      });

      it("refuses a broker whose certificate is for another name, even if told not to check", async () => {
        const address = kafka.tls.replace("127.0.0.1", "127.0.0.2");
        const lax = { ca: authority.ca, rejectUnauthorized: false };
        const { code, text } = await refusal({ ...connectionTo([address]), tls: lax });
        expect(code).toBe("KAFKA_TLS_FAILED");
        expect(text).toContain("is for another name");
      });

      it("says so where only one side speaks TLS", async () => {
        const wanting = await refusal(connectionTo([kafka.tls]));
        expect(wanting.code).toMatch(/KAFKA_TLS_FAILED|KAFKA_UNREACHABLE/);
        expect(wanting.text).toMatch(/TLS/);
        const speaking = await refusal({ ...connectionTo([kafka.plaintext]), ...trusting() });
        expect(speaking.text).toMatch(/does not speak TLS|kafka\.security/);
      });

      it("shows a client certificate where one is wanted, and says so where it is missing or a stranger's", async () => {
        const { certFile, keyFile } = authority.issue("client", "DNS:client");
        const own = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
        await roundTrip({ ...connectionTo([kafka.mutualTls]), tls: { ca: authority.ca, ...own } });
        const without = await refusal({ ...connectionTo([kafka.mutualTls]), ...trusting() });
        expect(without).toMatchObject({ code: "KAFKA_TLS_FAILED" });
        expect(without.text).toContain("kafka.security.certFile");
        const strange = stranger.issue("client", "DNS:client");
        const theirs = {
          cert: readFileSync(strange.certFile, "utf8"),
          key: readFileSync(strange.keyFile, "utf8"),
        };
        const refused = await refusal({
          ...connectionTo([kafka.mutualTls]),
          tls: { ca: authority.ca, ...theirs },
        });
        // Apache Kafka says why; Node's server, and so the embedded broker, closes without a word.
        expect(refused.code).toMatch(/KAFKA_TLS_FAILED|KAFKA_UNREACHABLE/);
        expect(refused.text).toContain("kafka.security");
      });
    });

    describe.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const)("%s", (mechanism) => {
      const as = (username: string, password: string): KafkaConnection => ({
        ...connectionTo([kafka.sasl]),
        ...trusting(),
        sasl: { mechanism, username, password },
      });

      it("lets the right user in", () => roundTrip(as("alice", "alice-secret")));

      it.each([
        ["a wrong password", "alice", "wrong"],
        ["an unknown user", "mallory", "alice-secret"],
      ])("refuses %s and names the user, never the password", async (_what, username, password) => {
        const { code, text } = await refusal(as(username, password));
        expect(code).toBe("KAFKA_AUTHENTICATION_FAILED");
        expect(text).toContain(`refused the user ${username}`);
        expect(text).not.toContain(password);
      });
    });

    it("says who may not do what", async () => {
      const sasl = { mechanism: "PLAIN", username: "bob", password: "bob-secret" } as const;
      const connection = { ...connectionTo([kafka.sasl]), ...trusting(), sasl };
      const admin = await createAdmin(connection);
      const refusals = [
        () => admin.createTopics([topicSpec(uniqueName("forbidden"), 1)]),
        () => admin.endOffsets([uniqueName("forbidden")]),
        () => admin.committedOffsets("somebody's"),
        () => admin.describeGroup("somebody's"),
      ];
      for (const refused of refusals) {
        await expect(refused()).rejects.toMatchObject({
          code: "KAFKA_NOT_AUTHORISED",
          message: expect.stringContaining("the user bob"),
        });
      }
      await admin.close();
      const producer = await createProducer(connection, { retries: 0 });
      const sent = producer.send({ topic: uniqueName("forbidden"), key: null, value: null });
      await expect(sent).rejects.toMatchObject({ code: "KAFKA_NOT_AUTHORISED" });
      await producer.close();
    });

    it("says where authentication is wanted and none is configured, or another mechanism", async () => {
      const none = await refusal({ ...connectionTo([kafka.sasl]), ...trusting() });
      expect(none.text).toContain("kafka.security");
      const sasl = { mechanism: "OAUTHBEARER", token: staticToken(unsecuredToken(60)) } as const;
      const other = await refusal({ ...connectionTo([kafka.sasl]), ...trusting(), sasl });
      expect(other).toMatchObject({ code: "KAFKA_AUTHENTICATION_FAILED" });
      expect(other.text).toMatch(/does not offer OAUTHBEARER; it offers .*PLAIN/);
    });

    describe("OAUTHBEARER", () => {
      const with_ = (sasl: SaslCredentials): KafkaConnection => ({
        ...connectionTo([kafka.oauth]),
        ...trusting(),
        sasl,
      });

      it("lets a token in, and tells the broker's reason for one that has expired", async () => {
        await roundTrip(with_({ mechanism: "OAUTHBEARER", token: staticToken(unsecuredToken(60)) }));
        const old = await refusal(
          with_({ mechanism: "OAUTHBEARER", token: staticToken(unsecuredToken(-600)) }),
        );
        expect(old).toMatchObject({ code: "KAFKA_AUTHENTICATION_FAILED" });
        expect(old.text).toContain("has not expired");
      });

      it("asks for another token where the broker refuses the first", async () => {
        const lives = [-600, 60];
        let asked = 0;
        const token = cachedToken("test", async () => {
          const seconds = lives[asked++] ?? 60;
          return { value: unsecuredToken(seconds), expiresAtMs: Date.now() + 3_600_000 };
        });
        await roundTrip(with_({ mechanism: "OAUTHBEARER", token }));
        expect(asked).toBe(2);
      });

      it("goes on over the end of the session without a failed message", {
        timeout: 60_000,
      }, async () => {
        const provider = await startProvider(() => ({ access_token: unsecuredToken(4), expires_in: 4 }));
        const token = clientCredentialsToken({
          tokenUrl: provider.url,
          clientId: "app",
          clientSecret: "s3cret",
          scope: "kafka",
        });
        const connection = with_({ mechanism: "OAUTHBEARER", token });
        const admin = await createAdmin(connection);
        const topic = uniqueName("session");
        await admin.createTopics([topicSpec(topic, 1)]);
        await admin.close();
        const producer = await createProducer(connection);
        const seen: bigint[] = [];
        const reader = await startReader(connection, {
          topics: [topic],
          from: "first",
          onRecords: (records) => void seen.push(...records.map(({ offset }) => offset)),
        });
        const until = performance.now() + 8_000;
        let sent = 0n;
        while (performance.now() < until) {
          const { offset } = await producer.send({ topic, key: null, value: null });
          expect(offset).toBe(sent++);
        }
        await producer.close();
        await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(Number(sent));
        await reader.stop(5_000);
        await provider.stop();
        expect(provider.requests.length).toBeGreaterThan(1);
        expect(provider.requests[0]).toEqual({
          authorization: `Basic ${Buffer.from("app:s3cret").toString("base64")}`,
          body: "grant_type=client_credentials&scope=kafka",
        });
      });
    });
  });
}

/** A token without a signature (RFC 7515, appendix A.5), as Kafka's validator for development takes it. */
export function unsecuredToken(lifeSeconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const issued = Math.min(now, now + lifeSeconds) - 1;
  const claims = { sub: "alice", iat: issued, exp: now + lifeSeconds };
  const parts = [{ alg: "none" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  return `${parts.join(".")}.`;
}

interface Provider {
  readonly url: string;
  readonly requests: { authorization: string | undefined; body: string }[];
  stop(): Promise<void>;
}

/** A small identity provider: the token endpoint of RFC 6749. */
export async function startProvider(answer: () => object | number): Promise<Provider> {
  const requests: Provider["requests"] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({ authorization: request.headers.authorization, body: Buffer.concat(chunks).toString() });
      const given = answer();
      response.statusCode = typeof given === "number" ? given : 200;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(typeof given === "number" ? { error: "invalid_client" } : given));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const place = server.address();
  if (place === null || typeof place === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${place.port}/token`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
