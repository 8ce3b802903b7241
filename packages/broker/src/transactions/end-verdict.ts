import { ErrorCode } from "../protocol/error-code.ts";
import type { Marker } from "../storage/transaction-marker.ts";
import { isOfEpochBefore, type ProducerClaim } from "./producer-identity.ts";
import type { Transaction } from "./transaction.ts";

export type Refusal = Exclude<ErrorCode, typeof ErrorCode.NONE>;

/** What becomes of a producer's wish to end its transaction. */
export type EndVerdict =
  | { readonly kind: "carry out"; readonly marker: Marker }
  | { readonly kind: "done before" }
  | { readonly kind: "refused"; readonly errorCode: Refusal };

const DONE: EndVerdict = { kind: "done before" };

function refused(errorCode: Refusal): EndVerdict {
  return { kind: "refused", errorCode };
}

const INVALID = refused(ErrorCode.INVALID_TXN_STATE);
const CONCURRENT = refused(ErrorCode.CONCURRENT_TRANSACTIONS);

/** In the protocol in which an epoch lasts over many transactions: the same wish again has the same answer. */
export function judgeEnd(transaction: Transaction, claim: ProducerClaim, marker: Marker): EndVerdict {
  if (transaction.producerId !== claim.producerId) return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  if (transaction.epoch !== claim.producerEpoch) return refused(ErrorCode.PRODUCER_FENCED);
  switch (transaction.state) {
    case "Ongoing":
      return { kind: "carry out", marker };
    case "PrepareCommit":
    case "CompleteCommit":
      if (marker === "abort") return INVALID;
      return transaction.state === "CompleteCommit" ? DONE : CONCURRENT;
    case "PrepareAbort":
    case "CompleteAbort":
      if (marker === "commit") return INVALID;
      return transaction.state === "CompleteAbort" ? DONE : CONCURRENT;
    case "Empty":
      return INVALID;
  }
}

/**
 * In the protocol in which every transaction ends its epoch (KIP-890): whoever comes with the epoch before asks again,
 * whoever comes with the present one means the next transaction. That one may be aborted before it has begun, as the
 * producer does not know whether its first records have arrived.
 */
export function judgeEpochEnd(transaction: Transaction, claim: ProducerClaim, marker: Marker): EndVerdict {
  const isAgain = isOfEpochBefore(transaction, claim);
  if (transaction.producerId !== claim.producerId && !isAgain) {
    return refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  }
  const isCurrent = transaction.producerId === claim.producerId && transaction.epoch === claim.producerEpoch;
  switch (transaction.state) {
    case "Ongoing":
      return isCurrent ? { kind: "carry out", marker } : refused(ErrorCode.PRODUCER_FENCED);
    case "Empty":
      if (!isCurrent) return refused(ErrorCode.PRODUCER_FENCED);
      return marker === "abort" ? { kind: "carry out", marker } : INVALID;
    case "PrepareCommit":
    case "PrepareAbort":
      if (!isAgain) return refused(ErrorCode.PRODUCER_FENCED);
      return markerOf(transaction.state) === marker ? CONCURRENT : INVALID;
    case "CompleteCommit":
    case "CompleteAbort":
      if (isAgain) return markerOf(transaction.state) === marker ? DONE : INVALID;
      if (!isCurrent) return refused(ErrorCode.PRODUCER_FENCED);
      return marker === "abort" ? { kind: "carry out", marker } : INVALID;
  }
}

function markerOf(state: Exclude<Transaction["state"], "Ongoing" | "Empty">): Marker {
  return state === "PrepareCommit" || state === "CompleteCommit" ? "commit" : "abort";
}
