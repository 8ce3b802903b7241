import { expect, test } from "vitest";
import { startBroker } from "../src/index.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import type { DiskFile } from "../src/storage/disk.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { PowerCutDisk } from "./power-cut-disk.ts";
import { RawClient } from "./raw-client.ts";

/** A disk whose syncs in the background are not over before its process is killed, while `isSlow`. */
class SlowDisk extends PowerCutDisk {
  isSlow = false;

  override open(path: string): DiskFile {
    const file = super.open(path);
    const mustHang = (): boolean => this.isSlow && path.endsWith(".log");
    return {
      get size() {
        return file.size;
      },
      append: (pieces) => file.append(pieces),
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: () => (mustHang() ? new Promise(() => {}) : file.sync()),
      syncNow: () => file.syncNow(),
      close: () => file.close(),
    };
  }
}

const FOLDERS = ["memory"];

async function createTopic(client: RawClient): Promise<void> {
  await client.send(metadata, 9, { topics: [{ name: "t" }], allowAutoTopicCreation: true });
}

function batchBody(acks: number) {
  const records = clientBatch({ values: ["a"], producerId: 7, producerEpoch: 0, sequence: 0 });
  const topicData = [{ name: "t", partitionData: [{ index: 0, records }] }];
  return { acks, timeoutMs: 1000, topicData };
}

async function produceError(client: RawClient, acks = -1): Promise<number | undefined> {
  const answer = await client.send(produce, 9, batchBody(acks));
  return answer.responses[0]?.partitionResponses[0]?.errorCode;
}

async function read(client: RawClient): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  const topics = [{ topic: "t", partitions }];
  const answer = await client.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, topics });
  return valuesIn(answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)).map(({ value }) => value);
}

/** What is read after the power was cut at this moment, with nothing left that was not synced. */
async function readAfterPowerCut(disk: PowerCutDisk): Promise<string[]> {
  const broker = await startBroker({ disk: disk.afterPowerCut(() => 0, FOLDERS) });
  const client = await RawClient.connect(broker.port);
  const found = await read(client);
  client.close();
  await broker.stop();
  return found;
}

test("what only the system had when a broker was killed is on the disk before it is shown or acknowledged", async () => {
  const disk = new SlowDisk();
  const killed = await startBroker({ disk });
  const writer = await RawClient.connect(killed.port);
  await createTopic(writer);
  disk.isSlow = true;
  // Acknowledged without the disk, which has not got it: the system has.
  expect(await produceError(writer, 1)).toBe(0);
  await killed.kill();
  disk.isSlow = false;
  const broker = await startBroker({ disk });
  const client = await RawClient.connect(broker.port);
  expect(await read(client)).toEqual(["a"]);
  // The client, which was not answered, sends the same batch again.
  expect(await produceError(client)).toBe(0);
  expect(await readAfterPowerCut(disk)).toEqual(["a"]);
  client.close();
  await broker.stop();
});

test("a kill takes nothing away from a stop that is under way", async () => {
  const disk = new PowerCutDisk();
  const broker = await startBroker({ disk, fsync: "never" });
  const client = await RawClient.connect(broker.port);
  await createTopic(client);
  expect(await produceError(client)).toBe(0);
  const stopping = broker.stop();
  await broker.kill();
  await stopping;
  expect(await readAfterPowerCut(disk)).toEqual(["a"]);
});
