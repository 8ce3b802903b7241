import { type Slot, slot } from "@candlewick/domain";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Cursor, SlotEntry } from "../src/ports.ts";
import { type Settlement, settleBlock, settleFailure } from "../src/settlement.ts";
import {
  initialState,
  type SlotResult,
  type StepCommand,
  type StepInput,
  type StepSettings,
  step,
} from "../src/step.ts";
import { arbitraryChain, linkedRules, type ModelChain } from "./chain-model.ts";

const settings: StepSettings = { rules: linkedRules, window: 4, onBadBlock: "skip" };
const origin: Cursor = { slot: 99, blockId: null, blockTime: null, solPrice: null };

const LOST_REASON = "the next block names this slot as its parent, but the source has no block for it";

/** A hidden block that the source cannot give either: only its child's word shows that it is there. */
function isLost(chain: ModelChain, at: number): boolean {
  return chain.slots.get(at)?.kind === "hidden" && at % 3 === 0;
}

/** What the model's source answers, with a hidden block known only to those who ask for it. */
function answer(chain: ModelChain, at: number): SlotResult {
  const found = chain.slots.get(at);
  if (isLost(chain, at)) return { kind: "absent" };
  switch (found?.kind) {
    case "block":
    case "hidden":
      return { kind: "block", decoded: found.decoded, attempts: 1 };
    case "broken":
      return { kind: "failed", reason: "is broken", attempts: 3 };
    default:
      return { kind: "absent" };
  }
}

/** The settlements that one slot after the other gives, with a hidden block found by its child's word only. */
function reference(chain: ModelChain): Settlement[] {
  const settlements: Settlement[] = [];
  let cursor: Cursor = { ...origin, slot: chain.first - 1 };
  for (const [at, found] of chain.slots) {
    if (found.kind === "empty") continue;
    if (found.kind === "hidden" && !isNamed(chain, at)) continue;
    const settlement =
      found.kind === "broken"
        ? settleFailure(
            cursor,
            { slot: slot(at), status: "failed", reason: "is broken", attempts: 3 },
            linkedRules,
            { proved: true },
          )
        : isLost(chain, at)
          ? settleFailure(
              cursor,
              { slot: slot(at), status: "missing", reason: LOST_REASON, attempts: 1 },
              linkedRules,
              { proved: false },
            )
          : settleBlock(cursor, found.decoded, 1, linkedRules);
    settlements.push(settlement);
    cursor = settlement.cursor;
  }
  return settlements;
}

/** Whether the next block, hidden ones that are found included, can name its parent: one that is broken or lost cannot. */
function isNamed(chain: ModelChain, at: number): boolean {
  for (const [later, found] of chain.slots) {
    if (later <= at || found.kind === "empty") continue;
    if (found.kind === "block") return true;
    return found.kind === "hidden" && !isLost(chain, later) && isNamed(chain, later);
  }
  return false;
}

interface Run {
  readonly settlements: Settlement[];
  readonly saved: Cursor | null;
  readonly entries: SlotEntry[];
  readonly ended: boolean;
}

/** Drives the step with answers in an order that `choose` decides, for at most `maxInputs` inputs. */
function drive(
  chain: ModelChain,
  from: Cursor,
  window: number,
  choose: (n: number) => number,
  maxInputs: number,
): Run {
  let state = initialState(from, { ...settings, window });
  const open: StepCommand[] = [];
  const settlements: Settlement[] = [];
  const entries: SlotEntry[] = [];
  const sent: Slot[] = [];
  const recorded: Slot[] = [];
  const acknowledgedSlots = new Set<number>();
  let saved: Cursor | null = from;
  let ended = false;
  const take = (input: StepInput) => {
    const next = step(state, input);
    state = next.state;
    for (const command of next.commands) {
      if (command.kind === "settled") settlements.push(command.settlement);
      else if (command.kind === "end") ended = true;
      else {
        if (command.kind === "send-trades") sent.push(command.settlement.slot);
        if (command.kind === "send-records") recorded.push(command.settlement.slot);
        open.push(command);
      }
    }
    expect(state.units.filter((unit) => !unit.required).length).toBeLessThanOrEqual(window);
  };
  take({ kind: "start" });
  for (let count = 0; count < maxInputs && open.length > 0; count++) {
    const [command] = open.splice(choose(open.length), 1);
    switch (command?.kind) {
      case "plan": {
        const listed = [...chain.slots].filter(
          ([at, found]) => at > (command.after ?? -1) && (found.kind === "block" || found.kind === "broken"),
        );
        const slots = listed.slice(0, command.limit).map(([at]) => slot(at));
        take({ kind: "planned", slots, ended: slots.length === listed.length });
        break;
      }
      case "fetch":
        take({ kind: "fetched", slot: command.slot, result: answer(chain, command.slot) });
        break;
      case "send-trades":
        take({ kind: "trades-acknowledged", slot: command.settlement.slot });
        break;
      case "send-records":
        acknowledgedSlots.add(command.settlement.slot);
        take({ kind: "records-acknowledged", slot: command.settlement.slot });
        break;
      case "save":
        expect(command.settlements.every((s) => acknowledgedSlots.has(s.slot))).toBe(true);
        expect(command.cursor.slot).toBeGreaterThan(saved?.slot ?? -1);
        saved = command.cursor;
        entries.push(...command.entries);
        take({ kind: "saved" });
        break;
      default:
        break;
    }
  }
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  expect(recorded).toEqual([...recorded].sort((a, b) => a - b));
  return { settlements, saved, entries, ended };
}

describe("laws", () => {
  const windows = fc.integer({ min: 1, max: 6 });
  const choices = fc.infiniteStream(fc.nat());
  const chooser = (stream: Iterator<number>) => (n: number) => (stream.next().value ?? 0) % n;

  test("whatever the order of answers, the settlements are those of one slot after the other", () => {
    fc.assert(
      fc.property(arbitraryChain, windows, choices, (chain, window, stream) => {
        const from = { ...origin, slot: chain.first - 1 };
        const run = drive(chain, from, window, chooser(stream), 100_000);
        const expected = reference(chain);
        expect(run.settlements).toEqual(expected);
        expect(run.ended).toBe(true);
        expect(run.saved).toEqual(expected.at(-1)?.cursor);
        expect(run.entries.map((entry) => entry.slot)).toEqual(
          Array.from({ length: run.entries.length }, (_, index) => chain.first + index),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("a run that is cut off anywhere goes on from its saved cursor with the same settlements", () => {
    fc.assert(
      fc.property(arbitraryChain, windows, choices, fc.nat(120), (chain, window, stream, cut) => {
        const from = { ...origin, slot: chain.first - 1 };
        const choose = chooser(stream);
        const before = drive(chain, from, window, choose, cut);
        const resumed = before.saved ?? from;
        const after = drive(chain, resumed, window, choose, 100_000);
        const expected = reference(chain);
        expect(before.settlements).toEqual(expected.slice(0, before.settlements.length));
        expect(after.settlements).toEqual(expected.filter((settlement) => settlement.slot > resumed.slot));
      }),
      { numRuns: 300 },
    );
  });
});
