import { ErrorCode } from "../protocol/error-code.ts";
import { type BatchHeader, isControl, isTransactional } from "../storage/record-batch.ts";

/** How many of a producer's last batches are remembered, as clients rely on: five requests in flight. */
const REMEMBERED_BATCHES = 5;
const MAX_SEQUENCE = 0x7fff_ffff;
const NO_SEQUENCE = -1;
const NO_EPOCH = -1;
/** Beyond so many the oldest is forgotten; each is there until a batch of its transaction is appended. */
const MAX_ANNOUNCED = 10_000;

interface PastBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly timestampMs: number;
}

export interface ProducerEntry {
  epoch: number;
  batches: PastBatch[];
  /** The time of what came last, which may be a marker. */
  lastTimestampMs: number;
  /** First offset of the transaction under way, or -1. */
  transactionStart: number;
  lastSeenMs: number;
}

/** What a transaction's producer has come with since nothing of it could be appended. */
interface Announced {
  epoch: number;
  lowestSequence: number;
  /** Of the request that came first: whether a producer that is not known here must begin at zero. */
  readonly beginsAtZero: boolean;
  readonly sinceMs: number;
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Offset of the abort marker. */
  readonly lastOffset: number;
}

/** `lastTimestampMs` is missing in snapshots of before it was kept: then it is the time of the last batch. */
type SavedProducer = Omit<ProducerEntry, "lastTimestampMs"> & {
  readonly producerId: number;
  readonly lastTimestampMs?: number;
};

export interface ProducerSnapshot {
  readonly producers: readonly SavedProducer[];
  readonly aborted: readonly AbortedTransaction[];
}

export type SequenceVerdict =
  | { readonly kind: "accept" }
  | { readonly kind: "duplicate"; readonly baseOffset: number; readonly timestampMs: number }
  | { readonly kind: "reject"; readonly errorCode: ErrorCode };

/** What one partition knows of the producers that write to it: sequences, epochs and open transactions. */
export class ProducerState {
  readonly #producers = new Map<number, ProducerEntry>();
  /** Producer id to first offset of its open transaction, oldest first. */
  readonly #open = new Map<number, number>();
  #aborted: AbortedTransaction[] = [];
  /** By producer id. */
  readonly #announced = new Map<number, Announced>();

  /**
   * Takes note of a transaction's batch before its transaction is asked whether it may be appended. One that may
   * not for now comes again: until something of the transaction is appended, no higher sequence is let in before it
   * (KIP-890). Returns false for a batch of a former epoch, which need not be asked about.
   */
  announce(header: BatchHeader, beginsAtZero: boolean, nowMs: number): boolean {
    const { producerId, producerEpoch: epoch, baseSequence } = header;
    const entry = this.#producers.get(producerId);
    if (entry !== undefined && epoch < entry.epoch) return false;
    if (entry !== undefined && entry.transactionStart >= 0 && epoch === entry.epoch) return true;
    const known = this.#announced.get(producerId);
    if (known === undefined) {
      if (this.#announced.size >= MAX_ANNOUNCED) this.#forgetOldestAnnounced();
      this.#announced.set(producerId, { epoch, lowestSequence: baseSequence, beginsAtZero, sinceMs: nowMs });
    } else if (epoch > known.epoch || (epoch === known.epoch && baseSequence < known.lowestSequence)) {
      known.epoch = epoch;
      known.lowestSequence = baseSequence;
    }
    return true;
  }

  #forgetOldestAnnounced(): void {
    for (const producerId of this.#announced.keys()) {
      this.#announced.delete(producerId);
      return;
    }
  }

