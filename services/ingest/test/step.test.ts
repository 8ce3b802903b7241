import { slot } from "@candlewick/domain";
import { describe, expect, test } from "vitest";
import type { Cursor, Verdict } from "../src/ports.ts";
import {
  initialState,
  type StepCommand,
  type StepInput,
  type StepSettings,
  type StepState,
  step,
} from "../src/step.ts";
import { blockAt, linkedRules, sparseRules } from "./chain-model.ts";

const settings: StepSettings = { rules: linkedRules, window: 4, onBadBlock: "skip" };
const origin: Cursor = { slot: 99, blockId: null, blockTime: null, solPrice: null };

function names(commands: readonly StepCommand[]): string[] {
  return commands.map((command) => {
    switch (command.kind) {
      case "plan":
        return `plan ${command.limit} after ${command.after}`;
      case "fetch":
        return `fetch ${command.slot}`;
      case "judge":
        return `judge ${command.last.slot} ${command.slot}`;
      case "settled":
      case "send-trades":
      case "send-records":
        return `${command.kind} ${command.settlement.slot}`;
      case "save":
        return `save ${command.cursor.slot}`;
      case "end":
        return command.bad === null ? "end" : `end bad ${command.bad.slot}`;
      default:
        return command satisfies never;
    }
  });
}

/** Feeds inputs one after the other and returns the commands of each. */
function play(start: StepState, inputs: readonly StepInput[]): { state: StepState; commands: string[][] } {
  let state = start;
  const commands: string[][] = [];
  for (const input of inputs) {
    const next = step(state, input);
    state = next.state;
    commands.push(names(next.commands));
  }
  return { state, commands };
}

const planned = (...slots: number[]): StepInput => ({
  kind: "planned",
  slots: slots.map(slot),
  ended: false,
});
const fetched = (at: number, parent: number | null): StepInput => ({
  kind: "fetched",
  slot: slot(at),
  result: { kind: "block", decoded: blockAt(at, parent), attempts: 1 },
});
const acknowledged = (what: "trades" | "records", at: number): StepInput => ({
  kind: `${what}-acknowledged`,
  slot: slot(at),
});

