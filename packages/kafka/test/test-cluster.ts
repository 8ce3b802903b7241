import { randomUUID } from "node:crypto";
import type { TopicSpec } from "@candlewick/contracts";
import { silentLogger } from "@candlewick/runtime";
import type { KafkaConnection } from "../src/index.ts";

/** A Kafka that a suite runs against. */
export interface TestCluster {
  readonly brokers: readonly string[];
  /** Ends it as hard as it can be ended. */
  crash(): Promise<void>;
  /** Starts it again on the same address and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function connectionTo(brokers: readonly string[]): KafkaConnection {
  return { brokers, clientId: "test", logger: silentLogger };
}

/** A name that no other test has used. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

export function topicSpec(name: string, partitions: number, config: Record<string, string> = {}): TopicSpec {
  return { name, partitions, config };
}

export function bytes(text: string): Buffer {
  return Buffer.from(text);
}

/** Waits for something that must come to be; looks every few milliseconds, and fails after `timeoutMs`. */
export async function until(what: string, condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it did not come to be: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
