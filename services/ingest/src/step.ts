import { type Slot, slot } from "@candlewick/domain";
import type {
  BlockFacts,
  Cursor,
  DecodedBlock,
  ReopenedSlot,
  SlotBlock,
  SlotEntry,
  Verdict,
} from "./ports.ts";
import {
  missingParent,
  parentMismatch,
  type Settlement,
  type SettlementRules,
  settleBlock,
  settleFailure,
} from "./settlement.ts";

/** What became of a slot on its way from the source through the decoder. */
export type SlotResult =
  | { readonly kind: "block"; readonly decoded: DecodedBlock; readonly attempts: number }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly reason: string; readonly attempts: number };

/** Where a slot in hand is. `settled` stages carry what is to be published. */
type Stage =
  | { readonly name: "fetching" }
  | { readonly name: "fetched"; readonly result: SlotResult }
  | { readonly name: "judging"; readonly result: SlotResult }
  | { readonly name: "sending-trades"; readonly settlement: Settlement }
  | { readonly name: "records-due"; readonly settlement: Settlement }
  | { readonly name: "sending-records"; readonly settlement: Settlement }
  | { readonly name: "published"; readonly settlement: Settlement };

interface Unit {
  readonly slot: Slot;
  /** Another block names this slot as its parent: it cannot be empty. */
  readonly required: boolean;
  /** How often it was fetched anew because its block did not follow the one before. */
  readonly refusals: number;
  /** What was found when its block did not follow the one before; undefined: nobody was asked. */
  readonly verdict?: Verdict;
  readonly stage: Stage;
}

export interface StepSettings {
  readonly rules: SettlementRules;
  /** How many slots may be in hand at a time, from fetching to the saved cursor. */
  readonly window: number;
  /** What a block that was given up does: ends ingest, or is recorded as failed and passed over. */
  readonly onBadBlock: "stop" | "skip";
  /** Whether somebody can be asked about blocks that do not follow each other. */
  readonly judged?: boolean;
}

/** The whole state of following a chain. Only `cursor` outlives a crash. */
export interface StepState {
  readonly settings: StepSettings;
  /** As it is saved. */
  readonly cursor: Cursor | null;
  /** The cursor that the last settled unit will leave: what the next one is priced and linked by. */
  readonly settledTo: Cursor | null;
  /** In order of slot: published ones first, then those being sent, then those being fetched. */
  readonly units: readonly Unit[];
  readonly plannedTo: number | null;
  readonly planning: boolean;
  /** How many units at the front the save that is under way covers; 0: none is. */
  readonly saving: number;
  readonly sourceEnded: boolean;
  readonly stopping: boolean;
  readonly bad: BadBlock | null;
  readonly ended: boolean;
}

/** The block that ended ingest. */
export interface BadBlock {
  readonly slot: Slot;
  readonly reason: string;
}

export type StepInput =
  | { readonly kind: "start" }
  | { readonly kind: "planned"; readonly slots: readonly Slot[]; readonly ended: boolean }
  | { readonly kind: "fetched"; readonly slot: Slot; readonly result: SlotResult }
  | { readonly kind: "judged"; readonly slot: Slot; readonly verdict: Verdict }
  | { readonly kind: "trades-acknowledged"; readonly slot: Slot }
  | { readonly kind: "records-acknowledged"; readonly slot: Slot }
  | { readonly kind: "saved" }
  | { readonly kind: "stop" };

export type StepCommand =
  | { readonly kind: "plan"; readonly after: number | null; readonly limit: number }
  /** `soughtBy`: the slot whose block names this one as its parent, where that is why it is fetched. */
  | { readonly kind: "fetch"; readonly slot: Slot; readonly soughtBy: Slot | null }
  | { readonly kind: "judge"; readonly slot: Slot; readonly last: SlotBlock; readonly next: BlockFacts }
  | { readonly kind: "settled"; readonly settlement: Settlement }
  | { readonly kind: "send-trades"; readonly settlement: Settlement }
  | { readonly kind: "send-records"; readonly settlement: Settlement }
  | {
      readonly kind: "save";
      readonly cursor: Cursor;
      readonly entries: readonly SlotEntry[];
      readonly kept: ReadonlyMap<Slot, Cursor>;
      readonly reopened: readonly ReopenedSlot[];
      readonly settlements: readonly Settlement[];
    }
  | { readonly kind: "end"; readonly bad: BadBlock | null };

