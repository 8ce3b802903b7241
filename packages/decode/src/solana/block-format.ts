import type { Slot } from "@candlewick/domain";
import { type DecodedBlock, decodeSolanaBlock } from "./decode-block.ts";
import { decodeConfirmedBlock, decodeYellowstoneBlock } from "./protobuf-block.ts";

/**
 * How a block's bytes are written: `json` is what getBlock answers, in whatever encoding; `yellowstone` a
 * SubscribeUpdateBlock; `confirmed-block` what nodes keep in long-term storage.
 */
export type BlockFormat = "json" | "yellowstone" | "confirmed-block";

/** Decodes a block of any format. Throws a DecodeError. */
export function decodeBlock(format: BlockFormat, bytes: Uint8Array, slot: Slot): DecodedBlock {
  switch (format) {
    case "json":
      return decodeSolanaBlock(bytes, slot);
    case "yellowstone":
      return decodeYellowstoneBlock(bytes);
    case "confirmed-block":
      return decodeConfirmedBlock(bytes, slot);
  }
}
