import { describe, expect, test } from "vitest";
import { readJavaDouble } from "../src/configuration/java-double.ts";
import { javaHash } from "../src/configuration/java-hash.ts";

describe("a number is read as Java's Double.parseDouble reads it", () => {
  test.each([
    ["0.5", 0.5],
    [" 1. ", 1],
    [".5", 0.5],
    ["-1e-1", -0.1],
    ["1d", 1],
    ["5e-1F", 0.5],
    ["0x1p-1", 0.5],
    ["-0x.8p1", -1],
    ["0xA.8p0", 10.5],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["NaN", Number.NaN],
    ["1e400", Number.POSITIVE_INFINITY],
    ["", undefined],
    [".", undefined],
    ["0x1", undefined],
    ["0xp1", undefined],
    ["1_000", undefined],
    ["infinity", undefined],
    ["1 2", undefined],
  ])("'%s' is %s", (text, value) => {
    expect(readJavaDouble(text)).toEqual(value);
  });
});

test.each([
  ["", 0],
  ["a", 97],
  ["hello", 99_162_322],
  ["polygenelubricants", -2_147_483_648],
])("the hash of '%s' is Java's", (text, hash) => {
  expect(javaHash(text)).toBe(hash);
});
