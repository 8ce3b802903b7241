import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { assertSurvival } from "../../../chaos/fuzz/broker.ts";

const FOLDER = fileURLToPath(new URL("../../../", import.meta.url));

/** How a long run ends that is started like this. */
async function run(script: string, args: readonly string[]): Promise<{ code: unknown; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: unknown; stderr: string }>();
  const command = ["--conditions=candlewick-src", `chaos/${script}`, ...args];
  execFile(process.execPath, command, { cwd: FOLDER }, (error, _stdout, stderr) =>
    resolve({ code: error?.code ?? 0, stderr }),
  );
  return await promise;
}

const COUNT = "a positive whole number";

test.each([
  ["main.ts", ["broker", "--crashes", "abc"], `--crashes takes ${COUNT}, not "abc".`],
  ["main.ts", ["broker", "--crashes", "0"], `--crashes takes ${COUNT}, not "0".`],
  ["main.ts", ["broker", "--crashes", "25", "--kills", "1e9"], "--kills takes a whole number from 0 on"],
  ["main.ts", ["broker", "--crashes", "25", "--kills", "26"], "--kills cannot be more than the 25 crashes."],
  ["fuzz/main.ts", ["broker", "--requests", "abc"], `--requests takes ${COUNT}, not "abc".`],
  [
    "fuzz/main.ts",
    ["broker", "--requests", "1", "--seed", ""],
    '--seed takes a whole number from 0 on, not "".',
  ],
  ["fuzz/main.ts", ["decode", "--cases", "1.5"], `--cases takes ${COUNT}, not "1.5".`],
  [
    "fuzz/main.ts",
    ["decode", "--cases", "1", "--first", "x"],
    '--first takes a whole number from 0 on, not "x".',
  ],
])("%s %j is refused in one sentence, and nothing has run", async (script, args, sentence) => {
  const { code, stderr } = await run(script, args);
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("a run of which hardly a request got through has shown nothing", () => {
  assertSurvival(25, 100);
  expect(() => assertSurvival(24, 100)).toThrow("only 24 connections survived 100 requests");
});