describe("the way of a slot", () => {
  test("trades, then the record, then the cursor", () => {
    const { commands, state } = play(initialState(origin, settings), [
      { kind: "start" },
      planned(100),
      fetched(100, 99),
      acknowledged("trades", 100),
      acknowledged("records", 100),
      { kind: "saved" },
    ]);
    expect(commands).toEqual([
      ["plan 4 after 99"],
      ["fetch 100", "plan 3 after 100"],
      ["settled 100", "send-trades 100"],
      ["send-records 100"],
      ["save 100"],
      [],
    ]);
    expect(state.cursor?.slot).toBe(100);
    expect(state.units).toEqual([]);
  });

  test("a block that arrives early waits for the one before it", () => {
    const { commands } = play(initialState(origin, settings), [
      planned(100, 101),
      fetched(101, 100),
      fetched(100, 99),
    ]);
    expect(commands.slice(1)).toEqual([
      [],
      ["settled 100", "send-trades 100", "settled 101", "send-trades 101"],
    ]);
  });

  test("records go out in order of slot though trades are acknowledged in any", () => {
    const { commands } = play(initialState(origin, settings), [
      planned(100, 101),
      fetched(100, 99),
      fetched(101, 100),
      acknowledged("trades", 101),
      acknowledged("trades", 100),
    ]);
    expect(commands.slice(3)).toEqual([[], ["send-records 100", "send-records 101"]]);
  });

  test("the cursor does not pass a record that is not acknowledged", () => {
    const { commands } = play(initialState(origin, { ...settings, window: 2 }), [
      planned(100, 101),
      fetched(100, 99),
      fetched(101, 100),
      acknowledged("trades", 100),
      acknowledged("trades", 101),
      acknowledged("records", 101),
      acknowledged("records", 100),
    ]);
    expect(commands.slice(5)).toEqual([[], ["save 101"]]);
  });

  test("an empty slot is settled with the block after it", () => {
    const start = initialState(origin, settings);
    const inputs: StepInput[] = [
      planned(100, 103),
      { kind: "fetched", slot: slot(100), result: { kind: "absent" } },
      fetched(103, 99),
    ];
    const { commands, state } = play(start, inputs);
    expect(commands[1]).toEqual([]);
    expect(commands[2]).toEqual(["settled 103", "send-trades 103"]);
    const stage = state.units[0]?.stage;
    expect(
      stage?.name === "sending-trades" && stage.settlement.records.map((r) => [r.slot, r.status]),
    ).toEqual([
      [100, "skipped"],
      [101, "skipped"],
      [102, "skipped"],
      [103, "confirmed"],
    ]);
  });

  test("a parent that was taken for empty is fetched before its child is settled", () => {
    const { commands } = play(initialState(origin, settings), [
      planned(102),
      fetched(102, 101),
      fetched(101, 100),
      fetched(100, 99),
    ]);
    expect(commands.slice(1)).toEqual([
      ["fetch 101", "plan 2 after 102"].slice(0, 1),
      ["fetch 100"],
      ["settled 100", "send-trades 100", "settled 101", "send-trades 101", "settled 102", "send-trades 102"],
    ]);
  });

  test("a parent that nobody has is missing, and its child goes on", () => {
    const { state } = play(initialState(origin, settings), [
      planned(102),
      fetched(102, 101),
      { kind: "fetched", slot: slot(101), result: { kind: "absent" } },
    ]);
    const settled = state.units.map(({ slot: at, stage }) => [
      at,
      "settlement" in stage ? stage.settlement.entries.at(-1)?.status : null,
    ]);
    expect(settled).toEqual([
      [101, "missing"],
      [102, "processed"],
    ]);
  });

  test("a long way back is left to the ledger", () => {
    const far: Cursor = { slot: 1, blockId: "block-1", blockTime: null, solPrice: null };
    let state = step(initialState(far, settings), planned(1000)).state;
    let fetches = 0;
    let next = step(state, fetched(1000, 999));
    while (next.commands.some((command) => command.kind === "fetch")) {
      fetches += 1;
      state = next.state;
      const sought = state.units[0]?.slot ?? slot(0);
      next = step(state, fetched(sought, sought - 1));
    }
    expect(fetches).toBe(32);
    const first = next.state.units[0]?.stage;
    expect(first !== undefined && "settlement" in first && first.settlement.entries.at(-1)).toMatchObject({
      slot: 967,
      status: "missing",
    });
    const entries = next.commands.flatMap((command) =>
      command.kind === "settled" ? command.settlement.entries : [],
    );
    expect(entries).toHaveLength(1000 - far.slot);
    expect(entries.filter(({ status }) => status === "skipped")).toEqual([]);
  });
});

describe("the end", () => {
  const bad: StepInput = {
    kind: "fetched",
    slot: slot(101),
    result: { kind: "failed", reason: "is not JSON", attempts: 1 },
  };

  test("a recording ends when its last slot is saved", () => {
    const { commands } = play(initialState(null, { ...settings, rules: sparseRules }), [
      { kind: "start" },
      { kind: "planned", slots: [slot(7)], ended: true },
      fetched(7, 6),
      acknowledged("trades", 7),
      acknowledged("records", 7),
      { kind: "saved" },
    ]);
    expect(commands.at(-1)).toEqual(["end"]);
    expect(commands.flat().filter((command) => command.startsWith("end"))).toHaveLength(1);
  });

  test("a recording that is all published ends at once", () => {
    const { commands } = play(initialState(origin, settings), [{ kind: "planned", slots: [], ended: true }]);
    expect(commands).toEqual([["end"]]);
  });

  test("a bad block stops before anything of it is sent and after all before it is saved", () => {
    const start = initialState(origin, { ...settings, onBadBlock: "stop" });
    const { commands } = play(start, [
      planned(100, 101, 102),
      bad,
      fetched(102, 101),
      fetched(100, 99),
      acknowledged("trades", 100),
      acknowledged("records", 100),
      { kind: "saved" },
    ]);
    expect(commands.slice(1)).toEqual([
      [],
      [],
      ["settled 100", "send-trades 100"],
      ["send-records 100"],
      ["save 100"],
      ["end bad 101"],
    ]);
  });

  test("a bad block that is skipped keeps the cursor before it", () => {
    let state = play(initialState(origin, settings), [planned(100, 101), fetched(100, 99), bad]).state;
    for (const input of [acknowledged("trades", 100), acknowledged("records", 100)])
      state = step(state, input).state;
    const { commands } = step(step(state, { kind: "saved" }).state, acknowledged("records", 101));
    const save = commands.find((command) => command.kind === "save");
    expect(save?.entries).toEqual([
      { slot: 101, status: "failed", reason: "is not JSON", attempts: 1, blockId: null },
    ]);
    expect(save?.kept.get(slot(101))).toEqual(
      state.units[0]?.stage.name === "published" ? settledCursor(state) : null,
    );
    expect(save?.cursor).toMatchObject({ slot: 101, blockId: null });
  });

  test("a stop finishes what is being sent and takes nothing more", () => {
    const { commands } = play(initialState(origin, settings), [
      planned(100, 101),
      fetched(100, 99),
      { kind: "stop" },
      fetched(101, 100),
      acknowledged("trades", 100),
      acknowledged("records", 100),
      { kind: "saved" },
    ]);
    expect(commands.slice(2)).toEqual([[], [], ["send-records 100"], ["save 100"], ["end"]]);
  });

  test("a stop with nothing in hand ends at once", () => {
    expect(play(initialState(origin, settings), [{ kind: "stop" }]).commands).toEqual([["end"]]);
  });
});

