import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Admin } from "@platformatic/kafka";
import { afterEach, describe, expect, test, vi } from "vitest";
import { credentialFor, ScramExchange, ScramFailure } from "../src/auth/scram.ts";
import { parseServerProperties } from "../src/configuration/server-properties.ts";
import {
  type Broker,
  type BrokerOptions,
  type LogLine,
  type SaslMechanism,
  startBroker,
} from "../src/index.ts";
import { alterUserScramCredentials } from "../src/protocol/messages/alter-user-scram-credentials.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { describeUserScramCredentials } from "../src/protocol/messages/describe-user-scram-credentials.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { saslAuthenticate } from "../src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../src/protocol/messages/sasl-handshake.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { RawClient } from "./raw-client.ts";

const MECHANISMS: readonly SaslMechanism[] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const users = { ada: "pencil, with = and ," };
let broker: Broker | undefined;

afterEach(async () => {
  await broker?.stop();
});

async function start(options: BrokerOptions = {}): Promise<Broker> {
  broker = await startBroker({ sasl: { mechanisms: MECHANISMS, users }, ...options });
  return broker;
}

async function topicsSeenBy(
  address: string,
  sasl: { mechanism: SaslMechanism; username: string; password: string } | undefined,
  tls?: object,
): Promise<string[]> {
  const admin = new Admin({
    clientId: "a",
    bootstrapBrokers: [address],
    retries: 0,
    timeout: 5000,
    ...(sasl === undefined ? {} : { sasl }),
    ...(tls === undefined ? {} : { tls }),
  });
  try {
    return await admin.listTopics();
  } finally {
    await admin.close();
  }
}

test("SCRAM follows the exchange of RFC 5802 in form, and refuses whatever is not part of it", () => {
  const credential = credentialFor("SCRAM-SHA-256", "pencil");
  const begin = () => {
    const exchange = new ScramExchange("SCRAM-SHA-256");
    const answer = exchange.first(Buffer.from("n,,n=us=2Cer,r=abc"), () => credential).toString();
    return { exchange, answer };
  };
  const { exchange, answer } = begin();
  expect(exchange.user).toBe("us,er");
  expect(answer).toMatch(/^r=abc.{20,},s=[^,]+,i=4096$/);
  const nonce = /^r=([^,]+)/.exec(answer)?.[1] ?? "";
  for (const final of [
    "",
    "c=biws,r=abc,p=AAAA",
    `c=biws,r=${nonce},p=AAAA`,
    `c=cD10bHM=,r=${nonce},p=AAAA`,
  ]) {
    expect(() => exchange.final(Buffer.from(final)), final).toThrow(ScramFailure);
  }
  expect(() => begin().exchange.first(Buffer.from("p=tls,,n=u,r=x"), () => credential)).toThrow(ScramFailure);
});

describe.each(MECHANISMS)("%s", (mechanism) => {
  test("lets in the right password only", async () => {
    const { address } = await start();
    const login = (username: string, password: string) =>
      topicsSeenBy(address, { mechanism, username, password });
    expect(await login("ada", users.ada)).toEqual([]);
    await expect(login("ada", "wrong")).rejects.toThrow();
    await expect(login("bob", users.ada)).rejects.toThrow();
    await expect(login("__proto__", "x")).rejects.toThrow();
  });
});

