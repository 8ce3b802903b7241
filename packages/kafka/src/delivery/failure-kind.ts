import { ContractError } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/**
 * What a failure means for the record. Poison can never be processed: it goes to the dead letters at once.
 * Transient is the fault of something else that will come back: the record waits where it is. Unknown may be
 * either: it is tried again later, a number of times.
 */
export type FailureKind = "poison" | "transient" | "unknown";

/** A contract that is violated is poison, an error with retry "backoff" transient, all else unknown. */
export function failureKind(error: unknown): FailureKind {
  if (error instanceof ContractError) return "poison";
  if (error instanceof CandlewickError) {
    if (error.code === ERRORS.poison.code) return "poison";
    if (error.retry === "backoff") return "transient";
  }
  return "unknown";
}

/** Thrown by a batch handler that knows which record failed: those before it are done. */
export class BatchFailure extends Error {
  override readonly name = "BatchFailure";
  /** The place of the failed record in the batch, from 0. */
  readonly index: number;
  override readonly cause: unknown;

  constructor(index: number, cause: unknown) {
    super(`record ${index} of the batch failed`, { cause });
    this.index = index;
    this.cause = cause;
  }
}
