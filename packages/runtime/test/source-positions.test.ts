import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { describeError } from "../src/index.ts";
import { withSourcePositions } from "../src/source-positions.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-positions-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The third line of the built file is the third of the source, from its third character on. */
const MAP = { version: 3, sources: ["../src/broker.ts"], names: [], mappings: ";;AAEE" };
const built = join(folder, "dist", "..", "built.js");
writeFileSync(join(folder, "built.js.map"), JSON.stringify(MAP));
writeFileSync(join(folder, "broken.js.map"), "{");

function stackAt(file: string, position: string): string {
  return `TypeError: x is not a function\n    at start (${pathToFileURL(file).href}:${position})\n    at node:internal/run:1:2`;
}

test("a built file's position becomes that of its source", () => {
  const source = join(folder, "..", "src", "broker.ts");
  expect(withSourcePositions(stackAt(built, "3:1"))).toBe(
    `TypeError: x is not a function\n    at start (${source}:3:3)\n    at node:internal/run:1:2`,
  );
});

test("a bug is reported with it", () => {
  const error = Object.assign(new Error("odd"), { stack: stackAt(built, "3:1") });
  expect(describeError(error).text).toContain("src/broker.ts:3:3");
});

test.each([
  ["without a map", join(folder, "absent.js")],
  ["with a map that is none", join(folder, "broken.js")],
])("a file %s keeps its position", (_name, file) => {
  expect(withSourcePositions(stackAt(file, "3:1"))).toBe(stackAt(file, "3:1"));
});
