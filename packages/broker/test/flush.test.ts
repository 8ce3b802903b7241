import { afterEach, beforeEach, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import type { DiskFile } from "../src/storage/disk.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { clientBatch } from "./batches.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

/** A disk on which the syncs of logs end when the test says so. */
class SlowDisk extends MemoryDisk {
  readonly begun: (() => void)[] = [];

  override open(path: string): DiskFile {
    const file = super.open(path);
    if (!path.endsWith(".log")) return file;
    const { begun } = this;
    return {
      get size() {
        return file.size;
      },
      append: (pieces) => file.append(pieces),
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: () => new Promise((resolve) => begun.push(resolve)),
      syncNow: () => {},
      close: () => file.close(),
    };
  }

  finish(): void {
    for (const resolve of this.begun.splice(0)) resolve();
  }
}

let disk: SlowDisk;
let clock: ManualClock;
let broker: Broker;
let client: RawClient;

beforeEach(async () => {
  disk = new SlowDisk();
  clock = new ManualClock();
  broker = await startBroker({ disk, clock, fsync: "never" });
  client = await RawClient.connect(broker.port);
});

afterEach(async () => {
  client.close();
  const stopped = broker.stop();
  // The stop syncs what is left.
  const finishing = setInterval(() => disk.finish(), 1);
  await stopped;
  clearInterval(finishing);
});

async function createTopic(settings: Record<string, string>): Promise<void> {
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const topics = [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs }];
  expect((await client.send(createTopics, 5, { topics })).topics[0]?.errorCode).toBe(0);
}

function send(): { readonly isDone: () => boolean; readonly answered: Promise<void> } {
  let done = false;
  const topicData = [{ name: "t", partitionData: [{ index: 0, records: clientBatch() }] }];
  const answered = client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData }).then(() => {
    done = true;
  });
  return { isDone: () => done, answered };
}

/** When another connection has been answered, what came before it has been served as far as it can be. */
async function served(): Promise<void> {
  const other = await RawClient.connect(broker.port);
  for (let n = 0; n < 3; n++) await other.send(apiVersions, 0, {});
  other.close();
}

test("without a policy no answer waits for the disk", async () => {
  await createTopic({});
  await send().answered;
  expect(disk.begun.length).toBe(0);
});

test("flush.messages lets that many records be acknowledged before they are on the disk, and the next one waits", async () => {
  await createTopic({ "flush.messages": "2" });
  await send().answered;
  const second = send();
  await served();
  expect(second.isDone()).toBe(false);
  disk.finish();
  await second.answered;
  // Counted anew.
  await send().answered;
});

test("flush.ms brings records to the disk though nobody waits for it", async () => {
  await createTopic({ "flush.ms": "3000" });
  await send().answered;
  clock.advance(2500);
  expect(disk.begun.length).toBe(0);
  clock.advance(1000);
  expect(disk.begun.length).toBe(1);
  disk.finish();
});
