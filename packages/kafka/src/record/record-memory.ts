import type { ConsumedRecord } from "./message.ts";

/** What a record takes besides its bytes. */
const RECORD_OVERHEAD_BYTES = 64;

/** The memory that a record is counted with, wherever it waits. */
export function recordBytes(record: ConsumedRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0);
  for (const [name, value] of record.headers) bytes += name.length + value.length;
  return bytes;
}