/**
 * How many parents in a row are looked for before the rest of the way back is left to the ledger: a node
 * that lost a long stretch must not fill the memory with blocks that wait for their parents.
 */
const MAX_PARENTS_SOUGHT = 32;

/** How often a block that may not be the chain's is fetched anew before its slot is left to the ledger as failed. */
const MAX_REFUSALS = 3;
const REFUSED = {
  next: "what is shown of this slot is not what most endpoints say, or names another parent than they do",
  unknown:
    "the block does not follow on the one before, and the endpoints do not agree on which of them is wrong",
} as const;

/** The state at the start, from the cursor as it was saved. */
export function initialState(cursor: Cursor | null, settings: StepSettings): StepState {
  return {
    settings,
    cursor,
    settledTo: cursor,
    units: [],
    plannedTo: cursor?.slot ?? null,
    planning: false,
    saving: 0,
    sourceEnded: false,
    stopping: false,
    bad: null,
    ended: false,
  };
}

/** What follows from an input: the new state, and what is to be done, in this order. */
export function step(state: StepState, input: StepInput): { state: StepState; commands: StepCommand[] } {
  const commands: StepCommand[] = [];
  let next = take(state, input, commands);
  next = settle(next, commands);
  next = sendRecords(next, commands);
  next = save(next, commands);
  next = plan(next, commands);
  next = end(next, commands);
  return { state: next, commands };
}

function take(state: StepState, input: StepInput, commands: StepCommand[]): StepState {
  switch (input.kind) {
    case "start":
      return state;
    case "stop":
      return { ...state, stopping: true };
    case "planned":
      return takePlan(state, input.slots, input.ended, commands);
    case "fetched":
      return moveUnit(state, input.slot, "fetching", () => ({ name: "fetched", result: input.result }));
    case "judged":
      return takeVerdict(state, input.slot, input.verdict, commands);
    case "trades-acknowledged":
      return moveUnit(state, input.slot, "sending-trades", (stage) => ({ ...stage, name: "records-due" }));
    case "records-acknowledged":
      return moveUnit(state, input.slot, "sending-records", (stage) => ({ ...stage, name: "published" }));
    case "saved":
      return takeSaved(state);
    default:
      return input satisfies never;
  }
}

function takePlan(
  state: StepState,
  slots: readonly Slot[],
  ended: boolean,
  commands: StepCommand[],
): StepState {
  if (isEnding(state)) return { ...state, planning: false };
  let plannedTo = state.plannedTo;
  const units: Unit[] = [...state.units];
  for (const slot of slots) {
    if (plannedTo !== null && slot <= plannedTo) {
      throw new RangeError(`slot ${slot} was planned after slot ${plannedTo}`);
    }
    plannedTo = slot;
    commands.push({ kind: "fetch", slot, soughtBy: null });
    units.push({ slot, required: false, refusals: 0, stage: { name: "fetching" } });
  }
  return { ...state, units, plannedTo, planning: false, sourceEnded: ended };
}

/**
 * A new block that is wrong, or that nobody can vouch for, is fetched anew and then left to the ledger: what is
 * published of a block cannot be unsaid, not even its parent. Another one is settled, with what was found.
 */
function takeVerdict(state: StepState, slot: Slot, verdict: Verdict, commands: StepCommand[]): StepState {
  const index = state.units.findIndex((unit) => unit.slot === slot && unit.stage.name === "judging");
  const unit = state.units[index];
  if (unit?.stage.name !== "judging") throw new RangeError(`no slot ${slot} is being judged`);
  const next = judged(state, unit, unit.stage.result, verdict, commands);
  return { ...state, units: state.units.with(index, next) };
}

