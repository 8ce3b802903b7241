import { describe, expect, test } from "vitest";
import { ProducerState } from "../src/producers/producer-state.ts";
import { ErrorCode } from "../src/protocol/error-code.ts";
import type { BatchHeader } from "../src/storage/record-batch.ts";

const TRANSACTIONAL = 0x10;
const NOW_MS = 1_000_000;

/** A transaction's batch of one record. */
function batch(baseSequence: number, fields: Partial<BatchHeader> = {}): BatchHeader {
  return {
    baseOffset: 0,
    sizeBytes: 100,
    leaderEpoch: 0,
    magic: 2,
    attributes: TRANSACTIONAL,
    lastOffset: 0,
    baseTimestamp: NOW_MS,
    maxTimestamp: NOW_MS,
    producerId: 7,
    producerEpoch: 0,
    baseSequence,
    recordCount: 1,
    ...fields,
  };
}

const OUT_OF_ORDER = { kind: "reject", errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER };
const ACCEPTED = { kind: "accept" };

describe("a batch that is announced and not appended", () => {
  test("keeps out those behind it, until it is", () => {
    const state = new ProducerState();
    state.announce(batch(3), false, NOW_MS);
    expect(state.check(batch(4))).toEqual(OUT_OF_ORDER);
    expect(state.check(batch(3))).toEqual(ACCEPTED);
    state.record(batch(3), NOW_MS);
    expect(state.check(batch(4))).toEqual(ACCEPTED);
  });

  test("gives way to an earlier one, and to a newer epoch", () => {
    const state = new ProducerState();
    for (const sequence of [3, 2, 4]) state.announce(batch(sequence), false, NOW_MS);
    expect(state.check(batch(3))).toEqual(OUT_OF_ORDER);
    expect(state.check(batch(2))).toEqual(ACCEPTED);
    state.announce(batch(5, { producerEpoch: 1 }), false, NOW_MS);
    expect(state.check(batch(5, { producerEpoch: 1 }))).toEqual(ACCEPTED);
  });

  test("must be the first of all where its transaction ends an epoch", () => {
    const state = new ProducerState();
    state.announce(batch(3), true, NOW_MS);
    expect(state.check(batch(3))).toEqual(OUT_OF_ORDER);
    expect(state.check(batch(0))).toEqual(ACCEPTED);
  });

  test("of a former epoch is known as one before anybody is asked", () => {
    const state = new ProducerState();
    state.record(batch(0, { producerEpoch: 1 }), NOW_MS);
    expect(state.announce(batch(0), false, NOW_MS)).toBe(false);
  });

  test("is forgotten with its producer, and beyond 10,000 others", () => {
    const state = new ProducerState();
    state.announce(batch(3), false, NOW_MS);
    state.expire(NOW_MS + 1, 0);
    expect(state.check(batch(4))).toEqual(ACCEPTED);
    for (let producerId = 0; producerId <= 10_000; producerId++) {
      state.announce(batch(3, { producerId }), false, NOW_MS);
    }
    expect(state.check(batch(4, { producerId: 0 }))).toEqual(ACCEPTED);
    expect(state.check(batch(4, { producerId: 1 }))).toEqual(OUT_OF_ORDER);
  });
});
