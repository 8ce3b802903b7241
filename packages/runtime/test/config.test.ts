import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  CandlewickError,
  type ConfigSource,
  configReference,
  kafkaSchema,
  loadConfig,
  logSchema,
  printConfig,
  variableOf,
  z,
} from "../src/index.ts";

const sections = {
  kafka: kafkaSchema,
  log: logSchema,
  dataflow: z.object({
    group: z.string().min(1).default("data-flow-default-group10").describe("The consumer group"),
    maxBatchRecords: z.int().min(1).max(100_000).default(5_000).describe("Records of a batch at most"),
    dust: z.number().nullable().default(null),
    commit: z.boolean().default(true),
    intervals: z.array(z.string()).default(["1m", "5m"]),
    start: z.union([z.enum(["first", "last"]), z.int().min(0)]).default("first"),
    retry: z.object({ delayMs: z.int().default(100), limits: z.array(z.int()).default([]) }).prefault({}),
    labels: z.record(z.string(), z.string()).default({}),
  }),
};

const folder = mkdtempSync(join(tmpdir(), "candlewick-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

function yaml(text: string): string {
  const file = join(folder, `${Math.abs(hash(text))}.yaml`);
  writeFileSync(file, text);
  return file;
}

function hash(text: string): number {
  return [...text].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) | 0, 7);
}

function problem(source: ConfigSource): string {
  try {
    loadConfig(sections, source);
  } catch (error) {
    if (error instanceof CandlewickError && error.code === "CONFIGURATION") return error.message;
    throw error;
  }
  throw new Error("no problem was found");
}

describe("sources", () => {
  test("nothing given: the defaults", () => {
    const { dataflow, kafka } = loadConfig(sections);
    expect(dataflow).toEqual({
      group: "data-flow-default-group10",
      maxBatchRecords: 5000,
      dust: null,
      commit: true,
      intervals: ["1m", "5m"],
      start: "first",
      retry: { delayMs: 100, limits: [] },
      labels: {},
    });
    expect(kafka.brokers).toEqual(["127.0.0.1:9092"]);
  });

  test("flags go before the environment, the environment before the file", () => {
    const file = yaml("dataflow:\n  group: from-file\n  commit: false\n  maxBatchRecords: 7\n");
    const { dataflow } = loadConfig(sections, {
      file,
      environment: { CANDLEWICK_DATAFLOW__GROUP: "from-env", CANDLEWICK_DATAFLOW__MAX_BATCH_RECORDS: "8" },
      overrides: { dataflow: { maxBatchRecords: 9, group: undefined } },
    });
    expect(dataflow).toMatchObject({ group: "from-env", commit: false, maxBatchRecords: 9 });
  });

  test("an empty file and an empty section are allowed", () => {
    expect(loadConfig(sections, { file: yaml("") }).log.level).toBe("info");
    expect(loadConfig(sections, { file: yaml("# nothing\ndataflow:\n") }).dataflow.commit).toBe(true);
  });
});

describe("environment", () => {
  const cases: [variable: string, text: string, key: string, value: unknown][] = [
    ["CANDLEWICK_DATAFLOW__MAX_BATCH_RECORDS", "12", "maxBatchRecords", 12],
    ["CANDLEWICK_DATAFLOW__MAXBATCHRECORDS", "12", "maxBatchRecords", 12],
    ["CANDLEWICK_dataflow__maxBatchRecords", "1e3", "maxBatchRecords", 1000],
    ["CANDLEWICK_DATAFLOW__DUST", "0.5", "dust", 0.5],
    ["CANDLEWICK_DATAFLOW__DUST", "", "dust", null],
    ["CANDLEWICK_DATAFLOW__COMMIT", "no", "commit", false],
    ["CANDLEWICK_DATAFLOW__COMMIT", "1", "commit", true],
    ["CANDLEWICK_DATAFLOW__GROUP", "42", "group", "42"],
    ["CANDLEWICK_DATAFLOW__INTERVALS", "1m, 1h", "intervals", ["1m", "1h"]],
    ["CANDLEWICK_DATAFLOW__INTERVALS", "", "intervals", []],
    ["CANDLEWICK_DATAFLOW__START", "17", "start", 17],
    ["CANDLEWICK_DATAFLOW__START", "last", "start", "last"],
    ["CANDLEWICK_DATAFLOW__RETRY__DELAY_MS", "5", "retry", { delayMs: 5, limits: [] }],
    ["CANDLEWICK_DATAFLOW__RETRY__LIMITS", "1,2", "retry", { delayMs: 100, limits: [1, 2] }],
    ["CANDLEWICK_DATAFLOW__LABELS__ZONE", "eu", "labels", { zone: "eu" }],
    ["CANDLEWICK_DATAFLOW__LABELS", '{"a":"b"}', "labels", { a: "b" }],
  ];
  test.each(cases)("%s=%s", (variable, text, key, value) => {
    const config: Record<string, unknown> = loadConfig(sections, {
      environment: { [variable]: text },
    }).dataflow;
    expect(config[key]).toEqual(value);
  });

  test("variables without a double underscore are not ours to judge", () => {
    expect(() =>
      loadConfig(sections, { environment: { CANDLEWICK_DATA: "/x", DATAFLOW__X: "y" } }),
    ).not.toThrow();
  });

  test("every key has a variable that sets it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("maxBatchRecords", "group", "dust"),
        fc.integer({ min: 1, max: 99 }),
        (key, n) => {
          const environment = { [variableOf(["dataflow", key])]: String(n) };
          const config: Record<string, unknown> = loadConfig(sections, { environment }).dataflow;
          expect(String(config[key])).toBe(String(n));
        },
      ),
    );
  });
});

