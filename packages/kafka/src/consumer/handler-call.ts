import { inspect } from "node:util";
import type { Failure, RunTicket } from "../delivery/delivery-events.ts";
import { BatchFailure, type FailureKind } from "../delivery/failure-kind.ts";
import type { Entry } from "../delivery/partition-delivery.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { asFirstRead } from "../retry/retry-topic.ts";
import type { BatchHandler, HandlerContext, RecordHandler } from "./consumer-options.ts";

/** Calls what the user gave with the records of a ticket. */
export type HandlerCall = (ticket: RunTicket, context: HandlerContext) => void | Promise<void>;

export function recordCall(handler: RecordHandler): HandlerCall {
  return ({ entries: [entry] }, context) => {
    if (entry !== undefined) return handler(recordOf(entry), context);
  };
}

export function batchCall(handler: BatchHandler): HandlerCall {
  return ({ entries }, context) => handler(entries.map(recordOf), context);
}

/** A record in a retry topic as it was read first. */
export function recordOf({ record, partition }: Entry): ConsumedRecord {
  return partition.level === 0 ? record : asFirstRead(record);
}

/** What a handler's error means. */
export function failureOf(error: unknown, classify: (error: unknown) => FailureKind): Failure {
  const isPart = error instanceof BatchFailure;
  const reason = isPart ? error.cause : error;
  return {
    kind: classify(reason),
    error:
      reason instanceof Error ? reason : new Error(typeof reason === "string" ? reason : inspect(reason)),
    index: isPart ? error.index : null,
  };
}

/** The context of one call. */
export class CallContext implements HandlerContext {
  readonly signal: AbortSignal;
  readonly #ticket: RunTicket;
  readonly #acknowledge: (ticket: RunTicket) => Promise<void>;

  constructor(ticket: RunTicket, signal: AbortSignal, acknowledge: (ticket: RunTicket) => Promise<void>) {
    this.#ticket = ticket;
    this.signal = signal;
    this.#acknowledge = acknowledge;
  }

  get attempt(): number {
    return this.#ticket.entries[0]?.attempts ?? 1;
  }

  get readFrom(): HandlerContext["readFrom"] {
    const record = this.#ticket.entries[0]?.record;
    if (record === undefined) throw new Error("a call has at least one record");
    return { topic: record.topic, partition: record.partition, offset: record.offset };
  }

  commit(): Promise<void> {
    return this.#acknowledge(this.#ticket);
  }
}