function settledCursor(state: StepState): Cursor | null {
  const stage = state.units[0]?.stage;
  return stage !== undefined && "settlement" in stage ? stage.settlement.cursor : null;
}

describe("two blocks that do not follow each other", () => {
  const judged: StepSettings = { ...settings, judged: true };
  const stored: Cursor = { slot: 99, blockId: "block-99", blockTime: null, solPrice: null };
  const stranger: StepInput = {
    kind: "fetched",
    slot: slot(100),
    result: {
      kind: "block",
      attempts: 1,
      decoded: { ...blockAt(100, 99), block: { ...blockAt(100, 99).block, parentId: "another-99" } },
    },
  };
  const verdict = (is: Verdict): StepInput => ({
    kind: "judged",
    slot: slot(100),
    verdict: is,
  });
  const begin: StepInput[] = [{ kind: "start" }, planned(100)];

  test("are judged before the new one is settled", () => {
    const { commands } = play(initialState(stored, judged), [...begin, stranger]);
    expect(commands.at(-1)).toEqual(["judge 99 100"]);
  });

  test("are settled as they are where both may stand", () => {
    const { commands } = play(initialState(stored, judged), [...begin, stranger, verdict("both")]);
    expect(commands.at(-1)).toEqual(["settled 100", "send-trades 100"]);
  });

  test("with nobody to ask are settled as they are", () => {
    const { commands } = play(initialState(stored, settings), [...begin, stranger]);
    expect(commands.at(-1)).toEqual(["settled 100", "send-trades 100"]);
  });

  test.each([
    { is: "next", reason: "not what most endpoints say" },
    { is: "unknown", reason: "do not agree" },
  ] as const)(
    "where $is is the verdict the new one is fetched anew a few times, and then left to the ledger",
    ({ is, reason }) => {
      const rounds = Array.from({ length: 3 }, () => [verdict(is), stranger]).flat();
      const { state, commands } = play(initialState(stored, judged), [
        ...begin,
        stranger,
        ...rounds,
        verdict(is),
      ]);
      expect(state.units[0]?.stage).toMatchObject({
        settlement: {
          trades: [],
          entries: [{ slot: 100, status: "failed", attempts: 4, reason: expect.stringContaining(reason) }],
        },
      });
      expect(commands.slice(3).flat()).toEqual([
        "fetch 100",
        "judge 99 100",
        "fetch 100",
        "judge 99 100",
        "fetch 100",
        "judge 99 100",
        "settled 100",
        "send-records 100",
      ]);
    },
  );

  test("the settled one is opened again where it is wrong, in the save that covers the new one", () => {
    let state = initialState(stored, judged);
    const inputs: StepInput[] = [
      ...begin,
      stranger,
      verdict("last"),
      { kind: "trades-acknowledged", slot: slot(100) },
      { kind: "records-acknowledged", slot: slot(100) },
    ];
    let last: readonly StepCommand[] = [];
    for (const input of inputs) ({ state, commands: last } = step(state, input));
    expect(last.find((command) => command.kind === "save")).toMatchObject({
      reopened: [{ slot: 99, blockId: "block-99", reason: expect.stringContaining("parent mismatch") }],
    });
  });
});
