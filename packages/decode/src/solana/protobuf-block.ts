import { type Slot, slot as toSlot } from "@candlewick/domain";
import { DecodeError } from "../decode-error.ts";
import { ProtobufCursor, ProtobufError } from "../protobuf.ts";
import { MAX_BLOCK_BYTES, type SolanaBlockFacts } from "./block.ts";
import { type DecodedBlock, decodedBlock } from "./decode-block.ts";
import { glance, type ProtobufSpans, readContent } from "./protobuf-transaction.ts";
import { Findings, findIn } from "./swap-assembly.ts";
import { SolanaTransaction } from "./transaction.ts";
import { isVenue } from "./venues.ts";

/**
 * Decodes the bytes of a Yellowstone `SubscribeUpdateBlock`, subscribed to with all its transactions. Throws a
 * DecodeError for anything else, also where transactions are missing that the block says it has.
 * Field numbers: geyser.proto of rpcpool/yellowstone-grpc.
 */
export function decodeYellowstoneBlock(bytes: Uint8Array): DecodedBlock {
  return guarded(bytes, () => {
    const header = new BlockHeader();
    let [slot, executed]: [number | null, number | null] = [0, 0];
    const transactions: (ProtobufSpans & { index: number })[] = [];
    const at = new ProtobufCursor(bytes);
    while (at.next()) {
      if (at.field === 1) slot = at.number;
      else if (at.field === 2) header.id = at.text;
      else if (at.field === 4) header.time = wrapped(at.message);
      else if (at.field === 5) header.height = wrapped(at.message);
      else if (at.field === 6) transactions.push(readUpdate(at.message));
      else if (at.field === 7) header.parentSlot = at.number;
      else if (at.field === 8) header.parentId = at.text;
      else if (at.field === 9) executed = at.number;
    }
    if (slot === null) throw new DecodeError("not a block: its slot is no whole number");
    if (transactions.length !== executed) {
      const found = `${transactions.length} of ${String(executed)} transactions`;
      throw new DecodeError(
        `the block comes with ${found}; subscribe with "include_transactions" and no filter`,
      );
    }
    transactions.sort((a, b) => a.index - b.index);
    return decodeAll(header.facts(toSlot(slot), transactions.length), transactions);
  });
}

/**
 * Decodes the bytes of a `ConfirmedBlock` as nodes keep it in long-term storage (solana-storage.proto), which
 * does not name its own slot. Throws a DecodeError for anything else.
 */
export function decodeConfirmedBlock(bytes: Uint8Array, slot: Slot): DecodedBlock {
  return guarded(bytes, () => {
    const header = new BlockHeader();
    const transactions: (ProtobufSpans & { index: number })[] = [];
    const at = new ProtobufCursor(bytes);
    while (at.next()) {
      if (at.field === 1) header.parentId = at.text;
      else if (at.field === 2) header.id = at.text;
      else if (at.field === 3) header.parentSlot = at.number;
      else if (at.field === 4) {
        transactions.push({ ...readPair(at.message, 1, 2), index: transactions.length });
      } else if (at.field === 6) header.time = wrapped(at.message);
      else if (at.field === 7) header.height = wrapped(at.message);
    }
    return decodeAll(header.facts(slot, transactions.length), transactions);
  });
}

class BlockHeader {
  id = "";
  parentId = "";
  /** The zero of proto3 is not written. */
  parentSlot: number | null = 0;
  time: number | null = null;
  height: number | null = null;

  facts(slot: Slot, transactions: number): SolanaBlockFacts {
    if (this.id === "") throw new DecodeError("not a block: it has no block hash");
    const { id, time, height } = this;
    const parentSlot = this.parentSlot === null ? null : toSlot(this.parentSlot);
    const parentId = this.parentId === "" ? null : this.parentId;
    return { slot, id, parentSlot, parentId, height, time, transactions };
  }
}

/** A number that stands alone in a message, so that it can be absent: UnixTimestamp, BlockHeight. */
function wrapped(at: ProtobufCursor): number {
  let value = 0;
  while (at.next()) if (at.field === 1) value = at.number ?? 0;
  return value;
}

/** SubscribeUpdateTransactionInfo: the transaction 3, its metadata 4, its place in the block 5. */
function readUpdate(at: ProtobufCursor): ProtobufSpans & { index: number } {
  let index = 0;
  let transaction: ProtobufCursor | null = null;
  let meta: ProtobufCursor | null = null;
  while (at.next()) {
    if (at.field === 3) transaction = at.message;
    else if (at.field === 4) meta = at.message;
    else if (at.field === 5) index = at.number ?? -1;
  }
  if (index > MAX_INDEX || index < 0)
    throw new DecodeError(`not a block: it has a transaction number ${index}`);
  return { ...spansOf(transaction, meta), index };
}

/** Positions are kept in three bytes. */
const MAX_INDEX = 0xffffff;

function readPair(at: ProtobufCursor, transactionField: number, metaField: number): ProtobufSpans {
  let transaction: ProtobufCursor | null = null;
  let meta: ProtobufCursor | null = null;
  while (at.next()) {
    if (at.field === transactionField) transaction = at.message;
    else if (at.field === metaField) meta = at.message;
  }
  return spansOf(transaction, meta);
}

function spansOf(transaction: ProtobufCursor | null, meta: ProtobufCursor | null): ProtobufSpans {
  if (transaction === null) throw new DecodeError("not a block: it has a transaction without content");
  return { transaction, meta };
}

function decodeAll(
  block: SolanaBlockFacts,
  transactions: readonly (ProtobufSpans & { index: number })[],
): DecodedBlock {
  const findings = new Findings();
  for (const { index, ...spans } of transactions) {
    switch (glance({ transaction: spans.transaction.again(), meta: spans.meta?.again() ?? null })) {
      case "failed":
      case "no-venue":
        break;
      case "no-metadata":
        findings.skipped.add("no-metadata");
        break;
      case "venue": {
        const content = { slot: block.slot, txIndex: index, ...readContent(spans) };
        findIn(new SolanaTransaction(content, isVenue), findings);
      }
    }
  }
  return decodedBlock(block, findings);
}

/** Turns what the walk over the bytes stumbles on into the one error of this package. */
function guarded(bytes: Uint8Array, decode: () => DecodedBlock): DecodedBlock {
  if (bytes.byteLength > MAX_BLOCK_BYTES) {
    throw new DecodeError(`not a block: ${bytes.byteLength} bytes, more than ${MAX_BLOCK_BYTES}`);
  }
  if (bytes.byteLength === 0) throw new DecodeError("not a block: there are no bytes");
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    throw new DecodeError(`not a block: ${error.message}`, { cause: error });
  }
}
