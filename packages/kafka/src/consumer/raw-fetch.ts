import type { Reader } from "@platformatic/kafka";
import type { AbortedTransaction } from "../record/aborted-transactions.ts";

/** One partition's part of a Fetch answer, its record batches still in the form of the wire. */
export interface RawFetchPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: bigint;
  /** All before it is decided: no transaction is open there. */
  readonly lastStableOffset: bigint;
  readonly logStartOffset: bigint;
  readonly aborted: readonly AbortedTransaction[];
  readonly records: Buffer | null;
}

export interface RawFetchResponse {
  readonly errorCode: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly RawFetchPartition[] }[];
}

/**
 * Reads a Fetch v12 answer without decoding its records, so that they can be decoded in small steps. Fields
 * as in FetchResponse.json of Apache Kafka.
 */
export function parseRawFetch(
  _correlationId: number,
  _apiKey: number,
  _apiVersion: number,
  reader: Reader,
): RawFetchResponse {
  reader.readInt32(); // throttle time
  const errorCode = reader.readInt16();
  reader.readInt32(); // session id: we ask without a session
  const topics = reader.readArray((topicReader) => ({
    topic: topicReader.readString(),
    partitions: topicReader.readArray(readPartition),
  }));
  reader.readTaggedFields();
  return { errorCode, topics };
}

function readPartition(reader: Reader): RawFetchPartition {
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  const highWatermark = reader.readInt64();
  const lastStableOffset = reader.readInt64();
  const logStartOffset = reader.readInt64();
  const aborted =
    reader.readNullableArray(
      (transaction): AbortedTransaction => ({
        producerId: transaction.readInt64(),
        firstOffset: transaction.readInt64(),
      }),
    ) ?? [];
  reader.readInt32(); // preferred read replica
  const records = reader.readNullableBytes();
  return { partition, errorCode, highWatermark, lastStableOffset, logStartOffset, aborted, records };
}
