import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** The bin is JavaScript for older Nodes, without types. */
interface BuildRecord {
  isBuildFresh(root: string, dist: string): boolean;
  recordBuild(build: {
    root: string;
    dist: string;
    inputs: readonly string[];
    outputs: readonly string[];
    startedMs: number;
  }): boolean;
}

const { isBuildFresh, recordBuild }: BuildRecord = await import(
  pathToFileURL(join(import.meta.dirname, "..", "bin", "build-record.js")).href
);

/** When the sources were written, in seconds: long before the build. */
const WRITTEN_S = 1_700_000_000;
const STARTED_MS = (WRITTEN_S + 60) * 1000;

let root = "";
let dist = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "candlewick-build-"));
  dist = join(root, "dist");
  mkdirSync(dist);
  for (const file of ["a.ts", "b.ts"]) writeSource(file, file, WRITTEN_S);
});
afterEach(() => rmSync(root, { recursive: true }));

function writeSource(file: string, content: string, writtenS: number): void {
  writeFileSync(join(root, file), content);
  utimesSync(join(root, file), writtenS, writtenS);
}

function build(outputs: readonly string[]): boolean {
  for (const file of outputs) writeFileSync(join(dist, file), "");
  return recordBuild({ root, dist, inputs: ["a.ts", "b.ts"], outputs, startedMs: STARTED_MS });
}

describe("a build", () => {
  test("is fresh while its sources are as they were", () => {
    expect(isBuildFresh(root, dist)).toBe(false);
    expect(build(["main.js"])).toBe(true);
    expect(isBuildFresh(root, dist)).toBe(true);
  });

  test.each([
    ["changed", () => writeSource("b.ts", "c.ts", WRITTEN_S + 1)],
    ["made longer within one tick of the clock", () => writeSource("b.ts", "longer", WRITTEN_S)],
    ["put back to an older one", () => writeSource("b.ts", "b.ts", WRITTEN_S - 1)],
    ["taken away", () => rmSync(join(root, "b.ts"))],
  ])("is not once a source was %s", (_name, change) => {
    build(["main.js"]);
    change();
    expect(isBuildFresh(root, dist)).toBe(false);
  });

  test("during which a source was changed is none", () => {
    writeSource("a.ts", "changed", STARTED_MS / 1000 + 1);
    expect(build(["main.js"])).toBe(false);
    expect(isBuildFresh(root, dist)).toBe(false);
  });

  test("whose record was cut short is none", () => {
    build(["main.js"]);
    writeFileSync(join(dist, "build.json"), '{"inputs":[');
    expect(isBuildFresh(root, dist)).toBe(false);
  });

  test("leaves the files of the one before to those who run them, and no older ones", () => {
    build(["main.js", "first.js"]);
    build(["main.js", "second.js"]);
    expect(readdirSync(dist).sort()).toEqual(["build.json", "first.js", "main.js", "second.js"]);
    build(["main.js", "third.js"]);
    expect(readdirSync(dist).sort()).toEqual(["build.json", "main.js", "second.js", "third.js"]);
  });
});
