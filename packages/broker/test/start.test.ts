import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BrokerError, type LogLine, startBroker } from "../src/index.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { fileDisk } from "../src/storage/file-disk.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "broker-start-"));
});

afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

async function failureOf(options: Parameters<typeof startBroker>[0]): Promise<BrokerError> {
  const broker = await startBroker(options).catch((error: unknown) => error);
  if (broker instanceof BrokerError) return broker;
  throw new Error(`expected a BrokerError, got ${String(broker)}`);
}

describe("a broker that cannot start says why", () => {
  test("a second one on the same folder, also by another path", async () => {
    const first = await startBroker({ dataDir });
    const failure = await failureOf({ dataDir: `${dataDir}/../${dataDir.split("/").at(-1)}` });
    expect(failure.code).toBe("DATA_DIR_LOCKED");
    expect(failure.message).toContain(`process ${process.pid}`);
    await first.stop();
    await (await startBroker({ dataDir })).stop();
  });

  test("a port in use; the folder is free again afterwards", async () => {
    const first = await startBroker();
    const failure = await failureOf({ dataDir, port: first.port });
    expect(failure.code).toBe("PORT_IN_USE");
    expect(failure.message).toContain(String(first.port));
    await (await startBroker({ dataDir })).stop();
    await first.stop();
  });

  test("an address that is not this machine's", async () => {
    expect((await failureOf({ host: "203.0.113.1" })).code).toBe("ADDRESS_UNAVAILABLE");
  });

  test.each([
    ["other files", () => writeFileSync(join(dataDir, "notes.txt"), "x"), /other files \(notes\.txt\)/],
    [
      "a newer format",
      () => writeFileSync(join(dataDir, "broker.json"), '{"format":99,"clusterId":"x"}'),
      /newer/,
    ],
    [
      "something else's broker.json",
      () => writeFileSync(join(dataDir, "broker.json"), "{"),
      /not a broker's/,
    ],
  ])("a folder with %s", async (_name, prepare, message) => {
    prepare();
    const failure = await failureOf({ dataDir });
    expect(failure.code).toBe("DATA_DIR_FOREIGN");
    expect(failure.message).toMatch(message);
  });

  test("a folder that is a file", async () => {
    writeFileSync(join(dataDir, "file"), "");
    expect((await failureOf({ dataDir: join(dataDir, "file") })).code).toBe("DATA_DIR_UNWRITABLE");
  });

  test("a list of topics that is missing: the topics' folders are data and stay", async () => {
    const broker = await startBroker({ dataDir });
    const client = await RawClient.connect(broker.port);
    await client.send(metadata, 9, { topics: [{ name: "t" }] });
    client.close();
    await broker.stop();
    const folders = readdirSync(join(dataDir, "topics"));
    expect(folders).toHaveLength(1);
    rmSync(join(dataDir, "topics.json"));
    const failure = await failureOf({ dataDir });
    expect(failure.code).toBe("DATA_DIR_CORRUPT");
    expect(failure.message).toContain("topics.json is missing");
    expect(readdirSync(join(dataDir, "topics"))).toEqual(folders);
  });

  test("a full disk", async () => {
    const full = {
      ...fileDisk,
      replaceFile: () => {
        throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      },
    };
    expect((await failureOf({ dataDir, disk: full })).code).toBe("DISK_FULL");
  });

  test("a journal of commits that is damaged in the middle", async () => {
    const broker = await startBroker({ dataDir });
    const client = await RawClient.connect(broker.port);
    const { initProducerId } = await import("../src/protocol/messages/init-producer-id.ts");
    const { offsetCommit } = await import("../src/protocol/messages/offset-commit.ts");
    await client.send(metadata, 9, { topics: [{ name: "t" }] });
    await client.send(initProducerId, 4, { transactionTimeoutMs: 1000 });
    for (let committedOffset = 0; committedOffset < 3; committedOffset++) {
      const topics = [{ name: "t", partitions: [{ partitionIndex: 0, committedOffset }] }];
      await client.send(offsetCommit, 8, { groupId: "g", memberId: "", topics });
    }
    client.close();
    await broker.stop();
    const path = join(dataDir, "coordinator.journal");
    const bytes = readFileSync(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect((await failureOf({ dataDir })).code).toBe("DATA_DIR_CORRUPT");
    expect(readFileSync(path)).toEqual(bytes);
  });
});

test("a disk that fills up while running: the client is told, nothing breaks, and it goes on when there is space", async () => {
  let isFull = false;
  const lines: LogLine[] = [];
  const disk = {
    ...fileDisk,
    open: (path: string) => {
      const file = fileDisk.open(path);
      const append = file.append.bind(file);
      file.append = (pieces) => {
        if (isFull) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
        append(pieces);
      };
      return file;
    },
  };
  const broker = await startBroker({ dataDir, disk, log: (line) => lines.push(line) });
  const client = await RawClient.connect(broker.port);
  await client.send(createTopics, 5, {
    topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  });
  const send = async () => {
    const topicData = [{ name: "t", partitionData: [{ index: 0, records: clientBatch() }] }];
    const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
    return answer.responses[0]?.partitionResponses[0];
  };
  expect(await send()).toMatchObject({ errorCode: 0, baseOffset: 0 });
  isFull = true;
  expect(await send()).toMatchObject({ errorCode: 56 });
  expect(lines).toMatchObject([{ level: "error", topic: "t", partition: 0 }]);
  isFull = false;
  expect(await send()).toMatchObject({ errorCode: 0, baseOffset: 1 });
  client.close();
  await broker.stop();
});

test("a memory broker leaves no file", async () => {
  const broker = await startBroker();
  const client = await RawClient.connect(broker.port);
  await client.send(metadata, 9, { topics: [{ name: "t" }] });
  client.close();
  await broker.stop();
  expect(readdirSync(dataDir)).toEqual([]);
});

test("stopping twice is stopping once", async () => {
  const broker = await startBroker({ dataDir });
  await Promise.all([broker.stop(), broker.stop()]);
});
