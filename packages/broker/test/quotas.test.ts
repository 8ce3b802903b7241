import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Broker, ManualClock, startBroker } from "../src/index.ts";
import { alterClientQuotas } from "../src/protocol/messages/alter-client-quotas.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { createTopics } from "../src/protocol/messages/create-topics.ts";
import { describeClientQuotas } from "../src/protocol/messages/describe-client-quotas.ts";
import { fetch } from "../src/protocol/messages/fetch.ts";
import { produce } from "../src/protocol/messages/produce.ts";
import { ClientQuotas } from "../src/quotas/client-quotas.ts";
import { MeasuredRate } from "../src/quotas/measured-rate.ts";
import type { QuotaEntity } from "../src/quotas/quota-entity.ts";
import { throttlesOf } from "../src/quotas/throttle.ts";
import { Journal } from "../src/storage/journal.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";
import { clientBatch } from "./batches.ts";
import { RawClient } from "./raw-client.ts";

const RATE = "producer_byte_rate";
const PERCENTAGE = "request_percentage";

describe("the bound of a client is the one that names it best", () => {
  const order: readonly QuotaEntity[] = [
    { user: "ada", "client-id": "shop" },
    { user: "ada", "client-id": null },
    { user: "ada" },
    { user: null, "client-id": "shop" },
    { user: null, "client-id": null },
    { user: null },
    { "client-id": "shop" },
    { "client-id": null },
  ];

  test.each(order.map((entity, index) => [entity, index] as const))("%j", (entity, index) => {
    const quotas = new ClientQuotas(new Journal(new MemoryDisk(), "journal", "at-once"));
    const others: QuotaEntity[] = [{ user: "bob" }, { "client-id": "other" }, { ip: "127.0.0.1" }];
    quotas.replace(others.map((other) => ({ entity: other, quotas: { [RATE]: 1 } })));
    expect(quotas.bound(RATE, "ada", "shop")).toBeUndefined();
    quotas.replace(order.slice(index).map((one, rank) => ({ entity: one, quotas: { [RATE]: 100 + rank } })));
    expect(quotas.bound(RATE, "ada", "shop")?.perSecond).toBe(100);
    // A bound of another kind does not stand before it.
    const [best = {}] = order;
    if (index > 0) quotas.replace([{ entity: best, quotas: { consumer_byte_rate: 5 } }]);
    expect(quotas.bound(RATE, "ada", "shop")?.perSecond).toBe(100);
    expect(entity).toEqual(order[index]);
  });
});

describe("the measured rate", () => {
  test("allows ten times the bound at once, and no more", () => {
    const rate = new MeasuredRate();
    rate.add(10_000, 0);
    expect(rate.excessMs(1000, 0)).toBe(0);
    rate.add(5000, 0);
    expect(rate.excessMs(1000, 0)).toBe(5000);
  });

  test.each([100, 1000, 5000])(
    "whoever is silent when he is told to keeps to it, in pieces of %i bytes",
    (bytes) => {
      const rate = new MeasuredRate();
      const bound = 10_000;
      let nowMs = 0;
      let sent = 0;
      while (nowMs < 600_000) {
        rate.add(bytes, nowMs);
        sent += bytes;
        nowMs += Math.max(1, rate.excessMs(bound, nowMs));
      }
      // Ten seconds and the present one may be sent at once, and time is counted in whole milliseconds.
      expect(sent / (600 * bound)).toBeLessThan(1.1);
      expect(sent / (600 * bound)).toBeGreaterThan(0.9);
    },
  );

  test("a clock that is set back does not stop a client for ever", () => {
    const rate = new MeasuredRate();
    rate.add(1_000_000, 1_000_000);
    rate.add(10, 0);
    expect(rate.excessMs(1000, 0)).toBe(0);
  });
});

test("100 percent are a thread, of which ten seconds may be taken at once", () => {
  const quotas = new ClientQuotas(new Journal(new MemoryDisk(), "journal", "at-once"));
  quotas.replace([{ entity: { user: "ada" }, quotas: { request_percentage: 50 } }]);
  const { requestTime } = throttlesOf(quotas);
  const ada = { user: "ada", clientId: "shop" };
  expect(requestTime.watch({ user: "bob", clientId: "shop" })).toBeUndefined();
  expect(requestTime.record(ada, 5000, 0)).toBe(0);
  expect(requestTime.record(ada, 100, 0)).toBe(200);
  expect(requestTime.record(ada, 5000, 0)).toBe(1000);
  expect(requestTime.record(ada, 1, 22_000)).toBe(0);
});

