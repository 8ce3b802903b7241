import { describe, expect, it } from "vitest";
import type { ConsumedRecord } from "../src/index.ts";
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
