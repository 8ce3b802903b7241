import { base58 } from "@scure/base";
import { ProtobufWriter } from "../encoding/protobuf.ts";
import type { EncodedBlock } from "./block-encoder.ts";
import type {
  InnerInstructionsJson,
  InstructionJson,
  MetaJson,
  RewardJson,
  TokenBalanceJson,
  TransactionJson,
} from "./block-json.ts";

const VOTE_PROGRAM = "Vote111111111111111111111111111111111111111";
const FEE_REWARD = 1;

/**
 * A block as a Yellowstone `SubscribeUpdateBlock`. Field numbers: geyser.proto and solana-storage.proto of
 * rpcpool/yellowstone-grpc.
 */
export function yellowstoneBlock(slot: number, block: EncodedBlock["block"]): Buffer {
  const message = new ProtobufWriter()
    .uint(1, slot)
    .text(2, block.blockhash)
    .message(3, rewards(block.rewards ?? []))
    .message(4, new ProtobufWriter().uint(1, block.blockTime))
    .message(5, new ProtobufWriter().uint(1, block.blockHeight));
  for (const [index, transaction] of block.transactions.entries()) {
    message.message(6, transactionInfo(transaction, index));
  }
  return message
    .uint(7, block.parentSlot)
    .text(8, block.previousBlockhash)
    .uint(9, block.transactions.length)
    .finish();
}

/** The same without its transactions: a `SubscribeUpdateBlockMeta`. */
export function yellowstoneBlockMeta(slot: number, block: EncodedBlock["block"]): Buffer {
  return new ProtobufWriter()
    .uint(1, slot)
    .text(2, block.blockhash)
    .message(3, rewards(block.rewards ?? []))
    .message(4, new ProtobufWriter().uint(1, block.blockTime))
    .message(5, new ProtobufWriter().uint(1, block.blockHeight))
    .uint(6, block.parentSlot)
    .text(7, block.previousBlockhash)
    .uint(8, block.transactions.length)
    .finish();
}

function rewards(list: readonly RewardJson[]): ProtobufWriter {
  const message = new ProtobufWriter();
  for (const { pubkey, lamports, postBalance } of list) {
    message.message(
      1,
      new ProtobufWriter().text(1, pubkey).uint(2, lamports).uint(3, postBalance).uint(4, FEE_REWARD),
    );
  }
  return message;
}

function transactionInfo({ transaction, meta, version }: TransactionJson, index: number): ProtobufWriter {
  const { message, signatures } = transaction;
  const { header } = message;
  const wire = new ProtobufWriter().message(
    1,
    new ProtobufWriter()
      .uint(1, header.numRequiredSignatures)
      .uint(2, header.numReadonlySignedAccounts)
      .uint(3, header.numReadonlyUnsignedAccounts),
  );
  for (const key of message.accountKeys) wire.presentBytes(2, base58.decode(key));
  wire.bytes(3, base58.decode(message.recentBlockhash));
  for (const instruction of message.instructions) wire.message(4, compiled(instruction));
  wire.uint(5, version === 0);
  for (const { accountKey, writableIndexes, readonlyIndexes } of message.addressTableLookups ?? []) {
    wire.message(
      6,
      new ProtobufWriter()
        .bytes(1, base58.decode(accountKey))
        .bytes(2, Uint8Array.from(writableIndexes))
        .bytes(3, Uint8Array.from(readonlyIndexes)),
    );
  }
  const signed = new ProtobufWriter();
  for (const signature of signatures) signed.presentBytes(1, base58.decode(signature));
  return new ProtobufWriter()
    .bytes(1, base58.decode(signatures[0] ?? ""))
    .uint(2, message.accountKeys.includes(VOTE_PROGRAM))
    .message(3, signed.message(2, wire))
    .message(4, statusMeta(meta))
    .uint(5, index);
}

function statusMeta(meta: MetaJson): ProtobufWriter {
  const message = new ProtobufWriter();
  if (meta.err !== null) message.message(1, new ProtobufWriter().bytes(1, instructionError(meta.err)));
  message.uint(2, meta.fee);
  message.bytes(3, packed(meta.preBalances)).bytes(4, packed(meta.postBalances));
  for (const inner of meta.innerInstructions) message.message(5, innerInstructions(inner));
  for (const line of meta.logMessages) message.presentBytes(6, Buffer.from(line));
  for (const balance of meta.preTokenBalances) message.message(7, tokenBalance(balance));
  for (const balance of meta.postTokenBalances) message.message(8, tokenBalance(balance));
  for (const key of meta.loadedAddresses.writable) message.presentBytes(12, base58.decode(key));
  for (const key of meta.loadedAddresses.readonly) message.presentBytes(13, base58.decode(key));
  const { returnData } = meta;
  if (returnData === undefined) message.uint(15, true);
  else {
    const [data] = returnData.data;
    message.message(
      14,
      new ProtobufWriter()
        .bytes(1, base58.decode(returnData.programId))
        .bytes(2, Buffer.from(data, "base64")),
    );
  }
  return message.presentUint(16, meta.computeUnitsConsumed);
}

/** Bincode of TransactionError::InstructionError(index, Custom(code)). */
function instructionError({
  InstructionError: [instruction, { Custom }],
}: NonNullable<MetaJson["err"]>): Buffer {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32LE(8, 0);
  bytes.writeUInt8(instruction, 4);
  bytes.writeUInt32LE(25, 5);
  bytes.writeUInt32LE(Custom, 9);
  return bytes;
}

/** A packed repeated uint64. */
function packed(values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => new ProtobufWriter().presentUint(1, value).finish().subarray(1)),
  );
}

function compiled({ programIdIndex, accounts, data }: InstructionJson): ProtobufWriter {
  return new ProtobufWriter()
    .uint(1, programIdIndex)
    .bytes(2, Uint8Array.from(accounts))
    .bytes(3, base58.decode(data));
}

function innerInstructions({ index, instructions }: InnerInstructionsJson): ProtobufWriter {
  const message = new ProtobufWriter().uint(1, index);
  for (const instruction of instructions) {
    const inner = compiled(instruction);
    if (instruction.stackHeight !== null) inner.presentUint(4, instruction.stackHeight);
    message.message(2, inner);
  }
  return message;
}

function tokenBalance({
  accountIndex,
  mint,
  owner,
  programId,
  uiTokenAmount,
}: TokenBalanceJson): ProtobufWriter {
  const { amount, decimals, uiAmount, uiAmountString } = uiTokenAmount;
  return new ProtobufWriter()
    .uint(1, accountIndex)
    .text(2, mint)
    .message(
      3,
      new ProtobufWriter()
        .double(1, uiAmount ?? 0)
        .uint(2, decimals)
        .text(3, amount)
        .text(4, uiAmountString),
    )
    .text(4, owner)
    .text(5, programId);
}
