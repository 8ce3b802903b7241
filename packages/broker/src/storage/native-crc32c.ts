import { createRequire } from "node:module";

export type Checksum = (bytes: Uint8Array) => number;

const CHECK = Buffer.from("123456789");
const CHECKSUM_OF_CHECK = 0xe3069283;

/**
 * CRC-32C by the processor's own instructions, from the optional dependency @node-rs/crc32; undefined where it is not
 * installed, cannot be loaded on this machine, or does not count as it should. It is some six times as fast as ours.
 */
export function nativeCrc32c(): Checksum | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)("@node-rs/crc32");
    if (typeof loaded !== "object" || loaded === null || !("crc32c" in loaded)) return undefined;
    const { crc32c } = loaded;
    if (typeof crc32c !== "function") return undefined;
    const checksum: Checksum = (bytes) => Number(crc32c(bytes));
    return checksum(CHECK) === CHECKSUM_OF_CHECK ? checksum : undefined;
  } catch {
    // It is optional: whatever keeps it from being there, the checksum is computed without it.
    return undefined;
  }
}
