import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { initProducerId } from "../src/protocol/messages/init-producer-id.ts";
import { offsetCommit } from "../src/protocol/messages/offset-commit.ts";
import { offsetFetch } from "../src/protocol/messages/offset-fetch.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { clientBatch, valuesIn } from "./batches.ts";
import { RawClient } from "./raw-client.ts";
import { seeded } from "./seeded.ts";

const ROUNDS = 20;
const PARTITIONS = 3;
const GROUP = "g";

async function startProcess(dataDir: string): Promise<{ child: ChildProcess; port: number }> {
  const script = new URL("./broker-process.ts", import.meta.url);
  const child = fork(script, [dataDir, "16384"], { execArgv: ["--conditions=candlewick-src"] });
  const [port] = (await once(child, "message")) as [number];
  return { child, port };
}

/** What the client side of the test knows to be acknowledged, per partition. */
class Ledger {
  /** Values by sequence number; the sequence goes on over all rounds, as the producer keeps its id. */
  readonly sent: string[] = [];
  acknowledged = 0;
  committed = -1;
}

async function produceNext(client: RawClient, ledger: Ledger, partition: number, producerId: number) {
  const value = `p${partition}-${ledger.sent.length}`;
  const sequence = ledger.sent.length;
  ledger.sent.push(value);
  await sendBatch(client, ledger, partition, producerId, sequence);
}

async function sendBatch(
  client: RawClient,
  ledger: Ledger,
  partition: number,
  producerId: number,
  sequence: number,
): Promise<void> {
  const batch = clientBatch({
    values: [ledger.sent[sequence] ?? ""],
    producerId,
    producerEpoch: 0,
    sequence,
  });
  const answer = await client.send(produce, 9, {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: "t", partitionData: [{ index: partition, records: batch }] }],
  });
  const result = answer.responses[0]?.partitionResponses[0];
  expect(result).toMatchObject({ errorCode: 0, baseOffset: sequence });
  ledger.acknowledged = Math.max(ledger.acknowledged, sequence + 1);
}

async function commit(client: RawClient, ledger: Ledger, partition: number): Promise<void> {
  const committedOffset = ledger.acknowledged;
  const answer = await client.send(offsetCommit, 8, {
    groupId: GROUP,
    memberId: "",
    topics: [{ name: "t", partitions: [{ partitionIndex: partition, committedOffset }] }],
  });
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
  ledger.committed = Math.max(ledger.committed, committedOffset);
}

/** Reads a partition from its beginning. */
async function readAll(client: RawClient, partition: number): Promise<string[]> {
  const values: string[] = [];
  for (;;) {
    const answer = await client.send(fetch, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [
        { topic: "t", partitions: [{ partition, fetchOffset: values.length, partitionMaxBytes: 1 << 20 }] },
      ],
    });
    const data = answer.responses[0]?.partitions[0];
    expect(data?.errorCode).toBe(0);
    const found = valuesIn(data?.records ?? Buffer.alloc(0));
    if (found.length === 0) return values;
    for (const { offset, value } of found) if (offset === values.length) values.push(value);
  }
}

/** Checks what the restarted broker holds against what it acknowledged, then resends what was cut off. */
async function verify(client: RawClient, ledgers: readonly Ledger[], producerId: number): Promise<void> {
  const offsets = await client.send(offsetFetch, 7, {
    groupId: GROUP,
    topics: [{ name: "t", partitionIndexes: ledgers.map((_, partition) => partition) }],
  });
  for (const [partition, ledger] of ledgers.entries()) {
    const stored = await readAll(client, partition);
    expect(stored.length).toBeGreaterThanOrEqual(ledger.acknowledged);
    expect(stored).toEqual(ledger.sent.slice(0, stored.length));
    const committed = offsets.topics[0]?.partitions[partition]?.committedOffset ?? -1;
    expect(committed).toBeGreaterThanOrEqual(ledger.committed);
    // A producer that was not answered sends again: what is there already must not be there twice.
    const from = Math.max(ledger.acknowledged, stored.length - 5);
    for (let sequence = from; sequence < ledger.sent.length; sequence++) {
      await sendBatch(client, ledger, partition, producerId, sequence);
    }
    expect(await readAll(client, partition)).toEqual(ledger.sent);
  }
}

/** Produces and commits with many requests under way until the process dies at the given acknowledgement. */
async function workUntilKilled(
  child: ChildProcess,
  client: RawClient,
  ledgers: readonly Ledger[],
  killAt: number,
  producerId: number,
) {
  let acknowledgements = 0;
  const exited = once(child, "exit");
  const worker = async (ledger: Ledger, partition: number): Promise<void> => {
    for (;;) {
      await produceNext(client, ledger, partition, producerId);
      if (++acknowledgements === killAt) child.kill("SIGKILL");
      if (acknowledgements % 7 === 0) await commit(client, ledger, partition);
    }
  };
  const workers = ledgers.flatMap((ledger, partition) => [
    worker(ledger, partition),
    worker(ledger, partition),
  ]);
  const ends = await Promise.allSettled(workers);
  for (const end of ends)
    expect(String(end.status === "rejected" && end.reason)).toMatch(/connection closed/);
  await exited;
}

test(`nothing acknowledged is lost or doubled over ${ROUNDS} kills`, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "broker-crash-"));
  const random = seeded(20);
  const ledgers = Array.from({ length: PARTITIONS }, () => new Ledger());
  let producerId = -1;
  for (let round = 0; round <= ROUNDS; round++) {
    const { child, port } = await startProcess(dataDir);
    const client = await RawClient.connect(port);
    if (round === 0) {
      await client.send(createTopics, 5, {
        topics: [
          { name: "t", numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] },
        ],
      });
      const init = await client.send(initProducerId, 4, { transactionTimeoutMs: 60_000 });
      producerId = init.producerId;
    } else {
      await verify(client, ledgers, producerId);
    }
    if (round < ROUNDS) {
      await workUntilKilled(child, client, ledgers, 1 + Math.floor(random() * 300), producerId);
    } else {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      expect(await exited).toEqual([0, null]);
    }
    client.close();
  }
  expect(ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(1000);
  rmSync(dataDir, { recursive: true });
});
