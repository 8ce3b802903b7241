import { ProtobufWriter, protobufFields } from "../encoding/protobuf.ts";
import type { Commitment } from "../rpc/ledger.ts";

/** The statuses of a slot, in the order of their numbers in geyser.proto. */
export const SLOT_STATUSES = [
  "processed",
  "confirmed",
  "finalized",
  "first_shred_received",
  "completed",
  "created_bank",
  "dead",
] as const;
export type SlotStatus = (typeof SLOT_STATUSES)[number];

export interface SlotEvent {
  readonly kind: "slot";
  readonly slot: number;
  readonly parent: number | null;
  readonly status: SlotStatus;
  readonly deadError: string | null;
}

/** What a stream can tell of. Messages of blocks are made only where somebody wants them. */
export type StreamEvent =
  | SlotEvent
  | {
      readonly kind: "block";
      readonly slot: number;
      readonly commitment: Commitment;
      /** A SubscribeUpdateBlock; null where only the facts of the block are known. */
      readonly block: (() => Buffer) | null;
      /** A SubscribeUpdateBlockMeta. */
      readonly meta: () => Buffer;
    };

const COMMITMENTS: readonly Commitment[] = ["processed", "confirmed", "finalized"];

/** What a client wants: labels of its filters, as far as this server knows them. */
export interface Subscription {
  readonly slots: readonly {
    readonly label: string;
    readonly byCommitment: boolean;
    readonly interslot: boolean;
  }[];
  readonly blocks: readonly string[];
  readonly blocksMeta: readonly string[];
  readonly commitment: Commitment;
  readonly ping: number | null;
  readonly fromSlot: number | null;
}

/** Reads a SubscribeRequest. Throws a RangeError for what is none. */
export function readSubscription(message: Uint8Array): Subscription {
  const slots: Subscription["slots"][number][] = [];
  const blocks: string[] = [];
  const blocksMeta: string[] = [];
  let commitment: Commitment = "processed";
  let ping: number | null = null;
  let fromSlot: number | null = null;
  for (const { field, bytes, number } of protobufFields(message)) {
    if (field === 2) {
      const { label, filter } = mapEntry(bytes);
      let [byCommitment, interslot] = [false, false];
      for (const flag of protobufFields(filter)) {
        if (flag.field === 1) byCommitment = flag.number !== 0n;
        else if (flag.field === 2) interslot = flag.number !== 0n;
      }
      slots.push({ label, byCommitment, interslot });
    } else if (field === 4) blocks.push(mapEntry(bytes).label);
    else if (field === 5) blocksMeta.push(mapEntry(bytes).label);
    else if (field === 6) commitment = COMMITMENTS[Number(number)] ?? "processed";
    else if (field === 9) {
      ping = 0;
      for (const id of protobufFields(bytes)) if (id.field === 1) ping = Number(BigInt.asIntN(32, id.number));
    } else if (field === 11) fromSlot = Number(number);
  }
  return { slots, blocks, blocksMeta, commitment, ping, fromSlot };
}

function mapEntry(bytes: Uint8Array): { label: string; filter: Uint8Array } {
  let [label, filter] = ["", new Uint8Array(0)];
  for (const part of protobufFields(bytes)) {
    if (part.field === 1) label = Buffer.from(part.bytes).toString();
    else if (part.field === 2) filter = Uint8Array.from(part.bytes);
  }
  return { label, filter };
}

/** The SubscribeUpdates that a subscription gets for an event; mostly none or one. */
export function updatesFor(event: StreamEvent, wanted: Subscription, nowMs: number): Buffer[] {
  if (event.kind === "slot") {
    const labels = wanted.slots
      .filter(({ byCommitment, interslot }) =>
        byCommitment
          ? event.status === wanted.commitment || event.status === "dead"
          : interslot || SLOT_STATUSES.indexOf(event.status) <= 2 || event.status === "dead",
      )
      .map(({ label }) => label);
    return labels.length === 0 ? [] : [update(labels, 3, slotMessage(event), nowMs)];
  }
  if (event.commitment !== wanted.commitment) return [];
  const updates: Buffer[] = [];
  if (wanted.blocks.length > 0 && event.block !== null)
    updates.push(update(wanted.blocks, 5, event.block(), nowMs));
  if (wanted.blocksMeta.length > 0) updates.push(update(wanted.blocksMeta, 7, event.meta(), nowMs));
  return updates;
}

function slotMessage({ slot, parent, status, deadError }: SlotEvent): Buffer {
  const message = new ProtobufWriter().uint(1, slot);
  if (parent !== null) message.presentUint(2, parent);
  message.uint(3, SLOT_STATUSES.indexOf(status));
  if (deadError !== null) message.presentBytes(4, Buffer.from(deadError));
  return message.finish();
}

function update(labels: readonly string[], field: number, message: Buffer, nowMs: number): Buffer {
  const writer = new ProtobufWriter();
  for (const label of labels) writer.presentBytes(1, Buffer.from(label));
  const seconds = Math.floor(nowMs / 1000);
  const time = new ProtobufWriter().uint(1, seconds).uint(2, Math.floor((nowMs - seconds * 1000) * 1e6));
  return writer.presentBytes(field, message).message(11, time).finish();
}

/** A SubscribeUpdate that carries a ping, to be answered. */
export function pingUpdate(nowMs: number): Buffer {
  return update([], 6, Buffer.alloc(0), nowMs);
}

/** A SubscribeUpdate that answers a ping. */
export function pongUpdate(id: number, nowMs: number): Buffer {
  return update([], 9, new ProtobufWriter().uint(1, BigInt.asUintN(64, BigInt(id))).finish(), nowMs);
}
