import { type BlockRecord, type BlockStatus, slot } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { StatusBoard } from "../src/status-board.ts";
import { START_MS } from "./sample.ts";

function block(
  at: number,
  status: BlockStatus = "processed",
  tradeCount = 4,
  id = `block-${at}`,
): BlockRecord {
  return {
    ...{ chain: "solana", slot: slot(at), status, id, tradeCount, time: START_MS / 1000 + at },
    ...{ parentSlot: null, parentId: null, height: null, nativeUsd: null, nativeUsdSlot: null },
  };
}

const EMPTY = { version: "1", clients: 0, progress: null, ends: new Map<string, bigint>() };

describe("rates", () => {
  it("counts each block once, whatever is told of it, over the last ten seconds", () => {
    const board = new StatusBoard(START_MS);
    for (let second = 0; second < 30; second++) {
      for (const status of ["processed", "confirmed", "finalized", "orphaned", "skipped"] as const) {
        board.block(block(second, status), START_MS + second * 1000);
      }
    }
    const now = START_MS + 29_000;
    expect(board.status({ ...EMPTY, nowMs: now }).rates).toEqual({
      trades_per_second: 4,
      blocks_per_second: 1,
    });
    expect(board.status({ ...EMPTY, nowMs: now + 20_000 }).rates).toEqual({
      ...{ trades_per_second: 0, blocks_per_second: 0 },
    });
  });

  it("does not divide by more seconds than it has run", () => {
    const board = new StatusBoard(START_MS);
    board.block(block(1), START_MS + 500);
    expect(board.status({ ...EMPTY, nowMs: START_MS + 1500 }).rates.trades_per_second).toBe(2);
  });
});

describe("lag", () => {
  const head = { slot: 90, time: START_MS / 1000 + 90 };
  const cases: [string, Record<string, bigint>, Record<string, bigint>, number, number][] = [
    ["nothing behind", { "t:0": 5n, "t:1": 0n }, { "t:0": 5n }, 0, 0],
    ["some behind", { "t:0": 9n, "t:1": 3n }, { "t:0": 5n, "t:1": 3n }, 4, 10],
    ["a partition that was never stored", { "t:0": 9n }, {}, 9, 10],
    ["stored beyond what was read here", { "t:0": 9n }, { "t:0": 12n }, 0, 0],
  ];
  it.each(cases)("%s", (_name, ends, offsets, records, seconds) => {
    const board = new StatusBoard(START_MS);
    board.block(block(100), START_MS);
    const progress = { head, offsets: new Map(Object.entries(offsets)) };
    const status = board.status({ ...EMPTY, nowMs: START_MS, progress, ends: new Map(Object.entries(ends)) });
    expect(status.head?.slot).toBe(100);
    expect(status.dataflow).toMatchObject({ lag_records: records, lag_seconds: seconds });
  });

  it("is unknown where the store does not answer", () => {
    const status = new StatusBoard(START_MS).status({ ...EMPTY, nowMs: START_MS });
    expect(status).toMatchObject({
      head: null,
      dataflow: { head: null, lag_records: null, lag_seconds: null },
    });
  });
});
