import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { MemoryPool } from "../src/network/memory.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

const MB = 1 << 20;
const BATCH_MB = 1;
const BATCHES = 60;
const ANSWER_MEMORY = 64 * MB;

let dataDir: string;
let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "broker-memory-"));
  broker = await startBroker({
    dataDir,
    fsync: "never",
    messageMaxBytes: 2 * MB,
    answerMemoryBytes: ANSWER_MEMORY,
    requestMemoryBytes: 32 * MB,
  });
  client = await RawClient.connect(broker.port);
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
});

afterEach(async () => {
  client.close();
  await broker.stop();
  rmSync(dataDir, { recursive: true });
});

async function send(value: string): Promise<number> {
  const topicData = [{ name: "t", partitionData: [{ index: 0, records: clientBatch({ values: [value] }) }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1;
}

const wholeLog = {
  maxWaitMs: 0,
  minBytes: 1,
  maxBytes: 50 * MB,
  topics: [{ topic: "t", partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50 * MB }] }],
};

/** Bytes outside of the JavaScript heap: where buffers are. */
const bufferBytes = (): number => process.memoryUsage().external;

test("clients that pipeline large fetches and never read hold a bounded amount, and others go on", async () => {
  for (let n = 0; n < BATCHES; n++) expect(await send("x".repeat(BATCH_MB * MB))).toBe(0);
  const before = bufferBytes();
  let peak = 0;
  const deaf = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(broker.port)));
  for (const one of deaf) {
    one.socket.pause();
    for (let n = 0; n < 60; n++) one.post(fetch, 12, wholeLog);
    // Somebody who reads is served all the while, if only by single batches.
    const answer = await client.send(fetch, 12, { ...wholeLog, maxBytes: 10 });
    expect(valuesIn(answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)).length).toBe(1);
    peak = Math.max(peak, bufferBytes());
  }
  // One batch more for each of them, and what the garbage collector has not come to.
  expect(peak - before).toBeLessThan(ANSWER_MEMORY + 2 * (50 + deaf.length) * MB);
  for (const one of deaf) one.close();
  // What they held is free again as soon as the broker has seen that they are gone.
  let bytes = 0;
  while (bytes < 18 * MB) {
    const answer = await client.send(fetch, 12, { ...wholeLog, maxBytes: 20 * MB });
    bytes = answer.responses[0]?.partitions[0]?.records?.length ?? 0;
  }
}, 120_000);

test("requests that arrive in pieces wait for the memory of those before them, and are served then", async () => {
  const slow = await RawClient.connect(broker.port);
  const size = Buffer.alloc(4);
  size.writeInt32BE(30 * MB);
  slow.socket.write(size);
  // The answer to another's request says that the size above has been read: both came in this order.
  await client.send(apiVersions, 0, {});
  let isDone = false;
  const large = send("x".repeat(1.9 * MB)).then((errorCode) => {
    isDone = true;
    return errorCode;
  });
  const huge = await RawClient.connect(broker.port);
  expect((await huge.send(apiVersions, 0, {})).errorCode).toBe(0);
  huge.socket.write(Buffer.concat([size, Buffer.alloc(100_000)]));
  expect(await large).toBe(0);
  expect(isDone).toBe(true);
  slow.close();
  huge.close();
});

test.each([
  ["takes what is left", 100, [60, 40], [true, true]],
  ["refuses what is not", 100, [60, 41], [true, false]],
  ["grants the first one anything", 100, [500, 1], [true, false]],
  ["has no bound where there is none", 0, [1e12, 1e12], [true, true]],
])("a pool %s", (_name, limit, asked, granted) => {
  const pool = new MemoryPool(limit);
  expect(asked.map((bytes) => pool.tryTake(bytes))).toEqual(granted);
});

test("a pool wakes those who wait when memory is given back", () => {
  const pool = new MemoryPool(10);
  pool.tryTake(10);
  let woken = 0;
  pool.whenFreed(() => woken++);
  pool.give(4);
  pool.give(6);
  expect([woken, pool.heldBytes, pool.left]).toEqual([1, 0, 10]);
});
