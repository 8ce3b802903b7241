/** Bytes that are not what the codec writes, or end too early. */
export class DamagedCompression extends Error {
  override readonly name = "DamagedCompression";
}

/** There is more behind the compression than the caller allows. */
export class InflatedTooLarge extends Error {
  override readonly name = "InflatedTooLarge";
}

/** Repeats what stands `offset` bytes back; where the two overlap, a pattern repeats itself. */
export function copyBack(output: Buffer, to: number, offset: number, length: number): void {
  if (offset >= length) {
    output.copyWithin(to, to - offset, to - offset + length);
    return;
  }
  for (let index = to; index < to + length; index++) output[index] = output[index - offset] ?? 0;
}