test("a watch counts what is worked, not what is waited, and each part once", async () => {
  const quotas = new ClientQuotas(new Journal(new MemoryDisk(), "journal", "at-once"));
  quotas.replace([{ entity: { user: "ada" }, quotas: { request_percentage: 1 } }]);
  const { requestTime } = throttlesOf(quotas);
  const ada = { user: "ada", clientId: "shop" };
  const watch = requestTime.watch(ada);
  watch?.pause();
  const beganMs = performance.now();
  // Busy for longer than the 100 ms that are free, while the watch stands still.
  while (performance.now() - beganMs < 150);
  expect(watch?.silenceMs(0)).toBe(0);
  const goesMs = performance.now();
  while (performance.now() - goesMs < 150);
  watch?.end(0);
  expect(requestTime.record(ada, 0, 0)).toBeGreaterThan(0);
  expect(watch?.silenceMs(0)).toBe(0);
});

test("an answer that is larger than the bound goes out after a silence, and is paid for", () => {
  const quotas = new ClientQuotas(new Journal(new MemoryDisk(), "journal", "at-once"));
  quotas.replace([{ entity: { user: "ada" }, quotas: { consumer_byte_rate: 100 } }]);
  const { fetch: throttle } = throttlesOf(quotas);
  const ada = { user: "ada", clientId: "shop" };
  expect(throttle.admit(ada, 5000, 0)).toEqual({ throttleMs: 40_000, isSent: true });
  const { throttleMs, isSent } = throttle.admit(ada, 1, 5000);
  expect([throttleMs > 0, isSent]).toEqual([true, false]);
  expect(throttle.admit(ada, 5000, 40_000).isSent).toBe(true);
});

