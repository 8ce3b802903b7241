import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { configReference } from "@candlewick/runtime";
import { expect, test } from "vitest";
import { readConfig, SECTIONS } from "../src/configuration.ts";

const PAGE = fileURLToPath(new URL("../../../docs/configuration.md", import.meta.url));

test("the reference page is up to date (npx candlewick config reference > docs/configuration.md)", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(configReference(SECTIONS));
});

test("every key has a meaning and, where it is not required, a default", () => {
  const rows = configReference(SECTIONS)
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(40);
  for (const row of rows) {
    const [, key = "", type, standard, meaning] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
    expect({ key, told: meaning !== "", typed: type !== "" && type !== "any" }).toEqual({
      key,
      told: true,
      typed: true,
    });
    // Keys of a group that may be absent have none of their own.
    if (!key.includes("sasl.")) expect({ key, standard: standard !== "" }).toEqual({ key, standard: true });
  }
});

test("the defaults are a whole configuration", () => {
  const { CANDLEWICK_DATA: _, ...rest } = process.env;
  expect(Object.keys(rest).filter((name) => /^CANDLEWICK_.*__/.test(name))).toEqual([]);
  expect(readConfig()).toMatchObject({
    chain: { name: "solana" },
    dataflow: { group: "data-flow-default-group10" },
  });
});
