import { type Slot, slot as toSlot } from "@candlewick/domain";
import { DecodeError } from "../decode-error.ts";
import { ProtobufCursor, ProtobufError } from "../protobuf.ts";
import { MAX_BLOCK_BYTES, type SolanaBlockFacts } from "./block.ts";
import { type DecodedBlock, decodedBlock } from "./decode-block.ts";
import { Glancer, type ProtobufSpans, readContent } from "./protobuf-transaction.ts";
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
    const transactions: ProtobufSpans[] = [];
    const inner = new ProtobufCursor(bytes);
    const at = new ProtobufCursor(bytes);
    while (at.next()) {
      if (at.field === 1) slot = at.number;
      else if (at.field === 2) header.id = at.text;
      else if (at.field === 4) header.time = wrapped(at.message);
      else if (at.field === 5) header.height = wrapped(at.message);
      else if (at.field === 6) transactions.push(readUpdate(inner.enter(at.start, at.end)));
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
    return decodeAll(bytes, header.facts(toSlot(slot), transactions.length), transactions);
  });
}

/**
 * Decodes the bytes of a `ConfirmedBlock` as nodes keep it in long-term storage (solana-storage.proto), which
 * does not name its own slot. Throws a DecodeError for anything else.
 */
export function decodeConfirmedBlock(bytes: Uint8Array, slot: Slot): DecodedBlock {
  return guarded(bytes, () => {
    const header = new BlockHeader();
    const transactions: ProtobufSpans[] = [];
    const inner = new ProtobufCursor(bytes);
    const at = new ProtobufCursor(bytes);
    while (at.next()) {
      if (at.field === 1) header.parentId = at.text;
      else if (at.field === 2) header.id = at.text;
      else if (at.field === 3) header.parentSlot = at.number;
      else if (at.field === 4) {
        transactions.push(readSpans(inner.enter(at.start, at.end), STORED, transactions.length));
      } else if (at.field === 6) header.time = wrapped(at.message);
      else if (at.field === 7) header.height = wrapped(at.message);
    }
    return decodeAll(bytes, header.facts(slot, transactions.length), transactions);
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

/** SubscribeUpdateTransactionInfo: whether it is a vote 2, the transaction 3, its metadata 4, its place 5. */
function readUpdate(at: ProtobufCursor): ProtobufSpans {
  const spans = readSpans(at, { vote: 2, transaction: 3, meta: 4, index: 5 }, 0);
  if (spans.index > MAX_INDEX || spans.index < 0) {
    throw new DecodeError(`not a block: it has a transaction number ${spans.index}`);
  }
  return spans;
}

/** Positions are kept in three bytes. */
const MAX_INDEX = 0xffffff;

interface SpanFields {
  readonly vote: number;
  readonly transaction: number;
  readonly meta: number;
  readonly index: number;
}

/** In long-term storage the transaction is 1 and its metadata 2, and nothing tells votes or the place. */
const STORED: SpanFields = { vote: -1, transaction: 1, meta: 2, index: -1 };

function readSpans(at: ProtobufCursor, fields: SpanFields, index: number): ProtobufSpans {
  const spans = { index, isVote: false, start: -1, end: -1, metaStart: 0, metaEnd: 0 };
  while (at.next()) {
    if (at.field === fields.vote) spans.isVote = at.number === 1;
    else if (at.field === fields.index) spans.index = at.number ?? -1;
    else if (!at.isBytes) continue;
    else if (at.field === fields.transaction) {
      spans.start = at.start;
      spans.end = at.end;
    } else if (at.field === fields.meta) {
      spans.metaStart = at.start;
      spans.metaEnd = at.end;
    }
  }
  if (spans.start === -1) throw new DecodeError("not a block: it has a transaction without content");
  return spans;
}

function decodeAll(
  bytes: Uint8Array,
  block: SolanaBlockFacts,
  transactions: readonly ProtobufSpans[],
): DecodedBlock {
  const findings = new Findings();
  const glancer = new Glancer(bytes);
  for (const spans of transactions) {
    if (spans.isVote) continue;
    switch (glancer.look(spans)) {
      case "failed":
      case "no-venue":
        break;
      case "no-metadata":
        findings.skipped.add("no-metadata");
        break;
      case "venue": {
        const content = { slot: block.slot, txIndex: spans.index, ...readContent(bytes, spans) };
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