describe("problems", () => {
  const cases: [name: string, source: ConfigSource, says: string[]][] = [
    ["unknown section", { file: yaml("dataflw: {}") }, ["dataflw is no section, did you mean dataflow?"]],
    [
      "unknown key",
      { file: yaml("dataflow: {groop: x}") },
      ["dataflow.groop is not a key, did you mean group?"],
    ],
    ["no guess", { file: yaml("log: {zzzzzz: 1}") }, ["log.zzzzzz is not a key, there are level, format"]],
    [
      "nested key",
      { file: yaml("dataflow: {retry: {delay: 1}}") },
      ["dataflow.retry.delay is not", "delayMs"],
    ],
    [
      "wrong type",
      { file: yaml("dataflow: {maxBatchRecords: many}") },
      ["dataflow.maxBatchRecords: expected"],
    ],
    ["range", { file: yaml("dataflow: {maxBatchRecords: 0}") }, ["dataflow.maxBatchRecords: too small"]],
    ["choice", { file: yaml("log: {level: loud}") }, ["log.level: expected one of", "debug", "warn"]],
    ["list item", { file: yaml("kafka: {brokers: [localhost]}") }, ["kafka.brokers.0: expected HOST:PORT"]],
    [
      "required",
      { file: yaml("kafka: {security: {sasl: {username: u}}}") },
      ["kafka.security.sasl.mechanism: expected one of"],
    ],
    ["section of a list", { file: yaml("log: [1]") }, ["log: expected object"]],
    [
      "variable",
      { environment: { CANDLEWICK_DATAFLOW__GROUPE: "x" } },
      ["did you mean CANDLEWICK_DATAFLOW__GROUP?"],
    ],
    [
      "value of a variable",
      { environment: { CANDLEWICK_DATAFLOW__MAX_BATCH_RECORDS: "many" } },
      ["dataflow.maxBatchRecords (from CANDLEWICK_DATAFLOW__MAX_BATCH_RECORDS): expected"],
    ],
    ["not YAML", { file: yaml("log:\n  level: [") }, ["is not YAML"]],
    ["same key twice", { file: yaml("log: {}\nlog: {}") }, ["line 2 is not YAML: Map keys must be unique"]],
    ["no sections", { file: yaml("- a\n- b") }, ["holds no sections"]],
    ["no file", { file: join(folder, "absent.yaml") }, ["absent.yaml cannot be read"]],
  ];
  test.each(cases)("%s", (_name, source, says) => {
    const message = problem(source);
    for (const part of says) expect(message).toContain(part);
  });

  test("all are told at once", () => {
    const message = problem({
      file: yaml("dataflow: {groop: x, maxBatchRecords: -1}\nlog: {level: loud}\nkafka: {brokers: []}"),
      environment: { CANDLEWICK_LOG__FORMAAT: "json" },
    });
    expect(message).toContain("has 5 problems");
    expect(message.trim().split("\n")).toHaveLength(6);
  });
});

test("printing leaves secrets out and keeps the rest", () => {
  const file = yaml("kafka: {security: {sasl: {mechanism: PLAIN, username: me, password: hunter2}}}");
  const config = { ...loadConfig(sections, { file }), database: { url: "postgres://me:hunter2@db:5432/x" } };
  const text = printConfig(config);
  expect(text).not.toContain("hunter2");
  expect(text).toContain("mechanism: PLAIN");
  expect(text).toContain("postgres://[redacted]@db:5432/x");
  expect(text).toContain("maxBatchRecords: 5000");
});

test("the reference names every key with variable, type, default and meaning", () => {
  const page = configReference(sections);
  expect(page).toContain(
    "| `maxBatchRecords`<br>`CANDLEWICK_DATAFLOW__MAX_BATCH_RECORDS` | integer 1..100000 | `5000` | Records of a batch at most |",
  );
  expect(page).toContain("`CANDLEWICK_KAFKA__SECURITY__SASL__PASSWORD`");
  expect(page).toContain(
    "| `security.sasl.password`<br>`CANDLEWICK_KAFKA__SECURITY__SASL__PASSWORD` | string or null | `null` |",
  );
});
