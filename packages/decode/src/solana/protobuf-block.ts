import { type Slot, slot as toSlot } from "@candlewick/domain";
import { DecodeError } from "../decode-error.ts";
import { ProtobufCursor, ProtobufError } from "../protobuf.ts";
import { MAX_BLOCK_BYTES, type SolanaBlockFacts } from "./block.ts";
import { type DecodedBlock, decodedBlock } from "./decode-block.ts";
import { Glancer, type ProtobufSpans } from "./protobuf-glance.ts";
import { ContentReader } from "./protobuf-transaction.ts";
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
    let slot: number | null = 0;
    let executed: number | null = 0;
    const transactions = new TransactionSieve(bytes, UPDATE);
    const at = new ProtobufCursor(bytes);
    while (at.next()) {
      if (at.field === 1) slot = at.number;
      else if (at.field === 2) header.id = at.text;
      else if (at.field === 4) header.time = wrapped(at.message);
      else if (at.field === 5) header.height = wrapped(at.message);
      else if (at.field === 6) transactions.add(at);
      else if (at.field === 7) header.parentSlot = at.number;
      else if (at.field === 8) header.parentId = at.text;
      else if (at.field === 9) executed = at.number;
    }
    if (slot === null) throw new DecodeError("not a block: its slot is no whole number");
    if (transactions.count !== executed) {
      const found = `${transactions.count} of ${String(executed)} transactions`;
      throw new DecodeError(
        `the block comes with ${found}; subscribe with "include_transactions" and no filter`,
      );
    }
    return decodeAll(bytes, header.facts(toSlot(slot), transactions.count), transactions);
  });
}

/**
 * Decodes the bytes of a `ConfirmedBlock` as nodes keep it in long-term storage (solana-storage.proto), which
 * does not name its own slot. Throws a DecodeError for anything else.
 */
export function decodeConfirmedBlock(bytes: Uint8Array, slot: Slot): DecodedBlock {
  return guarded(bytes, () => {
    const header = new BlockHeader();
    const transactions = new TransactionSieve(bytes, STORED);
    const at = new ProtobufCursor(bytes);
    while (at.next()) {
      if (at.field === 1) header.parentId = at.text;
      else if (at.field === 2) header.id = at.text;
      else if (at.field === 3) header.parentSlot = at.number;
      else if (at.field === 4) transactions.add(at);
      else if (at.field === 6) header.time = wrapped(at.message);
      else if (at.field === 7) header.height = wrapped(at.message);
    }
    return decodeAll(bytes, header.facts(slot, transactions.count), transactions);
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

/** Positions are kept in three bytes. */
const MAX_INDEX = 0xffffff;

interface SpanFields {
  readonly vote: number;
  readonly transaction: number;
  readonly meta: number;
  readonly index: number;
}

/** SubscribeUpdateTransactionInfo: whether it is a vote, the transaction, its metadata, its place. */
const UPDATE: SpanFields = { vote: 2, transaction: 3, meta: 4, index: 5 };

/** In long-term storage nothing tells votes, and the place is the order. */
const STORED: SpanFields = { vote: -1, transaction: 1, meta: 2, index: -1 };

/** Looks at a block's transactions as they come, and keeps those that are to be read: few of many. */
class TransactionSieve {
  /** How many there were, kept or not. */
  count = 0;
  /** How many may hold a swap, but come without what tells it. */
  withoutMetadata = 0;
  readonly kept: ProtobufSpans[] = [];
  readonly #fields: SpanFields;
  readonly #glancer: Glancer;
  /** The transaction in hand. */
  readonly #spans: ProtobufSpans = {
    index: 0,
    isVote: false,
    start: -1,
    end: -1,
    metaStart: 0,
    metaEnd: 0,
  };

  constructor(bytes: Uint8Array, fields: SpanFields) {
    this.#fields = fields;
    this.#glancer = new Glancer(bytes);
  }

  /** Takes the transaction that a field of the block holds. */
  add(at: ProtobufCursor): void {
    this.#read(at.message, this.#fields.index === -1 ? this.count : 0);
    this.count++;
    if (this.#spans.isVote) return;
    const seen = this.#glancer.look(this.#spans);
    if (seen === "venue") this.kept.push({ ...this.#spans });
    else if (seen === "no-metadata") this.withoutMetadata++;
  }

  #read(at: ProtobufCursor, index: number): void {
    const spans = this.#spans;
    const fields = this.#fields;
    spans.index = index;
    spans.isVote = false;
    spans.start = -1;
    spans.metaStart = 0;
    spans.metaEnd = 0;
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
    if (spans.index > MAX_INDEX || spans.index < 0) {
      throw new DecodeError(`not a block: it has a transaction number ${spans.index}`);
    }
  }
}

function decodeAll(
  bytes: Uint8Array,
  block: SolanaBlockFacts,
  { kept, withoutMetadata }: TransactionSieve,
): DecodedBlock {
  const findings = new Findings();
  findings.skipped.add("no-metadata", withoutMetadata);
  const reader = new ContentReader(bytes);
  kept.sort((a, b) => a.index - b.index);
  for (const spans of kept) {
    const content = { slot: block.slot, txIndex: spans.index, ...reader.read(spans) };
    findIn(new SolanaTransaction(content, isVenue), findings);
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
