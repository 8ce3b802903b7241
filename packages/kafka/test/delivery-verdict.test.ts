import { describe, expect, it } from "vitest";
import type { Task } from "../../../chaos/delivery/task.ts";
import { type Deed, judge } from "../../../chaos/delivery/verdict.ts";

const TASKS: readonly Task[] = (["good", "slow", "unknown", "poison", "blocking", "good"] as const).map(
  (nature, id) => ({ id, key: id < 5 ? `k${id}` : "k0", nature, failures: nature === "unknown" ? 4 : 0 }),
);

/** One after the other, a millisecond apart. */
function deeds(done: readonly number[]): Deed[] {
  return done.map((id, index) => ({ id, atMs: 100_000 + index }));
}

describe("the judge of experiments with consumers", () => {
  it.each([
    { what: "what was done and given up as it had to be", done: [0, 1, 4, 5], dead: [2, 3] },
    { what: "an unknown failure that passed", done: [0, 1, 2, 4, 5], dead: [3] },
  ])("accepts $what", ({ done, dead }) => {
    const verdict = judge(TASKS, { done: deeds(done), dead: new Set(dead), moved: [] }, [], 2_000);
    expect(verdict).toEqual({ tasks: 6, done: done.length, repeated: 0, dead: dead.length });
  });

  it.each([
    { what: "a lost task", done: [0, 1, 4], dead: [2, 3], says: "lost: 5" },
    { what: "a key out of order", done: [5, 0, 1, 4], dead: [2, 3], says: "done before task 0" },
    { what: "a good task that was given up", done: [1, 4, 5], dead: [0, 2, 3], says: "task 0 (good)" },
    { what: "a slow one", done: [0, 4, 5], dead: [1, 2, 3], says: "task 1 (slow) was given up" },
    { what: "a blocking one", done: [0, 1, 5], dead: [2, 3, 4], says: "task 4 (blocking) was given up" },
    { what: "all of them", done: [], dead: [0, 1, 2, 3, 4, 5], says: "was given up" },
    { what: "a task that nobody gave", done: [0, 1, 4, 5], dead: [2, 3, 9], says: "task 9" },
    { what: "a repetition without a fault", done: [0, 0, 1, 4, 5], dead: [2, 3], says: "without any fault" },
  ])("refuses $what", ({ done, dead, says }) => {
    const outcome = { done: deeds(done), dead: new Set(dead), moved: [] };
    expect(() => judge(TASKS, outcome, [], 2_000)).toThrow(says);
  });

  it.each([
    { what: "shortly before a fault, again in it", firstMs: 99_100, againMs: 100_400, isExcused: true },
    { what: "in a fault, again long after it", firstMs: 100_400, againMs: 130_000, isExcused: true },
    { what: "while members still lose sessions for it", firstMs: 104_400, againMs: 104_900, isExcused: true },
    { what: "long before a fault, again after it", firstMs: 98_900, againMs: 101_000, isExcused: false },
    { what: "before a fault, again before it", firstMs: 99_500, againMs: 99_900, isExcused: false },
    { what: "long after a fault", firstMs: 104_600, againMs: 104_900, isExcused: false },
  ])("excuses a repetition near a fault only: first done $what", ({ firstMs, againMs, isExcused }) => {
    const fault = { fromMs: 100_000, toMs: 100_500 };
    const far = { fromMs: 10_000, toMs: 10_500 };
    const others = deeds([1, 4, 5]).map(({ id }) => ({ id, atMs: 200_000 }));
    const done = [{ id: 0, atMs: firstMs }, { id: 0, atMs: againMs }, ...others];
    const verdict = () => judge(TASKS, { done, dead: new Set([2, 3]), moved: [] }, [far, fault], 2_000);
    if (isExcused) expect(verdict()).toMatchObject({ repeated: 1, done: 4 });
    else expect(verdict).toThrow(`task 0 was done at ${firstMs} and again at ${againMs}`);
  });

  it.each([
    { what: "was moved again in the fault", movedMs: [99_900, 100_300], isExcused: true },
    { what: "was moved once", movedMs: [100_300], isExcused: false },
    { what: "was moved again without a fault", movedMs: [90_000, 90_400], isExcused: false },
  ])("excuses what is done twice long after a fault if it $what", ({ movedMs, isExcused }) => {
    const fault = { fromMs: 100_000, toMs: 100_500 };
    const moved = [[], movedMs.map((atMs) => ({ id: 0, atMs }))];
    const done = [0, 0, 1, 4, 5].map((id, index) => ({ id, atMs: 200_000 + index }));
    const verdict = () => judge(TASKS, { done, dead: new Set([2, 3]), moved }, [fault], 2_000);
    if (isExcused) expect(verdict()).toMatchObject({ repeated: 1, done: 4 });
    else expect(verdict).toThrow("without any fault");
  });
});
