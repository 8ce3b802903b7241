import type { Task } from "./task.ts";

/** What a run came to. */
export interface Verdict {
  readonly tasks: number;
  readonly done: number;
  readonly repeated: number;
  readonly dead: number;
}

/**
 * Holds what was done, in its order, and what is dead against what was to be done. Throws for a task that is
 * lost, for one that was given up and does not fail, for one that was done before an earlier one of its key, and
 * for a repetition without a fault.
 */
export function judge(
  tasks: readonly Task[],
  done: readonly number[],
  dead: ReadonlySet<number>,
  mayRepeat: boolean,
): Verdict {
  const settled = new Set(dead);
  const first = new Set<number>();
  const byKey = Map.groupBy(tasks, ({ key }) => key);
  for (const id of done) {
    if (first.has(id)) continue;
    first.add(id);
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
  const repeated = done.length - first.size;
  if (repeated > 0 && !mayRepeat) throw new Error(`${repeated} tasks were done again without any fault`);
  return { tasks: tasks.length, done: first.size, repeated, dead: dead.size };
}
