import { rawAmount, type TokenFacts } from "@candlewick/domain";
import { decodeBase58 } from "../base58.ts";
import { readKey, readU8, readU64 } from "../little-endian.ts";
import { programAddress } from "./program-address.ts";
import { TOKEN_2022_PROGRAM } from "./programs.ts";
import { readClaim } from "./token-claim.ts";
import { isTokenProgram } from "./token-transfer.ts";

/** An account as a node gives it: `getMultipleAccounts`, with its data decoded from base64. */
export interface ChainAccount {
  readonly address: string;
  /** The program that owns it. */
  readonly owner: string;
  readonly data: Uint8Array;
}

/** Bytes of a mint; Token-2022 fills up to the size of a token account and puts extensions behind. */
const MINT_BYTES = 82;
const KIND_OFFSET = 165;
const KIND_MINT = 1;
/** Number of the extension that holds name, symbol and address of a picture. */
const TOKEN_METADATA = 19;

/**
 * What a mint's account tells of its token: supply and decimals, and under Token-2022 name and symbol where
 * they are kept in the mint itself. Null for any other account, and for a mint that is not initialised.
 * Formats: the documents of the SPL Token programs.
 */
export function decodeMintAccount({ address, owner, data }: ChainAccount): TokenFacts | null {
  if (!isTokenProgram(owner) || data.length < MINT_BYTES || readU8(data, 45) !== 1) return null;
  const extended = owner === TOKEN_2022_PROGRAM && data.length > KIND_OFFSET;
  if (extended ? readU8(data, KIND_OFFSET) !== KIND_MINT : data.length !== MINT_BYTES) return null;
  const claim = extended ? metadataExtension(data) : null;
  return {
    mint: address,
    decimals: readU8(data, 44),
    supply: rawAmount(readU64(data, 36)),
    name: claim?.name || null,
    symbol: claim?.symbol || null,
  };
}

/** Extensions follow each other, each with its number and its length in two bytes before it. */
function metadataExtension(data: Uint8Array): { name: string; symbol: string } | null {
  for (let at = KIND_OFFSET + 1; at + 4 <= data.length; ) {
    const [kind, size] = [readU16(data, at), readU16(data, at + 2)];
    const end = at + 4 + size;
    if (kind === 0 || end > data.length) return null;
    // The authority and the mint stand before the texts.
    if (kind === TOKEN_METADATA) return readClaim(data.subarray(0, end), at + 4 + 64);
    at = end;
  }
  return null;
}

function readU16(bytes: Uint8Array, offset: number): number {
  return readU8(bytes, offset) | (readU8(bytes, offset + 1) << 8);
}

/** Metaplex's program, which keeps names and symbols of most tokens in accounts of their own. */
export const METADATA_PROGRAM = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s";
const METADATA_V1 = 4;

/** The address of the account in which Metaplex keeps what a mint is called; null for what is no address. */
export function metadataAddress(mint: string): string | null {
  const [key, program] = [decodeBase58(mint), decodeBase58(METADATA_PROGRAM)];
  if (key?.length !== 32 || program === null) return null;
  return programAddress(METADATA_PROGRAM, ["metadata", program, key]);
}

/** What Metaplex's account says a mint is called. Null for any other account. Names are filled up with zeros there. */
export function decodeMetadataAccount(
  { owner, data }: ChainAccount,
  mint: string,
): Pick<TokenFacts, "name" | "symbol"> | null {
  if (owner !== METADATA_PROGRAM || data.length < 65 || readU8(data, 0) !== METADATA_V1) return null;
  if (readKey(data, 33) !== mint) return null;
  const claim = readClaim(data, 65);
  return claim === null ? null : { name: claim.name || null, symbol: claim.symbol || null };
}
