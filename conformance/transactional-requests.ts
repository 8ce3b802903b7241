import { clientBatch } from "../packages/broker/test/batches.ts";

/** Who a producer says it is. */
export interface Claim {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

const TRANSACTIONAL = 0x10;
/** Near the markers' own time: Apache Kafka begins a new segment, and ends a fetch, where times are far apart. */
const STARTED_MS = Date.now();
const CONCURRENT_TRANSACTIONS = 51;

/** False while Apache Kafka is still writing the markers of the transaction before. */
export function isThrough(answer: { readonly errorCode: number } | undefined): boolean {
  return answer?.errorCode !== CONCURRENT_TRANSACTIONS;
}

/** One batch of a producer's transaction. */
export function transactionalBatch(
  { producerId, producerEpoch }: Claim,
  sequence: number,
  values: readonly string[],
): Buffer {
  return clientBatch({
    values,
    producerId,
    producerEpoch,
    sequence,
    attributes: TRANSACTIONAL,
    timestampMs: STARTED_MS,
  });
}
