import type { Address } from "../chain/address.ts";
import { METADATA_PROGRAM, TOKEN_2022_PROGRAM } from "../chain/programs.ts";
import type { Token } from "../chain/token.ts";

/** An account as `getAccountInfo` shows it in base64. */
export interface AccountJson {
  readonly data: readonly [string, "base64"];
  readonly executable: boolean;
  readonly lamports: number;
  readonly owner: string;
  readonly rentEpoch: number;
  readonly space: number;
}

/** Bytes of a mint, and those of a token account, behind which the extensions of Token-2022 stand. */
const MINT_BYTES = 82;
const ACCOUNT_BYTES = 165;
const KIND_MINT = 1;
/** Numbers of extensions: where the metadata are, and the metadata themselves. */
const METADATA_POINTER = 18;
const TOKEN_METADATA = 19;

/** The account of a mint, without authorities; under Token-2022 with what it is called. */
export function mintAccount(token: Token): AccountJson {
  const mint = Buffer.alloc(MINT_BYTES);
  mint.writeBigUInt64LE(token.supply, 36);
  mint.writeUInt8(token.decimals, 44);
  mint.writeUInt8(1, 45);
  if (token.program !== TOKEN_2022_PROGRAM) return accountOf(token.program, mint);
  const pointer = Buffer.concat([Buffer.alloc(32), token.mint.bytes]);
  const metadata = Buffer.concat([
    Buffer.alloc(32),
    token.mint.bytes,
    ...[token.name, token.symbol, uriOf(token)].map((text) => textField(text, 0)),
    // No further fields.
    Buffer.alloc(4),
  ]);
  return accountOf(
    token.program,
    Buffer.concat([
      mint,
      Buffer.alloc(ACCOUNT_BYTES - MINT_BYTES),
      Buffer.of(KIND_MINT),
      extension(METADATA_POINTER, pointer),
      extension(TOKEN_METADATA, metadata),
    ]),
  );
}

/** Bytes of Metaplex's account, whatever it holds, and the number of its kind. */
const METADATA_BYTES = 679;
const METADATA_V1 = 4;

/** What Metaplex keeps of a mint: authority, mint, and three texts filled up with zeros. */
export function metadataAccount(token: Token): AccountJson {
  const data = Buffer.alloc(METADATA_BYTES);
  const texts = [textField(token.name, 32), textField(token.symbol, 10), textField(uriOf(token), 200)];
  Buffer.concat([Buffer.of(METADATA_V1), Buffer.alloc(32), token.mint.bytes, ...texts]).copy(data);
  return accountOf(METADATA_PROGRAM, data);
}

/** A text with its length before it, filled up to `size` bytes where it is shorter. */
function textField(text: string, size: number): Buffer {
  const bytes = Buffer.from(text);
  const length = Math.max(size, bytes.length);
  const field = Buffer.alloc(4 + length);
  field.writeUInt32LE(length, 0);
  bytes.copy(field, 4);
  return field;
}

function extension(kind: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(kind, 0);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

function uriOf({ mint }: Token): string {
  return `https://metadata.invalid/${mint.text}.json`;
}

/** Two years of rent for a byte and for the account's head: what is exempt from it. */
const LAMPORTS_PER_BYTE = 6_960;
const HEAD_BYTES = 128;

function accountOf(owner: Address, data: Buffer): AccountJson {
  return {
    data: [data.toString("base64"), "base64"],
    executable: false,
    lamports: LAMPORTS_PER_BYTE * (HEAD_BYTES + data.length),
    owner: owner.text,
    rentEpoch: 0,
    space: data.length,
  };
}
