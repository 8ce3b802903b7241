import { buildBatch, setChecksum } from "../src/storage/record-batch.ts";

export interface BatchOptions {
  readonly values?: readonly (string | null)[];
  readonly keys?: readonly (string | null)[];
  readonly timestampMs?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly sequence?: number;
  readonly attributes?: number;
}

/** A batch as a client would send it. */
export function clientBatch(options: BatchOptions = {}): Buffer {
  const { values = ["value"], keys = [], timestampMs = 1000, producerId = -1, producerEpoch = -1 } = options;
  const batch = buildBatch({
    attributes: options.attributes ?? 0,
    timestampMs,
    producerId,
    producerEpoch,
    records: values.map((value, index) => ({
      key: keys[index] === null ? null : Buffer.from(keys[index] ?? `key-${index}`),
      value: value === null ? null : Buffer.from(value),
    })),
  });
  batch.writeInt32BE(options.sequence ?? -1, 53);
  setChecksum(batch);
  return batch;
}

/** The values in a slice of uncompressed batches with small records, with their offsets. */
export function valuesIn(bytes: Buffer): { readonly offset: number; readonly value: string }[] {
  const found: { offset: number; value: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const baseOffset = Number(bytes.readBigInt64BE(at));
    const end = at + 12 + bytes.readInt32BE(at + 8);
    const count = bytes.readInt32BE(at + 57);
    let position = at + 61;
    for (let index = 0; index < count; index++) {
      position = varint(bytes, position).next;
      position += 1;
      position = varint(bytes, position).next;
      position = varint(bytes, position).next;
      const key = varint(bytes, position);
      const value = varint(bytes, key.next + Math.max(0, key.value));
      const valueEnd = value.next + value.value;
      found.push({ offset: baseOffset + index, value: bytes.toString("utf8", value.next, valueEnd) });
      position = varint(bytes, valueEnd).next;
    }
    at = end;
  }
  return found;
}

function varint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let raw = 0;
  let next = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[next++] ?? 0;
    raw += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return { value: raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2, next };
}
