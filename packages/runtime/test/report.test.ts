import { expect, test } from "vitest";
import { CandlewickError, describeError, ERRORS } from "../src/index.ts";

function systemError(code: string, path?: string): Error {
  return Object.assign(new Error(code), { code, ...(path === undefined ? {} : { path }) });
}

test.each([
  [
    "a user's mistake",
    new CandlewickError(ERRORS.badInput, "x.json is not a block", "Give a block"),
    "candlewick: x.json is not a block. Give a block.",
    1,
  ],
  [
    "a question stays one",
    new CandlewickError(ERRORS.usage, "unknown flag --foo", "Did you mean --food?"),
    "candlewick: unknown flag --foo. Did you mean --food?",
    1,
  ],
  [
    "a peer that is away",
    new CandlewickError(ERRORS.databaseUnreachable, "no answer from postgres://u:p@h/d", "Start it"),
    "candlewick: no answer from postgres://[redacted]@h/d. Start it.",
    75,
  ],
  [
    "a list",
    new CandlewickError(ERRORS.configuration, "2 problems:\n  a\n  b\n", "See the reference"),
    "candlewick: 2 problems:\n  a\n  b\nSee the reference.",
    1,
  ],
  [
    "a full disk",
    systemError("ENOSPC"),
    "candlewick: no space is left for a file. Free some disk space and start again.",
    1,
  ],
])("%s", (_name, error, text, exitCode) => {
  expect(describeError(error)).toEqual({ text, exitCode });
});

test("permission and read-only file systems name the path", () => {
  expect(describeError(systemError("EACCES", "/data")).text).toContain("permission is denied for /data");
  expect(describeError(systemError("EROFS", "/data")).text).toContain("/data is on a read-only");
});

test.each([
  ["an error", new TypeError("x is not a function")],
  ["no error at all", "text"],
  ["a bug of the catalogue", new CandlewickError(ERRORS.bug, "cannot be", "report it")],
])("%s nobody foresaw has a stack and asks to be reported", (_name, error) => {
  const { text, exitCode } = describeError(error);
  expect(exitCode).toBe(70);
  expect(text).toContain("this is a bug in Candlewick");
  expect(text).toContain("Please report it");
});
