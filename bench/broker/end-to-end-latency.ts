import { fetch } from "../../packages/broker/src/protocol/messages/fetch.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { produce } from "../../packages/broker/src/protocol/messages/produce.ts";
import { clientBatch } from "../../packages/broker/test/batches.ts";
import { RawClient } from "../../packages/broker/test/raw-client.ts";

const RATE_HZ = 1000;
const SECONDS = 8;
const WARM_UP_SECONDS = 3;
const TOPIC = "latency";
const VALUE = "x".repeat(1000);

/**
 * Milliseconds from sending a message to its arrival at a consumer that waits for it, at 1,000 messages per second,
 * each in a batch of its own with acks=all. The client is the same bare one for every broker.
 */
export async function endToEndLatency(port: number): Promise<number[]> {
  const [producer, consumer] = await Promise.all([RawClient.connect(port), RawClient.connect(port)]);
  await untilLed(producer);
  const sentAt: number[] = [];
  const latencies: number[] = [];
  const total = RATE_HZ * SECONDS;
  const consuming = consume(consumer, total, (index) => {
    if (index >= RATE_HZ * WARM_UP_SECONDS) latencies.push(performance.now() - (sentAt[index] ?? 0));
  });
  const sends: Promise<unknown>[] = [];
  const began = performance.now();
  while (sentAt.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) * RATE_HZ) / 1000));
    while (sentAt.length < due) {
      sentAt.push(performance.now());
      const records = clientBatch({ values: [VALUE], timestampMs: Date.now() });
      const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records }] }];
      sends.push(producer.send(produce, 9, { acks: -1, timeoutMs: 10_000, topicData }));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(sends);
  await consuming;
  producer.close();
  consumer.close();
  return latencies;
}

/** The topic has a leader: a new one of Apache Kafka takes a moment. */
async function untilLed(client: RawClient): Promise<void> {
  for (;;) {
    const answer = await client.send(metadata, 9, {
      topics: [{ name: TOPIC }],
      allowAutoTopicCreation: true,
    });
    const partition = answer.topics[0]?.partitions[0];
    if (partition?.errorCode === 0 && partition.leaderId >= 0) {
      const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: clientBatch() }] }];
      const first = await client.send(produce, 9, { acks: -1, timeoutMs: 10_000, topicData });
      if (first.responses[0]?.partitionResponses[0]?.errorCode === 0) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function consume(client: RawClient, total: number, arrived: (index: number) => void): Promise<void> {
  // Offset 0 is the message that tried the topic out.
  for (let fetchOffset = 1; fetchOffset <= total; ) {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }];
    const answer = await client.send(fetch, 12, {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [{ topic: TOPIC, partitions }],
    });
    const records = answer.responses[0]?.partitions[0]?.records ?? Buffer.alloc(0);
    for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) {
      const offset = Number(records.readBigInt64BE(at));
      if (offset < fetchOffset) continue;
      arrived(offset - 1);
      fetchOffset = offset + 1;
    }
  }
}
