import { zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, type LogLine, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { deleteTopics } from "../src/protocol/messages/delete-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { setChecksum } from "../src/storage/record-batch.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

let clock: ManualClock;
let broker: Broker;
let client: RawClient;
let lines: LogLine[];

beforeEach(async () => {
  lines = [];
  clock = new ManualClock();
  broker = await startBroker({
    clock,
    maxConnections: 4,
    maxInFlightPerConnection: 4,
    log: (l) => lines.push(l),
  });
  client = await RawClient.connect(broker.port);
  const partitions = { numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...partitions }] });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

function produceBody(records: Buffer, acks = -1, index = 0) {
  return { acks, timeoutMs: 1000, topicData: [{ name: "t", partitionData: [{ index, records }] }] };
}

async function send(records: Buffer, version = 9) {
  const answer = await client.send(produce, version, produceBody(records));
  return answer.responses[0]?.partitionResponses[0];
}

interface Want {
  readonly fetchOffset?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
}

function fetchBody(want: Want = {}) {
  const {
    fetchOffset = 0,
    maxWaitMs = 0,
    minBytes = 1,
    maxBytes = 1 << 20,
    partitionMaxBytes = 1 << 20,
  } = want;
  const partition = (index: number) => ({
    partition: index,
    fetchOffset: index === 0 ? fetchOffset : 0,
    partitionMaxBytes,
  });
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    topics: [{ topic: "t", partitions: [partition(0), partition(1)] }],
  };
}

async function read(want: Want, from = client) {
  const answer = await from.send(fetch, 12, fetchBody(want));
  return (answer.responses[0]?.partitions ?? []).map(({ errorCode, records }) => ({
    errorCode,
    values: valuesIn(records ?? Buffer.alloc(0)).map(({ value }) => value),
  }));
}

describe("fetch", () => {
  test("waits until enough bytes are there, and not longer", async () => {
    const reader = await RawClient.connect(broker.port);
    const batch = clientBatch({ values: ["a"] });
    const waiting = read({ maxWaitMs: 10_000, minBytes: 2 * batch.length }, reader);
    await send(Buffer.from(batch));
    await client.send(apiVersions, 0, {});
    expect(reader.order).toEqual([]);
    await send(Buffer.from(batch));
    expect((await waiting)[0]?.values).toEqual(["a", "a"]);
    reader.close();
  });

  test("counts only what it would send", async () => {
    const small = clientBatch({ values: ["a"] });
    await send(Buffer.from(small));
    await send(Buffer.from(small));
    const waiting = read({ fetchOffset: 1, maxWaitMs: 500, minBytes: small.length + 1 });
    const other = await RawClient.connect(broker.port);
    await other.send(apiVersions, 0, {});
    expect(client.order.length).toBe(3);
    clock.advance(500);
    expect((await waiting)[0]?.values).toEqual(["a"]);
    other.close();
  });

  test("ends when its time is over, with what is there", async () => {
    const waiting = read({ maxWaitMs: 500 });
    const other = await RawClient.connect(broker.port);
    await other.send(apiVersions, 0, {});
    clock.advance(500);
    expect(await waiting).toEqual([
      { errorCode: 0, values: [] },
      { errorCode: 0, values: [] },
    ]);
    other.close();
  });

  test("ends when its topic is deleted", async () => {
    const reader = await RawClient.connect(broker.port);
    const waiting = read({ maxWaitMs: 10_000 }, reader);
    await client.send(apiVersions, 0, {});
    await client.send(deleteTopics, 5, { topicNames: ["t"], timeoutMs: 1000 });
    expect((await waiting).map(({ errorCode }) => errorCode)).toEqual([3, 3]);
    reader.close();
  });

  test("always gets past a batch that is larger than its limits, but adds no second one", async () => {
    await send(clientBatch({ values: ["x".repeat(5000)] }));
    await send(clientBatch({ values: ["b"] }));
    await client.send(produce, 9, produceBody(clientBatch({ values: ["c"] }), -1, 1));
    const answer = await read({ maxBytes: 100, partitionMaxBytes: 100 });
    expect(answer.map(({ values }) => values.length)).toEqual([1, 0]);
  });

  test.each([
    ["behind the end", 5, 1],
    ["before the start", -1, 1],
    ["at the end", 0, 0],
  ])("an offset %s", async (_name, fetchOffset, errorCode) => {
    expect((await read({ fetchOffset }))[0]?.errorCode).toBe(errorCode);
  });
});