function judged(
  state: StepState,
  unit: Unit,
  result: SlotResult,
  verdict: Verdict,
  commands: StepCommand[],
): Unit {
  if (verdict === "last" || verdict === "both")
    return { ...unit, verdict, stage: { name: "fetched", result } };
  const refusals = unit.refusals + 1;
  if (refusals > MAX_REFUSALS) {
    const failed: SlotResult = { kind: "failed", reason: REFUSED[verdict], attempts: refusals };
    return { ...unit, stage: { name: "fetched", result: failed } };
  }
  if (!isEnding(state)) commands.push({ kind: "fetch", slot: unit.slot, soughtBy: null });
  return { ...unit, refusals, stage: { name: "fetching" } };
}

function takeSaved(state: StepState): StepState {
  const last = state.units[state.saving - 1];
  if (last?.stage.name !== "published") throw new RangeError("a cursor was saved that was not asked for");
  return {
    ...state,
    cursor: last.stage.settlement.cursor,
    units: state.units.slice(state.saving),
    saving: 0,
  };
}

function moveUnit<From extends Stage["name"]>(
  state: StepState,
  slot: Slot,
  from: From,
  to: (stage: Extract<Stage, { name: From }>) => Stage,
): StepState {
  const index = state.units.findIndex((unit) => unit.slot === slot && unit.stage.name === from);
  const unit = state.units[index];
  if (unit === undefined) throw new RangeError(`no slot ${slot} is in stage ${from}`);
  const stage = to(unit.stage as Extract<Stage, { name: From }>);
  return { ...state, units: state.units.with(index, { ...unit, stage }) };
}

/** Settles fetched slots, in order of slot, as far as they go. */
function settle(state: StepState, commands: StepCommand[]): StepState {
  let next = state;
  while (!next.stopping && next.bad === null) {
    const index = next.units.findIndex(isUnsettled);
    const unit = next.units[index];
    if (unit?.stage.name !== "fetched") return next;
    next = settleUnit(next, index, unit, unit.stage.result, commands);
  }
  return next;
}

function settleUnit(
  state: StepState,
  index: number,
  unit: Unit,
  result: SlotResult,
  commands: StepCommand[],
): StepState {
  const { rules, onBadBlock } = state.settings;
  const { slot } = unit;
  const proved = !unit.required;
  if (result.kind === "absent") {
    // An empty slot is settled with the next block, whose parent proves that there was nothing in between.
    if (!unit.required) return { ...state, units: state.units.toSpliced(index, 1) };
    const reason = "the next block names this slot as its parent, but the source has no block for it";
    return place(
      state,
      index,
      settleFailure(state.settledTo, { slot, status: "missing", reason, attempts: 1 }, rules, { proved }),
      commands,
    );
  }
  if (result.kind === "failed") {
    if (onBadBlock === "stop") return { ...state, bad: { slot, reason: result.reason } };
    const { reason, attempts } = result;
    return place(
      state,
      index,
      settleFailure(state.settledTo, { slot, status: "failed", reason, attempts }, rules, { proved }),
      commands,
    );
  }
  const parent = missingParent(state.settledTo, result.decoded.block, rules);
  if (parent !== null) return seekParent(state, index, parent, slot, commands);
  const mismatch = parentMismatch(state.settledTo, result.decoded.block);
  // A block after one of which nothing is known is asked about too: no link shows that it is the chain's.
  const doubtful = mismatch !== null || (state.settledTo !== null && state.settledTo.blockId === null);
  if (doubtful && state.settings.judged === true && unit.verdict === undefined) {
    return judge(state, index, unit, result, commands);
  }
  const disputed =
    unit.verdict === "last" && mismatch !== null ? disputedSlot(state.settledTo, mismatch) : null;
  return place(
    state,
    index,
    settleBlock(state.settledTo, result.decoded, result.attempts, rules, disputed),
    commands,
  );
}

/** Asks which of two blocks is wrong. What comes after waits. */
function judge(
  state: StepState,
  index: number,
  unit: Unit,
  result: Extract<SlotResult, { kind: "block" }>,
  commands: StepCommand[],
): StepState {
  const last = state.settledTo;
  if (last === null) throw new RangeError("a first block follows on nothing");
  const next = result.decoded.block;
  commands.push({ kind: "judge", slot: unit.slot, last: { slot: last.slot, id: last.blockId }, next });
  return { ...state, units: state.units.with(index, { ...unit, stage: { name: "judging", result } }) };
}

