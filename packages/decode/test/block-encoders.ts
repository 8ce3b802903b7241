import { base58 } from "@scure/base";
import type { Json } from "./recorded-data.ts";

/**
 * Writes blocks of the `json` encoding in the other encodings, with a writer of protobuf that shares nothing
 * with the reader: the recorded block is then read in each of them.
 */

interface Call {
  programIdIndex: number;
  accounts: number[];
  data: string;
  stackHeight?: number | null;
}

interface Entry {
  transaction: {
    signatures: string[];
    message: {
      accountKeys: string[];
      header: Record<string, number>;
      recentBlockhash?: string;
      instructions: Call[];
      addressTableLookups?: { accountKey: string; writableIndexes?: number[]; readonlyIndexes?: number[] }[];
    };
  };
  meta: {
    err: unknown;
    fee?: number;
    preBalances?: number[];
    postBalances?: number[];
    innerInstructions: { index: number; instructions: Call[] }[] | null;
    logMessages: string[] | null;
    preTokenBalances: TokenBalance[];
    postTokenBalances: TokenBalance[];
    loadedAddresses?: { writable: string[]; readonly: string[] };
  } | null;
  version?: number | string;
}

interface TokenBalance {
  accountIndex: number;
  mint: string;
  owner?: string;
  programId?: string;
  uiTokenAmount: { amount: string; decimals: number; uiAmount?: number | null; uiAmountString?: string };
}

interface BlockJson {
  blockhash: string;
  previousBlockhash: string;
  parentSlot: number;
  blockTime: number | null;
  blockHeight: number | null;
  transactions: Entry[];
}

const key = (text: string | undefined) =>
  text === undefined ? Buffer.alloc(32) : Buffer.from(base58.decode(text));

/** A length of seven bits a byte, as the network writes its lists. */
function compact(value: number): Buffer {
  return varint(BigInt(value));
}

function list(items: readonly Buffer[]): Buffer {
  return Buffer.concat([compact(items.length), ...items]);
}

/** A transaction's bytes on the network. */
export function wireBytes({ transaction, version }: Entry): Buffer {
  const { message, signatures } = transaction;
  const versioned = version === 0;
  const { header } = message;
  const lookups = (message.addressTableLookups ?? []).map((lookup) =>
    Buffer.concat([
      key(lookup.accountKey),
      list((lookup.writableIndexes ?? []).map((index) => Buffer.of(index))),
      list((lookup.readonlyIndexes ?? []).map((index) => Buffer.of(index))),
    ]),
  );
  return Buffer.concat([
    list(signatures.map(key)),
    Buffer.from(versioned ? [0x80] : []),
    Buffer.of(
      header.numRequiredSignatures ?? 0,
      header.numReadonlySignedAccounts ?? 0,
      header.numReadonlyUnsignedAccounts ?? 0,
    ),
    list(message.accountKeys.map(key)),
    key(message.recentBlockhash),
    list(
      message.instructions.map((call) => {
        const data = Buffer.from(base58.decode(call.data));
        return Buffer.concat([
          Buffer.of(call.programIdIndex),
          list(call.accounts.map((index) => Buffer.of(index))),
          compact(data.length),
          data,
        ]);
      }),
    ),
    versioned ? list(lookups) : Buffer.alloc(0),
  ]);
}

/** The block in the encoding `base64`. */
export function inBase64(block: Json): Json {
  const { transactions, ...facts } = block as unknown as BlockJson;
  const encoded = transactions.map((entry) => ({
    ...entry,
    transaction: [wireBytes(entry).toString("base64"), "base64"],
  }));
  return { ...facts, transactions: encoded };
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

/** A number; zero is not written, as proto3 wants it. */
function number(field: number, value: number | bigint | null | undefined): Buffer {
  if (value === null || value === undefined || BigInt(value) === 0n) return Buffer.alloc(0);
  return Buffer.concat([varint(BigInt(field << 3)), varint(BigInt(value))]);
}

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(value.length)), value]);
}

function text(field: number, value: string | null | undefined): Buffer {
  return value == null || value === "" ? Buffer.alloc(0) : bytes(field, Buffer.from(value));
}

function message(field: number, ...fields: Buffer[]): Buffer {
  return bytes(field, Buffer.concat(fields));
}

function call(field: number, of: Call): Buffer {
  return message(
    field,
    number(1, of.programIdIndex),
    bytes(2, Uint8Array.from(of.accounts)),
    bytes(3, base58.decode(of.data)),
    number(4, of.stackHeight),
  );
}

