const VALUE_BYTES = 1_200;
const DISTINCT = 1_000;
const KEYS = 200;

const values = Array.from({ length: DISTINCT }, (_, index) => bytesOf(index));
const keys = Array.from({ length: KEYS }, (_, index) => Buffer.from(`key-${index}`));

/** A message of the measurements: the programs in Go and Java make the same ones. */
export function messageOf(index: number): { key: Buffer; value: Buffer } {
  return { key: pick(keys, index), value: pick(values, index) };
}

function bytesOf(index: number): Buffer {
  const value = Buffer.allocUnsafe(VALUE_BYTES);
  for (let at = 0; at < VALUE_BYTES; at++)
    value[at] = 32 + ((index * 31 + at * 7 + ((at * index) % 13)) % 90);
  return value;
}

function pick(from: readonly Buffer[], index: number): Buffer {
  const found = from[index % from.length];
  if (found === undefined) throw new Error("there is nothing to choose from");
  return found;
}
