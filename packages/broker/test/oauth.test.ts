import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Broker,
  type BrokerOptions,
  type SaslOptions,
  startBroker,
  TokenRefused,
} from "../src/index.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { saslAuthenticate } from "../src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../src/protocol/messages/sasl-handshake.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

const MECHANISM = "OAUTHBEARER";
const stops: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(sasl: Partial<SaslOptions>, options: BrokerOptions = {}): Promise<Broker> {
  const broker = await startBroker({ sasl: { mechanisms: [MECHANISM], ...sasl }, ...options });
  stops.push(() => broker.stop());
  return broker;
}

async function connect({ port }: Broker): Promise<RawClient> {
  const client = await RawClient.connect(port);
  stops.push(() => client.close());
  return client;
}

async function present(client: RawClient, token: string) {
  await client.send(saslHandshake, 1, { mechanism: MECHANISM });
  return client.send(saslAuthenticate, 2, { authBytes: Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`) });
}

interface Keys {
  readonly set: string;
  readonly key: KeyObject;
}

function newKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256" };
  return { set: JSON.stringify({ keys: [jwk] }), key: privateKey };
}

function tokenOf({ key }: Keys, nowMs = Date.now()): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(nowMs / 1000);
  const body = `${part({ alg: "ES256", kid: "k" })}.${part({ sub: "ada", iat: now, exp: now + 60 })}`;
  return `${body}.${sign("sha256", Buffer.from(body), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

test("a refused token is named once more where the client acknowledges the error", async () => {
  const broker = await start({ oauthbearer: { kind: "unsecured" } });
  const client = await connect(broker);
  expect((await present(client, "e30.e30.")).errorCode).toBe(0);
  expect(await client.send(saslAuthenticate, 2, { authBytes: Buffer.from("\x01") })).toMatchObject({
    errorCode: 58,
    errorMessage: '{"status":"invalid_token"}',
  });
});

describe("keys", () => {
  test("of a file are read again when it has changed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "broker-keys-"));
    stops.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "keys.json");
    const [old, next] = [newKeys(), newKeys()];
    writeFileSync(path, old.set);
    const broker = await start({ oauthbearer: { kind: "jwks", url: pathToFileURL(path).href } });
    const answer = async (keys: Keys): Promise<string> =>
      (await present(await connect(broker), tokenOf(keys))).authBytes.toString();
    expect(await answer(old)).toBe("");
    expect(await answer(next)).toContain("invalid_token");
    rmSync(path);
    writeFileSync(path, next.set);
    expect(await answer(next)).toBe("");
    expect(await answer(old)).toContain("invalid_token");
  });

  test("of an address are fetched; while they cannot be had, nobody is let in", async () => {
    const keys = newKeys();
    let isUp = false;
    const server = createServer((_request, response) => {
      response.writeHead(isUp ? 200 : 503, { "content-type": "application/json" }).end(isUp ? keys.set : "");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const broker = await start({ oauthbearer: { kind: "jwks", url: `http://127.0.0.1:${port}/keys` } });
    const answer = async (): Promise<string> =>
      (await present(await connect(broker), tokenOf(keys))).authBytes.toString();
    expect(await answer()).toContain("invalid_token");
    isUp = true;
    expect(await answer()).toBe("");
  });

  test.each([
    ["no address", "keys.json"],
    ["an address of another kind", "ftp://example/keys"],
    ["a file that is not there", "file:///nonexistent/keys.json"],
  ])("at %s are refused at start", async (_name, url) => {
    await expect(start({ oauthbearer: { kind: "jwks", url } })).rejects.toMatchObject({
      code: "OPTION_INVALID",
    });
  });
});

describe("an own validator", () => {
  const oauthbearer = {
    kind: "custom" as const,
    validate: async (token: string) => {
      if (token === "broken") throw new Error("the other side is away");
      if (token !== "good") throw new TokenRefused("unknown token");
      return { principal: "eve" };
    },
  };

  test("decides who is let in", async () => {
    const broker = await start({ oauthbearer });
    const client = await connect(broker);
    const answer = await present(client, "good");
    expect(answer).toMatchObject({ errorCode: 0, sessionLifetimeMs: 0 });
    expect((await client.send(metadata, 12, { topics: null })).brokers.length).toBe(1);
    expect((await present(await connect(broker), "bad")).authBytes.toString()).toContain("invalid_token");
    expect((await present(await connect(broker), "broken")).errorCode).toBe(58);
  });

  test("names the user that entries of the ACLs speak of", async () => {
    const broker = await start({ oauthbearer }, { acls: { superUsers: ["User:ada"] } });
    const client = await connect(broker);
    await present(client, "good");
    const answer = await client.send(metadata, 12, { topics: [{ name: "t" }] });
    expect(answer.topics[0]?.errorCode).toBe(29);
  });
});

test("a login is good for so long, and can be repeated in time", async () => {
  const clock = new ManualClock();
  const sasl = { mechanisms: ["PLAIN"] as const, users: { ada: "secret" }, maxReauthMs: 10_000 };
  const broker = await start(sasl, { clock });
  const client = await connect(broker);
  const login = async () => {
    await client.send(saslHandshake, 1, { mechanism: "PLAIN" });
    return client.send(saslAuthenticate, 2, { authBytes: Buffer.from("\0ada\0secret") });
  };
  expect((await login()).sessionLifetimeMs).toBe(10_000);
  clock.advance(9000);
  expect((await login()).sessionLifetimeMs).toBe(10_000);
  clock.advance(9000);
  expect((await client.send(metadata, 12, { topics: [] })).brokers.length).toBe(1);
  clock.advance(1000);
  client.post(metadata, 12, { topics: [] });
  await client.closed;
});