  /**
   * Judges a client's batch before it is appended. Batches without a producer id are always accepted, and of a
   * producer that is not known here any number, unless what it has announced says otherwise.
   */
  check(header: BatchHeader): SequenceVerdict {
    if (header.producerId < 0) return { kind: "accept" };
    const entry = this.#producers.get(header.producerId);
    const duplicate = entry === undefined ? undefined : duplicateOf(header, entry);
    if (duplicate !== undefined) return duplicate;
    if (header.producerEpoch < (entry?.epoch ?? NO_EPOCH)) {
      return reject(ErrorCode.INVALID_PRODUCER_EPOCH);
    }
    const announced = this.#announced.get(header.producerId);
    if (announced !== undefined) {
      const mustBeZero = announced.beginsAtZero && (entry?.batches.length ?? 0) === 0;
      if (header.baseSequence > (mustBeZero ? 0 : announced.lowestSequence)) {
        return reject(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
      }
    }
    if (entry === undefined) return { kind: "accept" };
    if (header.producerEpoch > entry.epoch) {
      // Behind records of no epoch any sequence may begin.
      const mayBegin = header.baseSequence === 0 || entry.epoch === NO_EPOCH;
      return mayBegin ? { kind: "accept" } : reject(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    }
    const expected = nextSequence(entry.batches.at(-1)?.lastSequence ?? NO_SEQUENCE);
    return header.baseSequence === expected
      ? { kind: "accept" }
      : reject(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  }

  /** Takes note of a client's batch that is in the log at its base offset; the same on append and recovery. */
  record(header: BatchHeader, nowMs: number): void {
    if (header.producerId < 0 || isControl(header)) return;
    let entry = this.#producers.get(header.producerId);
    if (entry === undefined || entry.epoch !== header.producerEpoch) {
      entry = {
        epoch: header.producerEpoch,
        batches: [],
        lastTimestampMs: header.maxTimestamp,
        transactionStart: entry?.transactionStart ?? -1,
        lastSeenMs: nowMs,
      };
      this.#producers.set(header.producerId, entry);
    }
    entry.lastSeenMs = nowMs;
    entry.lastTimestampMs = header.maxTimestamp;
    if (entry.batches.length === REMEMBERED_BATCHES) entry.batches.shift();
    entry.batches.push({
      firstSequence: header.baseSequence,
      lastSequence: lastSequenceOf(header),
      baseOffset: header.baseOffset,
      timestampMs: header.maxTimestamp,
    });
    if (!isTransactional(header)) return;
    this.#announced.delete(header.producerId);
    if (entry.transactionStart >= 0) return;
    entry.transactionStart = header.baseOffset;
    this.#open.set(header.producerId, header.baseOffset);
  }

  /** Takes note of a transaction marker at its offset. */
  recordMarker(header: BatchHeader, committed: boolean, nowMs: number): void {
    const entry = this.#producers.get(header.producerId);
    if (entry !== undefined && entry.transactionStart >= 0 && !committed) {
      this.#aborted.push({
        producerId: header.producerId,
        firstOffset: entry.transactionStart,
        lastOffset: header.baseOffset,
      });
    }
    this.#open.delete(header.producerId);
    this.#announced.delete(header.producerId);
    const sameEpoch = entry?.epoch === header.producerEpoch;
    this.#producers.set(header.producerId, {
      epoch: header.producerEpoch,
      batches: sameEpoch ? (entry?.batches ?? []) : [],
      lastTimestampMs: header.maxTimestamp,
      transactionStart: -1,
      lastSeenMs: nowMs,
    });
  }

  get(producerId: number): Readonly<ProducerEntry> | undefined {
    return this.#producers.get(producerId);
  }

  entries(): IterableIterator<[number, Readonly<ProducerEntry>]> {
    return this.#producers.entries();
  }

  /** First offset of the oldest transaction still open, or undefined where none is. */
  get firstUndecidedOffset(): number | undefined {
    return this.#open.values().next().value;
  }

  /** The producers whose transactions are open here. */
  *undecided(): Generator<{ readonly producerId: number; readonly epoch: number }> {
    for (const producerId of this.#open.keys()) {
      const entry = this.#producers.get(producerId);
      if (entry !== undefined) yield { producerId, epoch: entry.epoch };
    }
  }

  /** The aborted transactions with records in [from, to). */
  abortedBetween(from: number, to: number): AbortedTransaction[] {
    return this.#aborted.filter((aborted) => aborted.lastOffset >= from && aborted.firstOffset < to);
  }

  /** Forgets producers that have been silent since `beforeMs`, and aborts that lie wholly before the log. */
  expire(beforeMs: number, logStartOffset: number): void {
    for (const [producerId, entry] of this.#producers) {
      if (entry.lastSeenMs < beforeMs && entry.transactionStart < 0) this.#producers.delete(producerId);
    }
    for (const [producerId, { sinceMs }] of this.#announced) {
      if (sinceMs < beforeMs) this.#announced.delete(producerId);
    }
    this.#aborted = this.#aborted.filter((aborted) => aborted.lastOffset >= logStartOffset);
  }

  snapshot(): ProducerSnapshot {
    const producers = [...this.#producers].map(([producerId, entry]) => ({ producerId, ...entry }));
    return { producers, aborted: this.#aborted };
  }

  restore(snapshot: ProducerSnapshot): void {
    this.#producers.clear();
    for (const { producerId, ...entry } of snapshot.producers) {
      const lastTimestampMs = entry.lastTimestampMs ?? entry.batches.at(-1)?.timestampMs ?? -1;
      this.#producers.set(producerId, { ...entry, lastTimestampMs, batches: [...entry.batches] });
    }
    this.#aborted = [...snapshot.aborted];
    this.#open.clear();
    const open = snapshot.producers.filter(({ transactionStart }) => transactionStart >= 0);
    for (const { producerId, transactionStart } of open.sort(
      (a, b) => a.transactionStart - b.transactionStart,
    )) {
      this.#open.set(producerId, transactionStart);
    }
  }
}

function duplicateOf(
  header: BatchHeader,
  { epoch, batches }: ProducerEntry,
): (SequenceVerdict & { kind: "duplicate" }) | undefined {
  if (header.producerEpoch !== epoch) return undefined;
  const lastSequence = lastSequenceOf(header);
  const same = batches.find(
    (batch) => batch.firstSequence === header.baseSequence && batch.lastSequence === lastSequence,
  );
  return same && { kind: "duplicate", baseOffset: same.baseOffset, timestampMs: same.timestampMs };
}

function reject(errorCode: ErrorCode): SequenceVerdict {
  return { kind: "reject", errorCode };
}

/** Sequence numbers wrap from 2^31-1 to 0. */
function lastSequenceOf(header: BatchHeader): number {
  return addSequence(header.baseSequence, header.lastOffset - header.baseOffset);
}

function nextSequence(sequence: number): number {
  return sequence === NO_SEQUENCE ? 0 : addSequence(sequence, 1);
}

function addSequence(sequence: number, count: number): number {
  const sum = sequence + count;
  return sum > MAX_SEQUENCE ? sum - MAX_SEQUENCE - 1 : sum;
}
