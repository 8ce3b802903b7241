import type { Clock } from "@candlewick/runtime";
import { persistently } from "../cluster/backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { isRetriable } from "../cluster/errors.ts";
import type { PublishTicket } from "../delivery/delivery-events.ts";
import type { Producer } from "../producer/producer.ts";
import type { Delivery, OutgoingMessage } from "../record/message.ts";
import { deadLetterMessage, retryMessage } from "../retry/retry-topic.ts";

/** The message by which a record moves to where its ticket says. */
export function moveMessage({ entry, to, failure, dueMs }: PublishTicket, groupId: string): OutgoingMessage {
  const move = { record: entry.record, attempts: entry.attempts, consumerGroup: groupId, failure, dueMs };
  return to === "dead" ? deadLetterMessage(move) : retryMessage(move, to);
}

/**
 * Writes a message and resolves once it is acknowledged. Brokers that are away are waited for, up to
 * `timeoutMs`; rejects with the last error, or with the signal's reason.
 */
export function moveRecord(
  cluster: Cluster,
  producer: Producer,
  message: OutgoingMessage,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Delivery> {
  const deadline = cluster.clock.monotonic() + timeoutMs;
  const passes = (error: unknown): boolean => isRetriable(error) && cluster.clock.monotonic() < deadline;
  const persistence = { attempts: Number.POSITIVE_INFINITY, signal, passes };
  const moving = persistently(cluster, persistence, () => producer.send(message));
  // A send that never settles must hold up neither the record nor the end of the session for ever.
  return settledBy(cluster.clock, moving, 2 * timeoutMs, signal);
}

/** Rejects when the signal fires or the time is over; what was sent may still arrive, and then comes twice. */
async function settledBy<Result>(
  clock: Clock,
  result: Promise<Result>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result> {
  const waiting = new AbortController();
  const late = clock.delay(timeoutMs, AbortSignal.any([signal, waiting.signal])).then(() => {
    throw new Error(`nobody answered within ${timeoutMs} ms`);
  });
  // Of the two that race, the slower one is heard of by nobody.
  result.catch(() => {});
  late.catch(() => {});
  try {
    return await Promise.race([result, late]);
  } finally {
    waiting.abort();
  }
}