describe("before authentication", () => {
  test("only ApiVersions and the SASL requests are served; anything else ends the connection", async () => {
    const { port } = await start();
    const client = await RawClient.connect(port);
    expect(
      (await client.send(apiVersions, 3, { clientSoftwareName: "x", clientSoftwareVersion: "1" })).errorCode,
    ).toBe(0);
    client.post(metadata, 9, { topics: null });
    await client.closed;
  });

  test("an unknown mechanism is answered with those that are offered", async () => {
    const { port } = await start();
    const client = await RawClient.connect(port);
    expect(await client.send(saslHandshake, 1, { mechanism: "GSSAPI" })).toEqual({
      errorCode: 33,
      mechanisms: MECHANISMS,
    });
    client.post(saslAuthenticate, 2, { authBytes: Buffer.alloc(3) });
    await client.closed;
  });

  test("after an old handshake the tokens come bare", async () => {
    const { port } = await start();
    for (const [password, isRight] of [
      [users.ada, true],
      ["wrong", false],
    ] as const) {
      const client = await RawClient.connect(port);
      await client.send(saslHandshake, 0, { mechanism: "PLAIN" });
      const token = Buffer.from(`\0ada\0${password}`);
      const size = Buffer.alloc(4);
      size.writeInt32BE(token.length);
      // The empty token that answers it is shorter than any answer to a request.
      client.socket.removeAllListeners("data");
      const answered = new Promise<Buffer>((resolve) => client.socket.once("data", resolve));
      client.socket.write(Buffer.concat([size, token]));
      const outcome = await Promise.race([answered, client.closed]);
      expect(Buffer.isBuffer(outcome) && outcome.toString("hex")).toBe(isRight ? "00000000" : false);
      client.close();
    }
  });

  test("a failed attempt cannot be repeated on the connection", async () => {
    const { port } = await start();
    const client = await RawClient.connect(port);
    await client.send(saslHandshake, 1, { mechanism: "PLAIN" });
    const wrong = { authBytes: Buffer.from("\0ada\0wrong") };
    expect((await client.send(saslAuthenticate, 2, wrong)).errorCode).toBe(58);
    const right = { authBytes: Buffer.from(`\0ada\0${users.ada}`) };
    client.post(saslAuthenticate, 2, right);
    await client.closed;
  });
});

describe("credentials set through the API", () => {
  test("are stored salted, outlive a restart, and can be taken away", async () => {
    const { pbkdf2Sync } = await import("node:crypto");
    const disk = new MemoryDisk();
    const open = await startBroker({ disk });
    const client = await RawClient.connect(open.port);
    const salt = Buffer.from("salt-of-some-length");
    const saltedPassword = pbkdf2Sync("secret word", salt, 8192, 64, "sha512");
    const upsert = (iterations: number, mechanism = 2) =>
      client.send(alterUserScramCredentials, 0, {
        deletions: [],
        upsertions: [{ name: "eve", mechanism, iterations, salt, saltedPassword }],
      });
    expect((await upsert(100)).results).toMatchObject([{ user: "eve", errorCode: 93 }]);
    expect((await upsert(8192, 7)).results).toMatchObject([{ user: "eve", errorCode: 33 }]);
    expect((await upsert(8192)).results).toMatchObject([{ user: "eve", errorCode: 0 }]);
    client.close();
    await open.stop();
    expect(disk.readFile("memory/coordinator.journal")?.includes("secret word")).toBe(false);

    const { address, port } = await start({ disk });
    const login = () =>
      topicsSeenBy(address, { mechanism: "SCRAM-SHA-512", username: "eve", password: "secret word" });
    expect(await login()).toEqual([]);
    const admin = await RawClient.connect(port);
    await admin.send(saslHandshake, 1, { mechanism: "PLAIN" });
    await admin.send(saslAuthenticate, 2, { authBytes: Buffer.from(`\0ada\0${users.ada}`) });
    expect((await admin.send(describeUserScramCredentials, 0, { users: null })).results).toMatchObject([
      { user: "eve", errorCode: 0, credentialInfos: [{ mechanism: 2, iterations: 8192 }] },
    ]);
    const removal = { deletions: [{ name: "eve", mechanism: 2 }], upsertions: [] };
    expect((await admin.send(alterUserScramCredentials, 0, removal)).results).toMatchObject([
      { errorCode: 0 },
    ]);
    expect((await admin.send(alterUserScramCredentials, 0, removal)).results).toMatchObject([
      { errorCode: 91 },
    ]);
    await expect(login()).rejects.toThrow();
    admin.close();
  });
});

