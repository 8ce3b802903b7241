import { expect } from "vitest";
import type { Ended } from "./process.ts";

/** Lines that `up` prints while it starts and stops, and those of a list that belongs to a complaint. */
const PROGRESS = /^(?: {2}[✓✗…] .*| {2}Stopping;.*)?$/;

/** What a command must have said when it ended because of a mistake that is not its own. */
export interface Complaint {
  /** 1: usage, configuration, input or folder; 75: worth trying again later. */
  readonly code: 1 | 75;
  /** Each must be in it. */
  readonly says: readonly (string | RegExp)[];
}

/**
 * Holds that a command ended with one complaint for a person: the exit code, one `candlewick:` line that
 * says what happened and what to do, and neither a stack trace nor anything on standard output.
 */
export function expectComplaint({ code, stdout, stderr }: Ended, expected: Complaint): void {
  expect(stderr).not.toMatch(/^ {4}at /m);
  expect(stderr).not.toMatch(/bug in Candlewick/);
  const lines = stderr.split("\n").filter((line) => !PROGRESS.test(line));
  const [first = "", ...list] = lines;
  expect(first, stderr).toMatch(/^candlewick: .+/);
  // Several problems are told together, each in a line of its own below.
  expect(
    list.filter((line) => !line.startsWith("  ") && !/^[A-Z].*\.$/.test(line)),
    stderr,
  ).toEqual([]);
  for (const text of expected.says) {
    if (typeof text === "string") expect(lines.join("\n")).toContain(text);
    else expect(lines.join("\n")).toMatch(text);
  }
  // What happened, then what to do, which is a sentence of its own.
  expect(stderr).toMatch(/(?:[.?] |\n)[A-Z][^\n]*\.\n$/);
  expect(stdout).toBe("");
  expect(code, stderr).toBe(expected.code);
}
