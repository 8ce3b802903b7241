import { ProtobufWriter } from "../encoding/protobuf.ts";
import type { Commitment } from "../rpc/ledger.ts";
import type { UpdateFeed } from "./feed.ts";
import { SLOT_STATUSES, type SlotStatus, type StreamEvent } from "./messages.ts";

/** A recorded stream: every client gets all of it, in the recorded order. */
export class RecordedFeed implements UpdateFeed {
  readonly #events: readonly StreamEvent[];

  /** `lines`: one JSON object each, of type `slot` or `block_meta`. Throws a RangeError for any other. */
  constructor(lines: readonly string[]) {
    this.#events = lines.filter((line) => line.trim() !== "").map((line) => eventOf(JSON.parse(line)));
  }

  firstAvailable(): number {
    return Math.min(...this.#events.map(({ slot }) => slot));
  }

  *replay(fromSlot: number): Iterable<StreamEvent> {
    for (const event of this.#events) if (event.slot >= fromSlot) yield event;
  }

  async *follow(): AsyncIterable<StreamEvent> {}

  headSlot(commitment: Commitment): number {
    const slots = this.#events.filter((event) => event.kind === "slot" && event.status === commitment);
    return Math.max(0, ...slots.map(({ slot }) => slot));
  }
}

interface RecordedLine {
  readonly type: string;
  readonly slot: number;
  readonly parent: number | null;
  readonly status: string;
  readonly dead_error: string | null;
  readonly blockhash: string;
  readonly block_time: number;
  readonly block_height: number;
  readonly parent_slot: number;
  readonly parent_blockhash: string;
  readonly executed_transaction_count: number;
  readonly entries_count: number;
}

function eventOf(line: RecordedLine): StreamEvent {
  const { slot } = line;
  if (line.type === "slot") {
    const status = SLOT_STATUSES.find((name) => name === line.status) satisfies SlotStatus | undefined;
    if (status === undefined) throw new RangeError(`a recorded slot has the unknown status ${line.status}`);
    return { kind: "slot", slot, parent: line.parent, status, deadError: line.dead_error };
  }
  if (line.type !== "block_meta")
    throw new RangeError(`a recorded event is of the unknown type ${line.type}`);
  const meta = () =>
    new ProtobufWriter()
      .uint(1, slot)
      .text(2, line.blockhash)
      .message(4, new ProtobufWriter().uint(1, line.block_time))
      .message(5, new ProtobufWriter().uint(1, line.block_height))
      .uint(6, line.parent_slot)
      .text(7, line.parent_blockhash)
      .uint(8, line.executed_transaction_count)
      .uint(9, line.entries_count)
      .finish();
  return { kind: "block", slot, commitment: "processed", block: null, meta };
}