function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "broker-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"].concat(
      ["-keyout", key, "-out", cert],
      subject,
    ),
    { stdio: "ignore" },
  );
  const pair = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  rmSync(folder, { recursive: true });
  return pair;
}

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasOpenssl())("TLS (needs the openssl command for a certificate)", () => {
  test("serves encrypted connections and no others", async () => {
    const tls = selfSigned();
    const { address, port } = await start({ tls });
    const sasl = { mechanism: "SCRAM-SHA-256", username: "ada", password: users.ada } as const;
    expect(await topicsSeenBy(address, sasl, { ca: [tls.cert] })).toEqual([]);
    const plain = await RawClient.connect(port);
    plain.post(apiVersions, 0, {});
    await plain.closed;
  });

  test("tells of handshakes that fail: a warning for each client, and no word for those that are well", async () => {
    const lines: LogLine[] = [];
    const tls = selfSigned();
    const options: BrokerOptions = { tls, maxConnections: 2, log: (line) => lines.push(line) };
    const { address, port } = await start(options);
    const sasl = { mechanism: "SCRAM-SHA-256", username: "ada", password: users.ada } as const;
    await topicsSeenBy(address, sasl, { ca: [tls.cert] });
    expect(lines).toEqual([]);
    const failing: ((client: RawClient) => void)[] = [
      (client) => client.post(apiVersions, 0, {}),
      (client) => client.close(),
      (client) => client.socket.write("GET / HTTP/1.1\r\n\r\n"),
    ];
    for (const [at, fail] of failing.entries()) {
      const client = await RawClient.connect(port);
      fail(client);
      await client.closed;
      await vi.waitFor(() => expect(lines.length).toBe(at + 1), 30_000);
    }
    const failed = { msg: "TLS handshake failed", client: expect.stringContaining("127.0.0.1") };
    expect(lines).toMatchObject([
      { level: "warn", reason: expect.stringContaining("wrong version number"), ...failed },
      { level: "debug", reason: expect.stringContaining("the client ended it"), ...failed },
      { level: "debug", reason: expect.stringContaining("http request"), ...failed },
    ]);
    // One that is refused, and those that the broker ends by itself, are told of elsewhere or not at all.
    const held = [await RawClient.connect(port), await RawClient.connect(port)];
    const refused = await RawClient.connect(port);
    await refused.closed;
    await broker?.stop();
    for (const client of held) await client.closed;
    expect(lines.slice(failing.length).map(({ msg }) => msg)).toEqual(["connection refused: too many"]);
  });
});

describe.skipIf(!hasOpenssl())("a client's certificate (needs the openssl command)", () => {
  test("names the user that entries of the ACLs speak of", async () => {
    const own = selfSigned();
    broker = await startBroker({
      tls: { ...own, ca: own.cert },
      acls: { superUsers: ["User:CN=localhost"] },
    });
    const { port } = broker;
    const admin = new Admin({
      clientId: "a",
      bootstrapBrokers: [`127.0.0.1:${port}`],
      retries: 0,
      timeout: 5000,
      tls: { ca: [own.cert], cert: own.cert, key: own.key },
    });
    await admin.createTopics({ topics: ["t"], partitions: 1, replicas: 1 });
    expect(await admin.listTopics()).toEqual(["t"]);
    await admin.close();
    await expect(topicsSeenBy(`127.0.0.1:${port}`, undefined, { ca: [own.cert] })).rejects.toThrow();
  });
});

describe.skipIf(!hasOpenssl())("a listener with settings of its own (needs the openssl command)", () => {
  test("asks for certificates where the other one does not, as the properties file says", async () => {
    const [own, other] = [selfSigned(), selfSigned()];
    const inline = (pem: string): string => pem.replaceAll("\n", "\\n");
    const { options, unknown } = parseServerProperties(`
      listeners=OPEN://127.0.0.1:0,MUTUAL://127.0.0.1:0
      listener.security.protocol.map=OPEN:SSL,MUTUAL:SSL
      ssl.keystore.certificate.chain=${inline(own.cert)}
      ssl.keystore.key=${inline(own.key)}
      listener.name.mutual.ssl.keystore.certificate.chain=${inline(other.cert)}
      listener.name.mutual.ssl.keystore.key=${inline(other.key)}
      listener.name.mutual.ssl.truststore.certificates=${inline(own.cert)}
      listener.name.mutual.ssl.client.auth=required
      listener.name.nobody.ssl.client.auth=required`);
    expect(unknown).toEqual(["listener.name.nobody.ssl.client.auth"]);
    broker = await startBroker(options);
    const [open, mutual] = broker.ports.map((port) => `127.0.0.1:${port}`);
    expect(await topicsSeenBy(open ?? "", undefined, { ca: [own.cert] })).toEqual([]);
    await expect(topicsSeenBy(mutual ?? "", undefined, { ca: [other.cert] })).rejects.toThrow();
    const certified = { ca: [other.cert], cert: own.cert, key: own.key };
    expect(await topicsSeenBy(mutual ?? "", undefined, certified)).toEqual([]);
  });
});

test("a certificate that is none is refused at start", async () => {
  await expect(startBroker({ tls: { key: "x", cert: "y" } })).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
});
