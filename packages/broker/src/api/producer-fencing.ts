import { ErrorCode } from "../protocol/error-code.ts";

/** Older versions of the transaction APIs know a fenced producer only as one with a wrong epoch. */
export function fencedCode(errorCode: ErrorCode, knowsFencing: boolean): ErrorCode {
  if (errorCode === ErrorCode.PRODUCER_FENCED && !knowsFencing) return ErrorCode.INVALID_PRODUCER_EPOCH;
  return errorCode;
}
