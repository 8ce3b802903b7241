import { describe, expect, it } from "vitest";
import type { Task } from "../../../chaos/delivery/task.ts";
import { judge } from "../../../chaos/delivery/verdict.ts";

const TASKS: readonly Task[] = (["good", "slow", "unknown", "poison", "blocking", "good"] as const).map(
  (nature, id) => ({ id, key: id < 5 ? `k${id}` : "k0", nature, failures: nature === "unknown" ? 4 : 0 }),
);

describe("the judge of experiments with consumers", () => {
  it.each([
    { what: "what was done and given up as it had to be", done: [0, 1, 4, 5], dead: [2, 3] },
    { what: "an unknown failure that passed", done: [0, 1, 2, 4, 5], dead: [3] },
  ])("accepts $what", ({ done, dead }) => {
    const verdict = judge(TASKS, done, new Set(dead), false);
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
    expect(() => judge(TASKS, done, new Set(dead), false)).toThrow(says);
  });
});
