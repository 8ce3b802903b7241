export { BlockFileError, fileTrouble, readBlockFile } from "./block-file.ts";
export { DecodeError } from "./decode-error.ts";
export { type DecodePool, type DecodePoolOptions, openDecodePool } from "./decode-pool.ts";
export { ProtobufCursor, ProtobufError } from "./protobuf.ts";
export type { SolanaBlockFacts } from "./solana/block.ts";
export { type BlockFormat, decodeBlock } from "./solana/block-format.ts";
export { type DecodedBlock, decodeSolanaBlock } from "./solana/decode-block.ts";
export { type DecodedTransaction, decodeSolanaTransaction } from "./solana/decode-transaction.ts";
export type { SkipReason } from "./solana/fill.ts";
export * from "./solana/programs.ts";
export { decodeConfirmedBlock, decodeYellowstoneBlock } from "./solana/protobuf-block.ts";
export {
  type ChainAccount,
  decodeMetadataAccount,
  decodeMintAccount,
  METADATA_PROGRAM,
  metadataAddress,
} from "./solana/token-account.ts";
export { SOLANA_PROGRAMS } from "./solana/venues.ts";
