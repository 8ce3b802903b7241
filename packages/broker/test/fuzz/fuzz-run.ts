import assert from "node:assert/strict";
import { type Broker, startBroker } from "../../src/index.ts";
import { apiVersions } from "../../src/protocol/messages/api-versions.ts";
import { createTopics } from "../../src/protocol/messages/create-topics.ts";
import { metadata } from "../../src/protocol/messages/metadata.ts";
import { produce } from "../../src/protocol/messages/produce.ts";
import { clientBatch } from "../batches.ts";
import { ManualClock } from "../manual-clock.ts";
import { RawClient } from "../raw-client.ts";
import { seeded } from "../seeded.ts";
import { mutatedRequest } from "./mutated-request.ts";

/** An answer that takes longer is a hang: nothing in the broker may wait for more than its clock. */
const HANG_MS = 60_000;
const CLOCK_STEP_MS = 500;
/** A client may ask for a wait of up to 2^31 ms: when an answer is late, that much passes at once. */
const LATE_MS = 20;
const REQUEST_MAX_BYTES = 1 << 16;
const LONGEST_WAIT_MS = 2 ** 31;
/** So often a connection beside the others must be served as if nothing had happened. */
const WITNESS_EVERY = 1000;

export interface FuzzReport {
  /** Requests after which the connection still stood. */
  readonly survived: number;
  /** Largest resident memory of the process while it ran. */
  readonly peakBytes: number;
}

/**
 * Sends mutated requests to one broker in memory, each followed by a sound one that must be answered unless the
 * connection was ended. Throws an error that names the seed where the broker fails, hangs or harms another client.
 */
export async function fuzzBroker(seed: number, requests: number): Promise<FuzzReport> {
  const errors: string[] = [];
  const clock = new ManualClock();
  const broker = await startBroker({
    clock,
    numPartitions: 2,
    requestMaxBytes: REQUEST_MAX_BYTES,
    maintenanceIntervalMs: LONGEST_WAIT_MS,
    logCleanerBackoffMs: LONGEST_WAIT_MS,
    groupInitialRebalanceDelayMs: 0,
    groupMinSessionTimeoutMs: 0,
    log: ({ level, ...line }) => {
      if (level === "error") errors.push(JSON.stringify(line));
    },
  });
  // Time flies, so that long polls, joins and sessions end.
  let isOver = false;
  const tick = (): void => {
    clock.advance(CLOCK_STEP_MS);
    if (!isOver) setImmediate(tick);
  };
  tick();
  try {
    const report = await sendAll(broker, clock, seeded(seed), requests);
    assert.deepEqual(errors, []);
    await assertSound(broker);
    return report;
  } catch (error) {
    throw new Error(`fuzz with --seed ${seed} --requests ${requests}: ${String(error)}`, { cause: error });
  } finally {
    isOver = true;
    await broker.stop();
  }
}

async function sendAll(
  broker: Broker,
  clock: ManualClock,
  random: () => number,
  requests: number,
): Promise<FuzzReport> {
  const witness = await RawClient.connect(broker.port);
  const layout = { numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
  await witness.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
  let survived = 0;
  let peakBytes = 0;
  let client = await RawClient.connect(broker.port);
  for (let sent = 0; sent < requests; sent++) {
    client.socket.write(mutatedRequest(sent, random));
    const isAlive = await answered(client, clock, sent);
    if (isAlive) survived++;
    else client = await RawClient.connect(broker.port);
    if (sent % WITNESS_EVERY !== 0) continue;
    assert.ok(await answered(witness, clock, sent), "another connection was harmed");
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  }
  client.close();
  witness.close();
  return { survived, peakBytes };
}

/** True if a sound request is answered, false if the connection was ended; anything else is a hang. */
async function answered(client: RawClient, clock: ManualClock, sent: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => reject(new Error(`no answer after request ${sent}`)), HANG_MS);
  let ticks = 0;
  const late = setInterval(() => {
    clock.advance(LONGEST_WAIT_MS);
    // A request that was cut short takes what is behind it for its end, and what comes then has no meaning.
    if (++ticks > 2) client.socket.write(Buffer.alloc(REQUEST_MAX_BYTES));
  }, LATE_MS);
  client.send(apiVersions, 0, {}).then(
    () => resolve(true),
    () => resolve(false),
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    clearInterval(late);
  }
}

/** What comes after all the nonsense is served like on the first day. */
async function assertSound(broker: Broker): Promise<void> {
  const client = await RawClient.connect(broker.port);
  await client.send(metadata, 9, { topics: [{ name: "after" }] });
  const topicData = [{ name: "after", partitionData: [{ index: 0, records: clientBatch() }] }];
  const answer = await client.send(produce, 9, { acks: -1, timeoutMs: 1000, topicData });
  const result = answer.responses[0]?.partitionResponses[0];
  assert.deepEqual([result?.errorCode, result?.baseOffset], [0, 0]);
  client.close();
}
