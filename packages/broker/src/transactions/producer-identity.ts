import { ErrorCode } from "../protocol/error-code.ts";
import type { Transaction } from "./transaction.ts";

/** Epochs are 16 bits wide. This is the last one that a producer is given; its successor is for a marker only. */
const LAST_EPOCH = 0x7ffe;
const NO_PRODUCER = -1;

/** Who a client says it is. */
export interface ProducerClaim {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export type Identity = Pick<ProducerClaim, "producerId" | "producerEpoch">;

/** True where no further epoch can be given out for the producer id. */
export function isExhausted({ epoch }: Pick<Transaction, "epoch">): boolean {
  return epoch >= LAST_EPOCH;
}

/**
 * Ends the present epoch with a transaction: what its producer sends late is of the past from here on. Where epochs
 * have run out a new producer id takes over once the markers are written.
 */
export function endEpoch(transaction: Transaction, takeProducerId: () => number): void {
  if (isExhausted(transaction)) transaction.nextProducerId = takeProducerId();
  transaction.epochBefore = transaction.epoch;
  transaction.epoch++;
}

/** Who the producer is once the transaction that is ending, if there is one, is through. */
export function identityAfter({ producerId, epoch, nextProducerId }: Transaction): Identity {
  if (nextProducerId !== undefined) return { producerId: nextProducerId, producerEpoch: 0 };
  return { producerId, producerEpoch: epoch };
}

/** Gives the producer the id that was chosen for it when its epochs ran out. */
export function adoptNextProducerId(transaction: Transaction): void {
  if (transaction.nextProducerId === undefined) return;
  transaction.producerIdBefore = transaction.producerId;
  transaction.producerId = transaction.nextProducerId;
  transaction.nextProducerId = undefined;
  transaction.epoch = 0;
}

/** Whether a producer that asks to go on may be this one at all; its epoch is judged when nothing is open any more. */
export function mayBe(transaction: Transaction, claimed: Identity): boolean {
  if (claimed.producerId === NO_PRODUCER || claimed.producerId === transaction.producerId) return true;
  return claimed.producerId === transaction.producerIdBefore && claimed.producerEpoch >= LAST_EPOCH;
}

/**
 * The next life of a producer between two transactions: a new epoch, or a new id where epochs have run out. One whose
 * answer got lost asks again with the epoch that it had before, and gets the same answer.
 */
export function renew(transaction: Transaction, claimed: Identity, takeProducerId: () => number): ErrorCode {
  const isClaimed = claimed.producerId !== NO_PRODUCER;
  const isCurrent = claimed.producerEpoch === transaction.epoch;
  if (isClaimed && !isCurrent) {
    return claimed.producerEpoch === transaction.epochBefore ? ErrorCode.NONE : ErrorCode.PRODUCER_FENCED;
  }
  transaction.epochBefore = isClaimed ? transaction.epoch : undefined;
  if (isExhausted(transaction)) {
    transaction.producerIdBefore = transaction.producerId;
    transaction.producerId = takeProducerId();
    transaction.epoch = 0;
  } else transaction.epoch++;
  return ErrorCode.NONE;
}

/** True where the claim is of the epoch that ended with the last transaction: its producer has not heard the answer. */
export function isOfEpochBefore(transaction: Transaction, claim: Identity): boolean {
  if (claim.producerId === transaction.producerId) return claim.producerEpoch + 1 === transaction.epoch;
  return (
    claim.producerId === transaction.producerIdBefore &&
    claim.producerEpoch === LAST_EPOCH &&
    transaction.epoch === 0
  );
}
