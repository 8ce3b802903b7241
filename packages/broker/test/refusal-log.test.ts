import { expect, test, vi } from "vitest";
import { RefusalLog } from "../src/network/refusal-log.ts";
import type { LogLine } from "../src/options.ts";

function noted(...answers: readonly object[]): unknown[] {
  const lines: LogLine[] = [];
  const log = new RefusalLog((line) => lines.push(line), "/10.0.0.1");
  for (const answer of answers) log.note("Fetch", "c", answer);
  return lines.map(({ error }) => error);
}

const partition = (errorCode: number) => ({ partitionIndex: 0, errorCode, records: [Buffer.alloc(3)] });

test.each<[string, object, unknown[]]>([
  ["nothing", { throttleTimeMs: 3, errorCode: 0 }, []],
  ["a code at the top", { errorCode: 29 }, ["TOPIC_AUTHORIZATION_FAILED"]],
  ["a code under another name", { partitionErrorCode: 3 }, ["UNKNOWN_TOPIC_OR_PARTITION"]],
  ["a code that has no name", { errorCode: 9999 }, ["9999"]],
  ["a code that tells the client what to do", { errorCode: 27 }, []],
  ["a number that is none", { count: 29 }, []],
  ["a null before it", { a: null, list: [null, { errorCode: 29 }] }, ["TOPIC_AUTHORIZATION_FAILED"]],
  [
    "the last of many partitions",
    { responses: [{ partitions: [partition(0)] }, { partitions: [partition(0), partition(1)] }] },
    ["OFFSET_OUT_OF_RANGE"],
  ],
])("finds %s", (_name, answer, expected) => {
  expect(noted(answer, answer)).toEqual(expected);
});

test("looks at no more than one of a list of numbers or texts, and makes no list of fields", () => {
  let looks = 0;
  const list = new Proxy([1, 2, 3, 4], {
    get: (target, name) => {
      if (typeof name === "string" && /^\d+$/.test(name)) looks++;
      return Reflect.get(target, name);
    },
  });
  const entries = vi.spyOn(Object, "entries");
  const found = noted({ internalNodes: list, errorCode: 29 });
  const calls = entries.mock.calls.length;
  entries.mockRestore();
  expect(found).toEqual(["TOPIC_AUTHORIZATION_FAILED"]);
  expect(looks).toBe(1);
  expect(calls).toBe(0);
});