function disputedSlot(last: Cursor | null, reason: string): ReopenedSlot | null {
  return last === null ? null : { slot: last.slot, blockId: last.blockId, reason };
}

/** Puts the slot of a parent that was taken for empty before the block that names it. */
function seekParent(
  state: StepState,
  index: number,
  parent: Slot,
  soughtBy: Slot,
  commands: StepCommand[],
): StepState {
  const sought = state.units.filter((unit) => unit.required && isUnsettled(unit)).length;
  if (sought < MAX_PARENTS_SOUGHT) {
    commands.push({ kind: "fetch", slot: parent, soughtBy });
    const unit: Unit = { slot: parent, required: true, refusals: 0, stage: { name: "fetching" } };
    return { ...state, units: state.units.toSpliced(index, 0, unit) };
  }
  const result: SlotResult = { kind: "absent" };
  const unit: Unit = { slot: parent, required: true, refusals: 0, stage: { name: "fetched", result } };
  return { ...state, units: state.units.toSpliced(index, 0, unit) };
}

function place(state: StepState, index: number, settlement: Settlement, commands: StepCommand[]): StepState {
  const unit = state.units[index];
  if (unit === undefined) throw new RangeError(`no unit ${index}`);
  commands.push({ kind: "settled", settlement });
  const silent = settlement.trades.length === 0;
  if (!silent) commands.push({ kind: "send-trades", settlement });
  const stage: Stage = { name: silent ? "records-due" : "sending-trades", settlement };
  return {
    ...state,
    settledTo: settlement.cursor,
    units: state.units.with(index, { ...unit, stage }),
  };
}

/** Sends records whose trades are acknowledged, each after that of the slot before: topics are in order of slot. */
function sendRecords(state: StepState, commands: StepCommand[]): StepState {
  const units: Unit[] = [];
  let inOrder = true;
  for (const unit of state.units) {
    if (inOrder && unit.stage.name === "records-due") {
      const { settlement } = unit.stage;
      commands.push({ kind: "send-records", settlement });
      units.push({ ...unit, stage: { name: "sending-records", settlement } });
    } else {
      inOrder &&= unit.stage.name === "sending-records" || unit.stage.name === "published";
      units.push(unit);
    }
  }
  return { ...state, units };
}

/** Moves the cursor over what is acknowledged without a gap, one save at a time. */
function save(state: StepState, commands: StepCommand[]): StepState {
  if (state.saving > 0) return state;
  const settlements: Settlement[] = [];
  for (const { stage } of state.units) {
    if (stage.name !== "published") break;
    settlements.push(stage.settlement);
  }
  const last = settlements.at(-1);
  if (last === undefined) return state;
  const kept = new Map<Slot, Cursor>();
  for (const settlement of settlements) {
    if (settlement.kept === null) continue;
    kept.set(settlement.slot, settlement.kept);
    const [first] = settlement.entries;
    if (first?.status === "missing") kept.set(slot(first.slot), settlement.kept);
  }
  const entries = settlements.flatMap((settlement) => settlement.entries);
  const reopened = settlements.flatMap(({ disputed }) => (disputed === null ? [] : [disputed]));
  commands.push({ kind: "save", cursor: last.cursor, entries, kept, reopened, settlements });
  return { ...state, saving: settlements.length };
}

function plan(state: StepState, commands: StepCommand[]): StepState {
  const limit = state.settings.window - state.units.length;
  if (state.planning || state.sourceEnded || isEnding(state) || limit <= 0) return state;
  commands.push({ kind: "plan", after: state.plannedTo, limit });
  return { ...state, planning: true };
}

function end(state: StepState, commands: StepCommand[]): StepState {
  if (state.ended || state.saving > 0) return state;
  const over = isEnding(state)
    ? state.units.every(isUnsettled)
    : state.sourceEnded && state.units.length === 0;
  if (!over) return state;
  commands.push({ kind: "end", bad: state.bad });
  return { ...state, ended: true };
}

function isEnding(state: StepState): boolean {
  return state.stopping || state.bad !== null;
}

function isUnsettled(unit: Unit): boolean {
  const { name } = unit.stage;
  return name === "fetching" || name === "fetched" || name === "judging";
}
