import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { createAdmin, createProducer, type OutgoingMessage, retryTopicSpecs } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { retryMessage } from "../../packages/kafka/src/retry/retry-topic.ts";
import { embeddedSite } from "./site.ts";

export interface MemorySetting {
  readonly port: number;
  readonly topic: string;
  readonly stuck: "handler" | "retry-topic";
  readonly maxInFlightBytes: number;
  /** Of each partition. */
  readonly maxInFlightRecords: number;
  /** The delay of the only retry topic. */
  readonly delayMs: number;
}

export interface MemoryReport {
  readonly stuck: MemorySetting["stuck"];
  readonly records: number;
  /** The options that bound the memory; the records of all partitions together. */
  readonly maxInFlightBytes: number;
  readonly maxInFlightRecords: number;
  /** Before the consumer begins. */
  readonly idleRssBytes: number;
  readonly highestRssBytes: number;
  readonly highestWindowBytes: number;
  /** Until the first record beside the stuck ones was handled. */
  readonly firstHandledMs: number | null;
}

const PARTITIONS = 4;
/** Of the topic and its retry topic. */
const ALL_PARTITIONS = 2 * PARTITIONS;
const MAX_IN_FLIGHT_RECORDS = 10_000;
const VALUE = Buffer.alloc(400, 120);
const DAY_MS = 86_400_000;
/**
 * What is beside the retry topic, and must be worked on although that is stuck: handled, or parked where a key
 * shares its place in memory with a stuck one.
 */
const OTHERS = 1_000;

/**
 * A consumer whose handler, or whose retry topic, is stuck before a backlog: watches its memory for `watchMs`.
 */
export async function measureMemory(
  stuck: MemorySetting["stuck"],
  records: number,
  maxInFlightBytes: number,
  watchMs: number,
): Promise<MemoryReport> {
  const site = await embeddedSite();
  let member: ChildProcess | undefined;
  try {
    const topic = `memory-${stuck}`;
    await fill(site.proxy.port, topic, stuck, records);
    const setting = {
      port: site.proxy.port,
      topic,
      stuck,
      maxInFlightBytes,
      delayMs: DAY_MS,
      maxInFlightRecords: MAX_IN_FLIGHT_RECORDS,
    };
    const begun = performance.now();
    member = fork(new URL("./memory-member.ts", import.meta.url), [JSON.stringify(setting)], {
      execArgv: ["--conditions=candlewick-src"],
    });
    const report = {
      maxInFlightBytes,
      maxInFlightRecords: ALL_PARTITIONS * MAX_IN_FLIGHT_RECORDS,
      idleRssBytes: 0,
      highestRssBytes: 0,
      highestWindowBytes: 0,
      firstHandledMs: null as number | null,
      finished: 0,
    };
    member.on(
      "message",
      (told: { rssBytes: number; windowBytes: number; handled: number; finished: number }) => {
        if (report.idleRssBytes === 0) report.idleRssBytes = told.rssBytes;
        report.highestRssBytes = Math.max(report.highestRssBytes, told.rssBytes);
        report.highestWindowBytes = Math.max(report.highestWindowBytes, told.windowBytes);
        report.finished = told.finished;
        if (told.handled > 0) report.firstHandledMs ??= Math.round(performance.now() - begun);
      },
    );
    const ended = once(member, "exit").then(() => {
      throw new Error("the consumer ended");
    });
    const isSettled = (): boolean =>
      stuck === "handler" ? report.highestWindowBytes > 0 : report.finished >= OTHERS;
    await Promise.race([until(isSettled), ended]);
    await Promise.race([delay(watchMs), ended]);
    const { finished: _finished, ...figures } = report;
    return { stuck, records, ...figures };
  } finally {
    member?.removeAllListeners("exit");
    member?.kill("SIGKILL");
    await site.stop();
  }
}

const SETTLE_TIMEOUT_MS = 400_000;

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("the consumer did not get to work");
    await delay(50);
  }
}

async function fill(port: number, topic: string, stuck: string, records: number): Promise<void> {
  const connection = { brokers: [`127.0.0.1:${port}`], clientId: "filler", logger: silentLogger };
  const admin = await createAdmin(connection);
  const specs = [
    { name: topic, partitions: PARTITIONS, config: {} },
    ...retryTopicSpecs(topic, PARTITIONS, 1),
  ];
  await admin.createTopics(specs);
  await admin.close();
  const producer = await createProducer(connection, { lingerMs: 5 });
  for (let index = 0; index < records; index++) {
    const partition = index % PARTITIONS;
    const key = Buffer.from(`stuck-${index % 100_000}`);
    const message = { topic, partition, key, value: VALUE };
    await producer.enqueue(stuck === "handler" ? message : waiting(message, index));
  }
  for (let index = 0; index < OTHERS; index++)
    await producer.enqueue({ topic, key: Buffer.from(`other-${index}`), value: VALUE });
  await producer.close(60_000);
}

/** The message as it lies in the retry topic for a day. */
function waiting(message: OutgoingMessage & { readonly partition: number }, index: number): OutgoingMessage {
  const nowMs = Date.now();
  const record = {
    ...message,
    // Far behind what the topic has, where no record of it is.
    offset: BigInt(1e12 + index),
    timestampMs: nowMs,
    headers: new Map<string, Buffer>(),
  };
  const move = { record, attempts: 1, consumerGroup: "retry-topic", failure: null, dueMs: nowMs + DAY_MS };
  return retryMessage(move, 1);
}
