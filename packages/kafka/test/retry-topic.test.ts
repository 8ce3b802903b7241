import { describe, expect, it } from "vitest";
import type { ConsumedRecord } from "../src/index.ts";
import { deadLetterOf } from "../src/retry/dead-letter-view.ts";
import { replayMessage } from "../src/retry/replay-message.ts";
import { DEAD_LETTER_HEADERS, int32, int64 } from "../src/retry/retry-headers.ts";
import { deadLetterMessage, retryMessage } from "../src/retry/retry-topic.ts";
import { bytes } from "./test-cluster.ts";

const ORIGIN: readonly (readonly [string, Buffer])[] = [
  [DEAD_LETTER_HEADERS.topic, bytes("t")],
  [DEAD_LETTER_HEADERS.partition, int32(5)],
  [DEAD_LETTER_HEADERS.offset, int64(77n)],
];

function record(topic: string, headers: readonly (readonly [string, Buffer])[]): ConsumedRecord {
  const [key, value] = [bytes("k"), bytes("v")];
  return { topic, partition: 2, offset: 9n, timestampMs: 1, key, value, headers: new Map(headers) };
}

describe("where a record moves that tells an origin", () => {
  it.each([
    { from: "t.retry.0", headers: ORIGIN, retry: "t.retry.1", dead: "t.dlq", origin: ["t", 77n] },
    { from: "t.dlq", headers: ORIGIN, retry: "t.dlq.retry.1", dead: "t.dlq.dlq", origin: ["t.dlq", 9n] },
    { from: "u", headers: ORIGIN, retry: "u.retry.1", dead: "u.dlq", origin: ["u", 9n] },
    { from: "u.retry.0", headers: ORIGIN, retry: "u.retry.1", dead: "u.dlq", origin: ["u", 9n] },
    { from: "t.retry.0", headers: [], retry: "t.retry.1", dead: "t.dlq", origin: ["t", 9n] },
  ])("from $from to $retry or $dead", ({ from, headers, retry, dead, origin }) => {
    const move = {
      record: record(from, headers),
      attempts: 1,
      consumerGroup: "g",
      failure: new Error("no"),
      dueMs: 5,
    };
    const tried = retryMessage(move, 2);
    expect([tried.topic, tried.partition]).toEqual([retry, 2]);
    const given = deadLetterMessage(move);
    expect(given.topic).toBe(dead);
    for (const { headers: told } of [tried, given])
      expect([told?.[DEAD_LETTER_HEADERS.topic], told?.[DEAD_LETTER_HEADERS.offset]]).toEqual([
        origin[0],
        int64(BigInt(origin[1] ?? 0)),
      ]);
  });
});

/** What Spring for Kafka 4.1.2 wrote for a record that `@RetryableTopic` gave up, in its order. */
const BY_SPRING: readonly (readonly [string, Buffer])[] = [
  ["kafka_original-topic", bytes("t")],
  ["kafka_original-partition", Buffer.from("00000002", "hex")],
  ["kafka_original-offset", Buffer.from("0000000000000011", "hex")],
  ["kafka_original-timestamp", Buffer.from("000001a22df5e55c", "hex")],
  ["kafka_original-timestamp-type", bytes("CreateTime")],
  ["kafka_dlt-original-consumer-group", bytes("spring-g")],
  ["retry_topic-original-timestamp", Buffer.from("01a22df5e55c", "hex")],
  ["retry_topic-attempts", Buffer.from("00000002", "hex")],
  ["retry_topic-backoff-timestamp", Buffer.from("01a22df5e951", "hex")],
  ["kafka_exception-fqcn", bytes("org.springframework.kafka.listener.ListenerExecutionFailedException")],
  ["kafka_exception-cause-fqcn", bytes("java.lang.IllegalStateException")],
  ["kafka_exception-message", bytes("Listener failed; no good")],
  ["kafka_exception-stacktrace", bytes("at App.on(App.java:90)")],
  ["retry_topic-attempts", Buffer.from("00000004", "hex")],
  ["retry_topic-backoff-timestamp", Buffer.from("01a22df5f2bf", "hex")],
];

describe("a dead letter of Spring's @RetryableTopic", () => {
  const letter = record("t-dlt", BY_SPRING);
  const timestampMs = 0x01a22df5e55c;

  it("tells where it came from, and why", () => {
    expect(deadLetterOf(letter, "dead")).toMatchObject({
      origin: { topic: "t", partition: 2, offset: 17n, timestampMs, consumerGroup: "spring-g" },
      error: {
        name: "org.springframework.kafka.listener.ListenerExecutionFailedException",
        causeName: "java.lang.IllegalStateException",
        message: "Listener failed; no good",
        stack: "at App.on(App.java:90)",
      },
      attempts: 4,
    });
  });

  it("is told from what we wrote when it failed once more", () => {
    const again = record("t-dlt", [...BY_SPRING, ...ORIGIN, [DEAD_LETTER_HEADERS.message, bytes("no")]]);
    expect(deadLetterOf(again, "dead")).toMatchObject({
      origin: { topic: "t", partition: 5, offset: 77n },
      error: { name: null, message: "no" },
    });
  });

  it("goes back to its partition, as a record that was never tried", () => {
    const message = replayMessage(letter, "origin");
    expect([message.topic, message.partition]).toEqual(["t", 2]);
    expect(Object.keys(message.headers ?? {}).filter((name) => !name.startsWith("candlewick"))).toEqual([]);
  });
});

describe("where a dead letter is replayed to", () => {
  it.each([
    { what: "its origin", headers: ORIGIN, topic: "t", partition: 5 },
    { what: "the topic's name, without any header", headers: [], topic: "t", partition: undefined },
    {
      what: "the topic's name, without a readable offset",
      headers: ORIGIN.slice(0, 2),
      topic: "t",
      partition: undefined,
    },
    {
      what: "the topic's name, with only a topic",
      headers: ORIGIN.slice(0, 1),
      topic: "t",
      partition: undefined,
    },
  ])("goes by $what", ({ headers, topic, partition }) => {
    const message = replayMessage(record("t.dlq", headers), "origin");
    expect([message.topic, message.partition]).toEqual([topic, partition]);
    expect(replayMessage(record("t.dlq", headers), "retry").topic).toBe(`${topic}.retry.0`);
  });
});
