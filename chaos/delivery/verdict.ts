import type { Task } from "./task.ts";

/** What a run came to. */
export interface Verdict {
  readonly tasks: number;
  readonly done: number;
  readonly repeated: number;
  readonly dead: number;
}

/** A task that was done, or written to a retry topic, and when, milliseconds since the epoch. */
export interface Deed {
  readonly id: number;
  readonly atMs: number;
}

/** What became of the tasks of a run, each in its order. */
export interface Outcome {
  readonly done: readonly Deed[];
  readonly dead: ReadonlySet<number>;
  /** What was written to each retry topic: a task that was moved twice is done twice, however much later. */
  readonly moved: readonly (readonly Deed[])[];
}

/** The time in which something was broken, milliseconds since the epoch. */
export interface Fault {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is done so shortly before a fault may not be committed when it begins. */
const UNCOMMITTED_MS = 1_000;
/** So many session timeouts after a fault a member may still lose its partitions for it. */
const AFTERMATH_SESSIONS = 2;

/**
 * Holds what became of tasks against what was to be done. Throws for a task that is
 * lost, for one that was given up and does not fail, for one that was done before an earlier one of its key, and
 * for a repetition, or the move that led to it, that no fault explains.
 */
export function judge(
  tasks: readonly Task[],
  { done, dead, moved }: Outcome,
  faults: readonly Fault[],
  sessionTimeoutMs: number,
): Verdict {
  const isExcused = (firstMs: number, againMs: number): boolean =>
    faults.some((fault) => explains(fault, firstMs, againMs, sessionTimeoutMs));
  const movedAgain = new Set(moved.flatMap((deeds) => repeated(deeds, isExcused)));
  const settled = new Set(dead);
  const first = new Map<number, number>();
  const byKey = Map.groupBy(tasks, ({ key }) => key);
  for (const { id, atMs } of done) {
    const firstMs = first.get(id);
    if (firstMs !== undefined) {
      if (!movedAgain.has(id) && !isExcused(firstMs, atMs))
        throw new Error(`task ${id} was done at ${firstMs} and again at ${atMs} without any fault`);
      continue;
    }
    first.set(id, atMs);
    const key = tasks[id]?.key;
    if (key === undefined) throw new Error(`task ${id} was never given`);
    const skipped = byKey.get(key)?.find((earlier) => earlier.id < id && !settled.has(earlier.id));
    if (skipped !== undefined) throw new Error(`task ${id} of ${key} was done before task ${skipped.id}`);
    settled.add(id);
  }
  for (const id of dead) {
    const nature = tasks[id]?.nature;
    if (nature !== "poison" && nature !== "unknown")
      throw new Error(`task ${id} (${nature ?? "never given"}) was given up`);
  }
  const lost = tasks.filter(({ id }) => !settled.has(id));
  if (lost.length > 0)
    throw new Error(`lost: ${lost.map(({ id, nature }) => `${id} (${nature})`).join(", ")}`);
  return { tasks: tasks.length, done: first.size, repeated: done.length - first.size, dead: dead.size };
}

/** Whether what was done first was not committed because of the fault, and came again because of it. */
function explains(fault: Fault, firstMs: number, againMs: number, sessionTimeoutMs: number): boolean {
  const latestMs = fault.toMs + AFTERMATH_SESSIONS * sessionTimeoutMs;
  return fault.fromMs <= againMs && firstMs >= fault.fromMs - UNCOMMITTED_MS && firstMs <= latestMs;
}

/** The tasks that stand in a retry topic again because of a fault. */
function repeated(
  deeds: readonly Deed[],
  isExcused: (firstMs: number, againMs: number) => boolean,
): number[] {
  const first = new Map<number, number>();
  const found: number[] = [];
  for (const { id, atMs } of deeds) {
    const firstMs = first.get(id);
    if (firstMs === undefined) first.set(id, atMs);
    else if (isExcused(firstMs, atMs)) found.push(id);
  }
  return found;
}
