import { expect, test } from "vitest";
import { type Broker, type LogLine, ManualClock, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { incrementalAlterConfigs } from "../src/protocol/messages/incremental-alter-configs.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { CleaningPace, CleaningStopped } from "../src/storage/cleaning-pace.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

const BACKOFF = "log.cleaner.backoff.ms";
const RATE = "log.cleaner.io.max.bytes.per.second";

/** A broker whose compactions can be waited for. */
async function compacting() {
  const clock = new ManualClock();
  let compacted = Promise.withResolvers<LogLine>();
  const log = (line: LogLine): void => {
    if (line.level === "error") throw new Error(JSON.stringify(line));
    if (line.msg === "compacted") compacted.resolve(line);
  };
  const broker = await startBroker({ clock, log, topicDefaults: { "segment.bytes": "1024" } });
  const client = await RawClient.connect(broker.port);
  const configs = Object.entries({
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0",
  }).map(([name, value]) => ({ name, value }));
  const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs };
  await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
  return {
    broker,
    clock,
    client,
    /** Writes one key over and over, so that compaction has something to do. */
    async fill(): Promise<void> {
      compacted = Promise.withResolvers<LogLine>();
      for (let count = 0; count < 5; count++) {
        const records = clientBatch({ keys: ["k"], values: ["x".repeat(600)] });
        const topicData = [{ name: "t", partitionData: [{ index: 0, records }] }];
        await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
      }
    },
    compacted: () => compacted.promise,
    async set(name: string, value: string): Promise<void> {
      const changes = [{ name, configOperation: 0, value }];
      const resources = [{ resourceType: 4, resourceName: "1", configs: changes }];
      const answer = await client.send(incrementalAlterConfigs, 1, { resources, validateOnly: false });
      expect(answer.responses[0]?.errorCode).toBe(0);
    },
  };
}

async function end(broker: Broker, client: RawClient): Promise<void> {
  client.close();
  await broker.stop();
}

/** True once the promise is settled, after everything that could happen by now has happened. */
async function isSettled(promise: Promise<unknown>, client: RawClient): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < 5; turn++) await client.send(apiVersions, 0, {});
  return settled;
}

test("compaction rests for log.cleaner.backoff.ms, whose changes count at once", async () => {
  const { broker, clock, client, fill, compacted, set } = await compacting();
  await fill();
  clock.advance(14_999);
  expect(await isSettled(compacted(), client)).toBe(false);
  clock.advance(1);
  await compacted();
  await fill();
  await set(BACKOFF, "100");
  clock.advance(100);
  expect(await compacted()).toMatchObject({ topic: "t", partition: 0 });
  await end(broker, client);
});

test("keeps to log.cleaner.io.max.bytes.per.second, and goes on when that is raised", async () => {
  const { broker, clock, client, fill, compacted, set } = await compacting();
  await set(RATE, "10");
  await fill();
  clock.advance(15_000);
  expect(await isSettled(compacted(), client)).toBe(false);
  await set(RATE, "1E9");
  await compacted();
  await end(broker, client);
});

test("a broker stops though compaction waits", async () => {
  const { broker, clock, client, fill, compacted, set } = await compacting();
  await set(RATE, "0");
  await fill();
  clock.advance(15_000);
  expect(await isSettled(compacted(), client)).toBe(false);
  await end(broker, client);
});

test("what is read and written takes its time on average", async () => {
  const clock = new ManualClock(0);
  const pace = new CleaningPace(clock, () => 1000);
  for (let count = 0; count < 20; count++) {
    pace.note(250);
    const rested = pace.rest();
    let isOver = false;
    const noted = rested.then(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    clock.advance(250);
    await noted;
  }
  pace.stop();
  await expect(pace.rest()).rejects.toBeInstanceOf(CleaningStopped);
});
