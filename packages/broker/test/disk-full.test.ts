import { afterEach, beforeEach, expect, test } from "vitest";
import { type Broker, type LogLine, startBroker } from "../src/index.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import type { DiskFile } from "../src/storage/disk.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

const KAFKA_STORAGE_ERROR = 56;

/** A disk without space left, while `isFull`. */
class SmallDisk extends MemoryDisk {
  isFull = false;

  #refuse(): void {
    if (this.isFull) {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    }
  }

  override open(path: string): DiskFile {
    const file = super.open(path);
    const refuse = (): void => this.#refuse();
    return {
      get size() {
        return file.size;
      },
      append(pieces) {
        refuse();
        file.append(pieces);
      },
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      syncNow: () => file.syncNow(),
      close: () => file.close(),
    };
  }

  override replaceFile(path: string, content: Buffer): void {
    this.#refuse();
    super.replaceFile(path, content);
  }
}

let disk: SmallDisk;
let clock: ManualClock;
let broker: Broker;
let client: RawClient;
let lines: LogLine[];

beforeEach(async () => {
  disk = new SmallDisk();
  clock = new ManualClock();
  lines = [];
  broker = await start();
  client = await RawClient.connect(broker.port);
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
});

afterEach(async () => {
  client.close();
  await broker.stop();
});

function start(): Promise<Broker> {
  return startBroker({
    disk,
    clock,
    log: (line) => lines.push(line),
    topicDefaults: { "retention.ms": "-1" },
  });
}

async function send(value: string): Promise<number | undefined> {
  const topicData = [{ name: "t", partitionData: [{ index: 0, records: clientBatch({ values: [value] }) }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  return answer.responses[0]?.partitionResponses[0]?.errorCode;
}

async function commit(committedOffset: number): Promise<number | undefined> {
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset }] }];
  const answer = await client.send(offsetCommit, 8, { groupId: "g", memberId: "", topics });
  return answer.topics[0]?.partitions[0]?.errorCode;
}

async function stored(): Promise<string[]> {
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20 }];
  const answer = await client.send(fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [{ topic: "t", partitions }],
  });
  return valuesIn(answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0)).map(({ value }) => value);
}

const failures = () => lines.filter(({ level }) => level === "error" || level === "warn");

test("a full disk is told of once, loses nothing, and is over when there is space again", async () => {
  expect(await send("before")).toBe(0);
  disk.isFull = true;
  for (let n = 0; n < 20; n++) expect(await send(`lost ${n}`)).toBe(KAFKA_STORAGE_ERROR);
  expect(await commit(1)).not.toBe(0);
  expect(await stored()).toEqual(["before"]);
  expect(failures().length).toBe(1);
  expect(failures()[0]).toMatchObject({ level: "error", reason: expect.stringContaining("ENOSPC") });
  disk.isFull = false;
  expect(await send("after")).toBe(0);
  expect(await commit(2)).toBe(0);
  expect(await stored()).toEqual(["before", "after"]);
  clock.advance(10_000);
  expect(lines.at(-1)).toMatchObject({ level: "info", code: "ENOSPC", suppressed: 20 });
  // The next incident is another one.
  disk.isFull = true;
  await send("lost");
  expect(failures().length).toBe(2);
});

test("a broker stops at once on a full disk, says that its next start takes longer, and nothing is lost", async () => {
  expect(await send("a")).toBe(0);
  disk.isFull = true;
  await broker.stop();
  expect(failures()).toMatchObject([{ level: "warn", reason: expect.stringContaining("ENOSPC") }]);
  client.close();
  disk.isFull = false;
  broker = await start();
  client = await RawClient.connect(broker.port);
  expect(await stored()).toEqual(["a"]);
});
