import { afterAll, beforeAll, expect, test } from "vitest";
import { handlers } from "../src/api/index.ts";
import { type Broker, startBroker } from "../src/index.ts";
import { encodeRequest } from "../src/protocol/codec.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import type { Fields, WireType } from "../src/protocol/schema.ts";
import { Writer } from "../src/protocol/writer.ts";
import { clientBatch } from "./batches.ts";
import { encodeFrame, RawClient } from "./raw-client.ts";
import { seeded } from "./seeded.ts";

const REQUESTS = 20_000;
/** A join may wait for members that never come: the client gives up on it. */
const GIVE_UP_MS = 60;

let broker: Broker;
const errors: string[] = [];

beforeAll(async () => {
  broker = await startBroker({
    numPartitions: 2,
    groupInitialRebalanceDelayMs: 0,
    groupMinSessionTimeoutMs: 0,
    log: ({ level, msg, error, stack }) => {
      if (level === "error") errors.push(`${msg}: ${String(error)} ${String(stack)}`);
    },
  });
});

afterAll(async () => {
  await broker.stop();
});

/** A plausible value, mostly of things that exist, so that mutations get past the first check. */
function plausible(type: WireType, random: () => number): unknown {
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  switch (type.kind) {
    case "bool":
      return random() < 0.5;
    case "uuid":
      return "AAAAAAAAAAAAAAAAAAAAAA";
    case "string":
      return pick("t", "g", "consumer", "range", "", "x".repeat(300));
    case "bytes":
      return Buffer.from(pick("", "\0\0\0\0\0\u0001\0\u0001t", "abc"));
    case "records":
      return clientBatch({ values: ["a", "b"] });
    case "array":
      return Array.from({ length: Math.floor(random() * 3) }, () => plausible(type.element, random));
    case "struct":
      return plausibleStruct(type.fields, random);
    case "int64":
      return pick(-2, -1, 0, 1, 5, 2 ** 40);
    case "float64":
      return random();
    case "uint16":
    case "uint32":
      return pick(0, 1, 65535);
    default:
      return pick(-1, 0, 1, 2, 3, 100);
  }
}

function plausibleStruct(fields: Fields, random: () => number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      // Long waits would only hold up the answers behind them.
      name === "maxWaitMs" || name === "timeoutMs" ? 1 : plausible(field.type, random),
    ]),
  );
}

function plausibleFrame(random: () => number, correlationId: number): Buffer {
  const all = [...handlers.values()];
  const api = (all[Math.floor(random() * all.length)] ?? all[0])?.api ?? apiVersions;
  const version = api.minVersion + Math.floor(random() * (api.maxVersion - api.minVersion + 1));
  encodeRequest(api, version, new Writer(), plausibleStruct(api.request, random));
  return encodeFrame(api, version, correlationId, plausibleStruct(api.request, random));
}

/** Flips, overwrites, cuts or repeats some bytes; usually the size in front is made right again. */
function mutate(frame: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(frame);
  const count = Math.floor(random() * 4);
  for (let index = 0; index < count && bytes.length > 5; index++) {
    const at = 4 + Math.floor(random() * (bytes.length - 4));
    const kind = random();
    if (kind < 0.4) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else if (kind < 0.6) bytes[at] = Math.floor(random() * 256);
    else if (kind < 0.7) bytes.fill(random() < 0.5 ? 0xff : 0x7f, at, Math.min(bytes.length, at + 4));
    else if (kind < 0.85)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + Math.floor(random() * 8))]);
    else
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(Math.max(4, at - 16), at),
        bytes.subarray(at),
      ]);
  }
  if (random() < 0.99) bytes.writeInt32BE(bytes.length - 4, 0);
  return bytes;
}

async function impatientClient(): Promise<RawClient> {
  const client = await RawClient.connect(broker.port);
  client.socket.setTimeout(GIVE_UP_MS, () => client.close());
  return client;
}

test(`${REQUESTS} mutated requests end at most their own connection`, async () => {
  const random = seeded(1);
  const witness = await RawClient.connect(broker.port);
  await witness.send(createTopics, 5, {
    topics: [{ name: "t", numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] }],
  });
  let survived = 0;
  let client = await impatientClient();
  for (let sent = 0; sent < REQUESTS; sent++) {
    client.socket.write(mutate(plausibleFrame(random, sent), random));
    const isAlive = await client.send(apiVersions, 0, {}).then(
      () => true,
      () => false,
    );
    if (isAlive) survived++;
    else client = await impatientClient();
    // A connection beside it is served as if nothing had happened.
    if (sent % 1000 === 0) expect((await witness.send(apiVersions, 0, {})).errorCode).toBe(0);
  }
  client.close();
  // Enough of them must get through to the code behind the decoders for this test to mean something.
  expect(survived).toBeGreaterThan(REQUESTS / 4);
  expect(errors).toEqual([]);
  await witness.send(metadata, 9, { topics: [{ name: "after" }] });
  const answer = await witness.send(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: "after", partitionData: [{ index: 0, records: clientBatch() }] }],
  });
  expect(answer.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
  witness.close();
});

test.each([
  ["a size below zero", Buffer.from("ffffffff", "hex")],
  ["a size above the limit", Buffer.from("7fffffff", "hex")],
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["a TLS hello", Buffer.from("1603010200010001fc0303", "hex")],
  ["an API that is not served", Buffer.from("0000000a7fff0000000000010000", "hex")],
])("%s closes the connection", async (_name, bytes) => {
  const client = await RawClient.connect(broker.port);
  client.socket.write(bytes);
  await client.closed;
});

test("a version of ApiVersions from the future is answered in the oldest form, and the connection stays", async () => {
  const client = await RawClient.connect(broker.port);
  const frame = encodeFrame(apiVersions, 3, 77, { clientSoftwareName: "w", clientSoftwareVersion: "1" });
  frame.writeInt16BE(99, 6);
  const answered = new Promise<Buffer>((resolve) => client.socket.once("data", resolve));
  client.socket.write(frame);
  const answer = await answered;
  expect(answer.toString("hex", 4)).toBe("0000004d" + "0023" + "00000001" + "0012" + "0000" + "0004");
  expect((await client.send(apiVersions, 0, {})).errorCode).toBe(0);
  client.close();
});