function transactionMessage(field: number, { transaction, version }: Entry): Buffer {
  const { signatures, message: of } = transaction;
  const { header } = of;
  return message(
    field,
    ...signatures.map((signature) => bytes(1, key(signature))),
    message(
      2,
      message(
        1,
        number(1, header.numRequiredSignatures),
        number(2, header.numReadonlySignedAccounts),
        number(3, header.numReadonlyUnsignedAccounts),
      ),
      ...of.accountKeys.map((account) => bytes(2, key(account))),
      bytes(3, key(of.recentBlockhash)),
      ...of.instructions.map((instruction) => call(4, { ...instruction, stackHeight: null })),
      number(5, version === 0 ? 1 : 0),
      ...(of.addressTableLookups ?? []).map((lookup) =>
        message(
          6,
          bytes(1, key(lookup.accountKey)),
          bytes(2, Uint8Array.from(lookup.writableIndexes ?? [])),
          bytes(3, Uint8Array.from(lookup.readonlyIndexes ?? [])),
        ),
      ),
    ),
  );
}

function balance(field: number, of: TokenBalance): Buffer {
  const { uiTokenAmount } = of;
  const float = Buffer.alloc(9);
  float[0] = (1 << 3) | 1;
  float.writeDoubleLE(uiTokenAmount.uiAmount ?? 0, 1);
  return message(
    field,
    number(1, of.accountIndex),
    text(2, of.mint),
    message(
      3,
      float,
      number(2, uiTokenAmount.decimals),
      text(3, uiTokenAmount.amount),
      text(4, uiTokenAmount.uiAmountString),
    ),
    text(4, of.owner),
    text(5, of.programId),
  );
}

function packed(field: number, values: readonly number[] | undefined): Buffer {
  if (values === undefined || values.length === 0) return Buffer.alloc(0);
  return bytes(field, Buffer.concat(values.map((value) => varint(BigInt(value)))));
}

function metaMessage(field: number, { meta }: Entry): Buffer {
  if (meta === null) return Buffer.alloc(0);
  return message(
    field,
    meta.err == null ? Buffer.alloc(0) : message(1, bytes(1, Buffer.from([8, 0, 0, 0, 1]))),
    number(2, meta.fee),
    packed(3, meta.preBalances),
    packed(4, meta.postBalances),
    ...(meta.innerInstructions ?? []).map(({ index, instructions }) =>
      message(5, number(1, index), ...instructions.map((instruction) => call(2, instruction))),
    ),
    ...(meta.logMessages ?? []).map((line) => bytes(6, Buffer.from(line))),
    ...meta.preTokenBalances.map((of) => balance(7, of)),
    ...meta.postTokenBalances.map((of) => balance(8, of)),
    number(10, meta.innerInstructions === null ? 1 : 0),
    number(11, meta.logMessages === null ? 1 : 0),
    ...(meta.loadedAddresses?.writable ?? []).map((account) => bytes(12, key(account))),
    ...(meta.loadedAddresses?.readonly ?? []).map((account) => bytes(13, key(account))),
    number(16, 150_000),
  );
}

const VOTE = "Vote111111111111111111111111111111111111111";

/** The block as a Yellowstone `SubscribeUpdateBlock`, its transactions in any order. */
export function inYellowstone(block: Json, slot: number, order: "given" | "reverse" = "given"): Buffer {
  const of = block as unknown as BlockJson;
  const updates = of.transactions.map((entry, index) =>
    message(
      6,
      bytes(1, key(entry.transaction.signatures[0])),
      number(2, entry.transaction.message.accountKeys.includes(VOTE) ? 1 : 0),
      transactionMessage(3, entry),
      metaMessage(4, entry),
      number(5, index),
    ),
  );
  return Buffer.concat([
    number(1, slot),
    text(2, of.blockhash),
    of.blockTime === null ? Buffer.alloc(0) : message(4, number(1, of.blockTime)),
    of.blockHeight === null ? Buffer.alloc(0) : message(5, number(1, of.blockHeight)),
    ...(order === "given" ? updates : updates.reverse()),
    number(7, of.parentSlot),
    text(8, of.previousBlockhash),
    number(9, of.transactions.length),
    number(12, 64),
  ]);
}

/** The block as a `ConfirmedBlock` of long-term storage. */
export function inConfirmedBlock(block: Json): Buffer {
  const of = block as unknown as BlockJson;
  return Buffer.concat([
    text(1, of.previousBlockhash),
    text(2, of.blockhash),
    number(3, of.parentSlot),
    ...of.transactions.map((entry) => message(4, transactionMessage(1, entry), metaMessage(2, entry))),
    of.blockTime === null ? Buffer.alloc(0) : message(6, number(1, of.blockTime)),
    of.blockHeight === null ? Buffer.alloc(0) : message(7, number(1, of.blockHeight)),
  ]);
}
