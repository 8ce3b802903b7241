import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Broker, ManualClock, startBroker } from "../src/index.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { lz4Decompress } from "../src/storage/lz4.ts";
import { BATCH_HEADER_SIZE, LOG_OVERHEAD, setChecksum } from "../src/storage/record-batch.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

// The real one, with its calls counted.
vi.mock("../src/storage/lz4.ts", { spy: true });

const LZ4 = 3;
const TIMESTAMP_MS = 1000;

let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  broker = await startBroker({ clock: new ManualClock(TIMESTAMP_MS) });
  client = await RawClient.connect(broker.port);
  vi.mocked(lz4Decompress).mockClear();
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

/** A batch behind a frame of LZ4 with one block that is stored as it is. */
function lz4Batch(keys: readonly (string | null)[]): Buffer {
  const batch = clientBatch({ values: keys.map(() => "v"), keys, timestampMs: TIMESTAMP_MS });
  const records = batch.subarray(BATCH_HEADER_SIZE);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(records.length + 0x8000_0000);
  const frame = [Buffer.from("04224d18604082", "hex"), size, records, Buffer.alloc(4)];
  const out = Buffer.concat([batch.subarray(0, BATCH_HEADER_SIZE), ...frame]);
  out.writeInt32BE(out.length - LOG_OVERHEAD, LOG_OVERHEAD - 4);
  out.writeInt16BE(LZ4, 21);
  setChecksum(out);
  return out;
}

const compacted = { name: "cleanup.policy", value: "compact" };
const dated = { name: "message.timestamp.before.max.ms", value: "1000" };

test.each([
  ["a plain topic", [], ["a", "b"], 0],
  ["a compacted topic", [compacted], ["a", "b"], 0],
  ["a compacted topic, which does not want them,", [compacted], ["a", null], 87],
  ["a topic with a limit on timestamps", [dated], ["a", "b"], 0],
  ["a compacted topic with a limit on timestamps", [compacted, dated], ["a", "b"], 0],
])("records for %s are decompressed once", async (_name, configs, keys, errorCode) => {
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout, configs }] });
  const topicData = [{ name: "t", partitionData: [{ index: 0, records: lz4Batch(keys) }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  expect(answer.responses[0]?.partitionResponses[0]?.errorCode).toBe(errorCode);
  expect(lz4Decompress).toHaveBeenCalledTimes(1);
});