describe("a broker with quotas", () => {
  let disk: MemoryDisk;
  let clock: ManualClock;
  let broker: Broker;
  let client: RawClient;

  beforeEach(async () => {
    disk = new MemoryDisk();
    clock = new ManualClock(1_000_000);
    broker = await startBroker({ disk, clock });
    client = await RawClient.connect(broker.port);
    const layout = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    await client.send(createTopics, 5, { topics: [{ name: "t", ...layout }] });
  });

  afterEach(async () => {
    client.close();
    await broker.stop();
  });

  async function set(key: string, value: number, type = "user", name = "ANONYMOUS"): Promise<void> {
    const entity = [{ entityType: type, entityName: name }];
    const entries = [{ entity, ops: [{ key, value, remove: false }] }];
    const answer = await client.send(alterClientQuotas, 1, { entries, validateOnly: false });
    expect(answer.entries[0]?.errorCode).toBe(0);
  }

  async function send(bytes: number, acks = -1) {
    const records = clientBatch({ values: ["x".repeat(bytes)] });
    const topicData = [{ name: "t", partitionData: [{ index: 0, records }] }];
    return client.send(produce, 9, { acks, timeoutMs: 1000, topicData });
  }

  test("keeps a producer silent after the answer, and only that connection", async () => {
    await set(RATE, 1000);
    expect((await send(9000)).throttleTimeMs).toBe(0);
    const { throttleTimeMs, responses } = await send(9000);
    expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
    expect(throttleTimeMs).toBeGreaterThan(8000);
    let isAnswered = false;
    const late = client.send(apiVersions, 0, {}).then(() => {
      isAnswered = true;
    });
    const other = await RawClient.connect(broker.port);
    // By the time another connection was served twice this one would have been as well.
    await other.send(apiVersions, 0, {});
    await other.send(apiVersions, 0, {});
    clock.advance(throttleTimeMs - 1);
    await other.send(apiVersions, 0, {});
    await other.send(apiVersions, 0, {});
    expect(isAnswered).toBe(false);
    clock.advance(1);
    await late;
    other.close();
  });

  test("keeps a consumer silent, and gives it the records afterwards", async () => {
    for (let count = 0; count < 3; count++) await send(6000);
    await set("consumer_byte_rate", 1000);
    const read = (fetchOffset: number) => {
      const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 7000 }];
      return client.send(fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [{ topic: "t", partitions }] });
    };
    const first = await read(0);
    expect([first.throttleTimeMs, first.responses.length]).toEqual([0, 1]);
    const second = await read(1);
    expect(second.throttleTimeMs).toBeGreaterThan(0);
    expect(second.responses).toEqual([]);
    clock.advance(11_000);
    const again = await read(1);
    expect([again.throttleTimeMs, again.responses.length]).toEqual([0, 1]);
  });

  /** Whether it is answered only when the clock has moved on by so much. */
  async function isAnsweredAfter(silenceMs: number): Promise<boolean> {
    let isAnswered = false;
    const late = client.send(apiVersions, 0, {}).then(() => {
      isAnswered = true;
    });
    const other = await RawClient.connect(broker.port, "other");
    clock.advance(silenceMs - 1);
    for (let turn = 0; turn < 3; turn++) await other.send(apiVersions, 0, {});
    const isEarly = isAnswered;
    clock.advance(1);
    await late;
    other.close();
    return !isEarly;
  }

  test("keeps whoever takes more time than its percentage silent, for a second at most", async () => {
    await send(100);
    // So little that each request is over it.
    await set(PERCENTAGE, 0.000_01, "client-id", "raw");
    clock.advance(11_000);
    const { throttleTimeMs, responses } = await send(100);
    expect(throttleTimeMs).toBe(1000);
    expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(0);
    expect(await isAnsweredAfter(1000)).toBe(true);
    clock.advance(1000);
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 7000 }];
    const body = { maxWaitMs: 0, minBytes: 0, topics: [{ topic: "t", partitions }] };
    expect(await client.send(fetch, 12, body)).toMatchObject({ throttleTimeMs: 1000, responses: [] });
    clock.advance(1000);
    await set(PERCENTAGE, 100, "client-id", "raw");
    clock.advance(1000);
    expect(await client.send(fetch, 12, body)).toMatchObject({ throttleTimeMs: 0, responses: [{}] });
  });

  test("time that a request waits for records is nobody's", async () => {
    // 200 ms are free.
    await set(PERCENTAGE, 2, "client-id", "raw");
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 7000 }];
    const body = { maxWaitMs: 60_000, minBytes: 1, topics: [{ topic: "t", partitions }] };
    const waiting = client.send(fetch, 12, body);
    const other = await RawClient.connect(broker.port, "other");
    await other.send(apiVersions, 0, {});
    const beganMs = performance.now();
    while (performance.now() - beganMs < 400);
    clock.advance(60_000);
    expect((await waiting).throttleTimeMs).toBe(0);
    other.close();
  });

  test("whoever is over two bounds is silent for the longer time", async () => {
    await set(RATE, 1000, "client-id", "raw");
    await set(PERCENTAGE, 0.000_01, "client-id", "raw");
    clock.advance(11_000);
    const { throttleTimeMs } = await send(30_000);
    expect(throttleTimeMs).toBeGreaterThan(10_000);
    expect(await isAnsweredAfter(throttleTimeMs)).toBe(true);
  });

  test("a connection that is kept silent can be closed, and the broker stopped", async () => {
    await set(RATE, 1);
    expect((await send(9000)).throttleTimeMs).toBeGreaterThan(0);
    const gone = client.closed;
    await broker.stop();
    await gone;
  });

  test("has them after a restart as well", async () => {
    await set(RATE, 1000);
    await set("request_percentage", 12.5);
    client.close();
    await broker.kill();
    broker = await startBroker({ disk, clock });
    client = await RawClient.connect(broker.port);
    const { entries } = await client.send(describeClientQuotas, 1, { components: [], strict: false });
    expect(entries).toEqual([
      {
        entity: [{ entityType: "user", entityName: "ANONYMOUS" }],
        values: [
          { key: RATE, value: 1000 },
          { key: "request_percentage", value: 12.5 },
        ],
      },
    ]);
    expect((await send(20_000)).throttleTimeMs).toBeGreaterThan(0);
  });
});
