import { BATCH_HEADER_SIZE, buildBatch, CONTROL_MASK, TRANSACTIONAL_MASK } from "./record-batch.ts";

/**
 * Transaction markers: control batches of one record, whose key says abort (0) or commit (1) and whose value
 * carries the coordinator's epoch ("EndTransactionMarker" in Apache Kafka).
 */
export type Marker = "commit" | "abort";

const ABORT = 0;
const COMMIT = 1;

export function buildMarker(
  marker: Marker,
  producerId: number,
  producerEpoch: number,
  nowMs: number,
): Buffer {
  const key = Buffer.alloc(4);
  key.writeInt16BE(marker === "commit" ? COMMIT : ABORT, 2);
  const value = Buffer.alloc(6);
  return buildBatch({
    attributes: CONTROL_MASK | TRANSACTIONAL_MASK,
    timestampMs: nowMs,
    producerId,
    producerEpoch,
    records: [{ key, value }],
  });
}

/** What a control batch says, or undefined where it is not a transaction marker. */
export function readMarker(batch: Buffer): Marker | undefined {
  // The record: length, attributes, timestamp delta and offset delta (one byte each, as all are small), the
  // key's length, and the key: version and type.
  const keyAt = BATCH_HEADER_SIZE + 5;
  if (batch.length < keyAt + 4) return undefined;
  switch (batch.readInt16BE(keyAt + 2)) {
    case ABORT:
      return "abort";
    case COMMIT:
      return "commit";
    default:
      return undefined;
  }
}