describe("produce", () => {
  test("without acks ends the connection where it fails, as nothing can be answered", async () => {
    const partitionData = [{ index: 0, records: clientBatch() }];
    client.post(produce, 9, { acks: 0, timeoutMs: 1, topicData: [{ name: "unknown", partitionData }] });
    await client.closed;
  });

  const corrupt = (change: (batch: Buffer) => void, repair = false) => {
    const batch = clientBatch({ values: ["a", "b"] });
    change(batch);
    if (repair) setChecksum(batch);
    return batch;
  };
  test.each([
    ["a wrong checksum", corrupt((b) => b.writeUInt8(1, b.length - 1)), 2],
    ["a cut batch", clientBatch().subarray(0, 70), 87],
    ["half a header", clientBatch().subarray(0, 30), 87],
    ["no batch at all", Buffer.alloc(0), 87],
    ["two batches", Buffer.concat([clientBatch(), clientBatch()]), 87],
    ["a wrong count", corrupt((b) => b.writeInt32BE(3, 57), true), 87],
    ["a control batch", corrupt((b) => b.writeInt16BE(0x20, 21), true), 87],
    ["an old message format", corrupt((b) => b.writeInt8(1, 16)), 43],
    ["what is no gzip behind gzip", corrupt((b) => b.writeInt16BE(1, 21), true), -1],
    ["a record longer than the batch", corrupt((b) => b.writeUInt8(0x7e, 61), true), 87],
    ["an unknown compression", corrupt((b) => b.writeInt16BE(7, 21), true), -1],
    ["a base offset of its own", corrupt((b) => b.writeBigInt64BE(7n, 0)), 87],
    ["a time in the future", clientBatch({ timestampMs: Date.now() + 7_200_000 }), 32],
    ["too large a batch", clientBatch({ values: ["x".repeat(1_048_600)] }), 10],
  ])("%s is refused and the connection stays", async (_name, records, errorCode) => {
    expect(await send(records)).toMatchObject({ errorCode, baseOffset: -1 });
    expect(await send(clientBatch())).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  test("zstd needs a version that knows it", async () => {
    const zstd = () => {
      const batch = clientBatch();
      const out = Buffer.concat([batch.subarray(0, 61), zstdCompressSync(batch.subarray(61))]);
      out.writeInt32BE(out.length - 12, 8);
      out.writeInt16BE(4, 21);
      setChecksum(out);
      return out;
    };
    expect(await send(zstd(), 6)).toMatchObject({ errorCode: 76 });
    expect(await send(zstd(), 7)).toMatchObject({ errorCode: 0 });
  });

  test("acks=0 is not answered, and a later request on the connection is", async () => {
    client.post(produce, 9, produceBody(clientBatch({ values: ["quiet"] }), 0));
    expect((await read({ maxWaitMs: 10_000 }))[0]?.values).toEqual(["quiet"]);
    expect(client.order.length).toBe(2);
  });

  test("acks of 2 are refused", async () => {
    const answer = await client.send(produce, 9, produceBody(clientBatch(), 2));
    expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(21);
  });
});

describe("a connection", () => {
  test("answers pipelined requests in their order, a long poll among them", async () => {
    const ids = [
      client.post(fetch, 12, fetchBody({ maxWaitMs: 10_000 })),
      client.post(apiVersions, 0, {}),
      client.post(produce, 9, produceBody(clientBatch({ values: ["wakes the fetch before it"] }))),
    ];
    const last = client.send(metadata, 9, { topics: null });
    expect((await last).topics.map(({ name }) => name)).toEqual(["t"]);
    expect(client.order.slice(1, 4)).toEqual(ids);
  });

  test("has a bound on requests under way; the rest waits and is not lost", async () => {
    const reader = await RawClient.connect(broker.port);
    for (let n = 0; n < 20; n++) reader.post(fetch, 12, fetchBody({ maxWaitMs: 10_000, fetchOffset: 0 }));
    const last = reader.send(apiVersions, 0, {});
    await send(clientBatch({ values: ["a"] }));
    await last;
    expect(reader.order).toEqual(Array.from({ length: 21 }, (_, index) => index + 1));
    reader.close();
  });

  test("is refused beyond the limit, and the others go on", async () => {
    const more = await Promise.all([1, 2, 3].map(() => RawClient.connect(broker.port)));
    const refused = await RawClient.connect(broker.port);
    await refused.closed;
    expect(lines).toMatchObject([{ level: "warn", msg: "connection refused: too many" }]);
    for (const one of more) {
      await one.send(apiVersions, 0, {});
      one.close();
    }
  });

  test("that is idle for too long is ended, with one line for it", async () => {
    const seen: LogLine[] = [];
    const short = await startBroker({ connectionIdleMs: 50, log: (line) => seen.push(line) });
    const idle = await RawClient.connect(short.port);
    await idle.closed;
    const line = { level: "debug", msg: "connection closed: idle", client: "/127.0.0.1", idleMs: 50 };
    expect(seen).toEqual([line]);
    await short.stop();
  });

  test("takes a request in single bytes", async () => {
    const { encodeFrame } = await import("./raw-client.ts");
    const frame = encodeFrame(apiVersions, 0, 5, {});
    const answered = new Promise<Buffer>((resolve) => client.socket.once("data", resolve));
    for (const byte of frame) {
      await new Promise<void>((resolve) => client.socket.write(Buffer.of(byte), () => resolve()));
    }
    expect((await answered).readInt32BE(4)).toBe(5);
  });
});
