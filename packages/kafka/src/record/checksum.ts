import { crc32c, Writer } from "@platformatic/kafka";

/** CRC-32C of some bytes, as an unsigned number. The driver copies a plain buffer before it counts; its own kind it does not. */
export function checksum(bytes: Buffer): number {
  return crc32c(Writer.create().append(bytes).dynamicBuffer);
}
