import { ProtobufCursor } from "@candlewick/decode";
import type { Commitment } from "../../ports.ts";

// The few small messages of geyser.proto (rpcpool/yellowstone-grpc) that are needed, by hand: a library of
// protobuf would build an object tree of every block, of which only the bytes are wanted.

const COMMITMENTS: readonly Commitment[] = ["processed", "confirmed", "finalized"];

/** Slots of all statuses, and whole blocks at a commitment; from a slot on, where one is given. */
export function subscribeRequest(commitment: Commitment, fromSlot: number | null): Buffer {
  const label = lengthPrefixed(1, Buffer.from("candlewick"));
  const blocks = lengthPrefixed(2, varintField(2, 1));
  const parts = [
    lengthPrefixed(2, Buffer.concat([label, lengthPrefixed(2, Buffer.alloc(0))])),
    lengthPrefixed(4, Buffer.concat([label, blocks])),
    varintField(6, COMMITMENTS.indexOf(commitment)),
  ];
  if (fromSlot !== null) parts.push(varintField(11, fromSlot));
  return Buffer.concat(parts);
}

/** A request that carries only a ping: the answer to a server's ping, so that nobody in between cuts the stream. */
export function pingRequest(id: number): Buffer {
  return lengthPrefixed(9, varintField(1, id));
}

function lengthPrefixed(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.from([...bytes, left]);
}

/** What is known of a block before it is decoded. */
export interface StreamedBlock {
  readonly slot: number;
  readonly id: string;
  readonly parentSlot: number;
  readonly parentId: string;
  /** The SubscribeUpdateBlock. */
  readonly bytes: Uint8Array;
}

export type SlotStage = "processed" | "confirmed" | "finalized" | "dead" | "other";

export type GeyserUpdate =
  | { readonly kind: "block"; readonly block: StreamedBlock }
  | {
      readonly kind: "slot";
      readonly slot: number;
      readonly parent: number | null;
      readonly stage: SlotStage;
    }
  | { readonly kind: "ping" }
  | { readonly kind: "other" };

const STAGES: Readonly<Record<number, SlotStage>> = {
  0: "processed",
  1: "confirmed",
  2: "finalized",
  6: "dead",
};

/** Reads a SubscribeUpdate. Throws a ProtobufError for bytes that are none. */
export function readUpdate(message: Uint8Array): GeyserUpdate {
  const at = new ProtobufCursor(message);
  while (at.next()) {
    if (at.field === 3) return readSlot(at.message);
    if (at.field === 5) return readBlock(at.value);
    if (at.field === 6) return { kind: "ping" };
  }
  return { kind: "other" };
}

function readSlot(at: ProtobufCursor): GeyserUpdate {
  let [slot, parent, status]: [number, number | null, number] = [0, null, 0];
  while (at.next()) {
    if (at.field === 1) slot = at.number ?? 0;
    else if (at.field === 2) parent = at.number;
    else if (at.field === 3) status = at.number ?? 0;
  }
  return { kind: "slot", slot, parent, stage: STAGES[status] ?? "other" };
}

/** The head of a block. Its transactions are passed over: they are the decoder's. */
function readBlock(bytes: Uint8Array): GeyserUpdate {
  const at = new ProtobufCursor(bytes);
  let [slot, id, parentSlot, parentId] = [0, "", 0, ""];
  while (at.next()) {
    if (at.field === 1) slot = at.number ?? 0;
    else if (at.field === 2) id = at.text;
    else if (at.field === 7) parentSlot = at.number ?? 0;
    else if (at.field === 8) parentId = at.text;
  }
  return { kind: "block", block: { slot, id, parentSlot, parentId, bytes } };
}

/** Reads a SubscribeReplayInfoResponse: the first slot that can be had again; null where it does not tell. */
export function readReplayInfo(message: Uint8Array): number | null {
  const at = new ProtobufCursor(message);
  while (at.next()) if (at.field === 1) return at.number;
  return null;
}
