import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Slot } from "@candlewick/domain";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDecoder } from "../src/main.ts";
import { IngestRun, type RunSettings } from "../src/run.ts";
import { openReplay } from "../src/sources/replay.ts";
import { sparseRules } from "./chain-model.ts";
import { emptyBlock } from "./local-node.ts";
import { JumpingClock, MemoryLedger, MemoryLog, MemoryLogger, memoryPorts } from "./memory-ports.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "candlewick-replay-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const decoders = { loop: openDecoder(0), thread: openDecoder(1) };
afterAll(() => decoders.thread.close());
type Where = keyof typeof decoders;
const WHERE: readonly Where[] = ["loop", "thread"];

async function put(name: string, content: string | Buffer | object): Promise<void> {
  const bytes = typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content);
  await writeFile(
    join(folder, name),
    name.endsWith(".gz") && !Buffer.isBuffer(bytes) ? gzipSync(bytes) : bytes,
  );
}

const settings: RunSettings = {
  rules: sparseRules,
  window: 3,
  onBadBlock: "stop",
  cursorName: "replay",
  format: {},
  late: { when: "once", everyMs: 1_000, perRound: 1_000 },
};

async function replay(
  changed: {
    ledger?: MemoryLedger;
    recursive?: boolean;
    paths?: string[];
    maxBlockBytes?: number;
    where?: Where;
  } & Partial<RunSettings> = {},
) {
  const {
    ledger = new MemoryLedger(),
    recursive = false,
    paths = [folder],
    where = "loop",
    ...rest
  } = changed;
  const { maxBlockBytes = 10_000_000 } = changed;
  const log = new MemoryLog();
  const logger = new MemoryLogger();
  const source = await openReplay({ paths, recursive, maxBlockBytes, logger });
  const ports = memoryPorts(
    { first: 0, slots: new Map() },
    {
      source,
      decode: decoders[where].decode,
      publisher: log,
      ledger,
      logger,
    },
  );
  const run = new IngestRun(ports, { ...settings, ...rest });
  await run.start();
  const error = await run.done.then(
    () => null,
    (reason: unknown) => reason,
  );
  const slots = log.messages.filter(({ topic }) => topic === "sol-blocks").map(({ key }) => Number(key));
  return { error, slots, log, logger, ledger };
}

describe("recorded blocks", () => {
  test.each(WHERE)("read in the %s are published by slot, and ingest ends by itself", async (where) => {
    await put("1000.getBlock.json.gz", emptyBlock(1000, 999));
    await put("9.json", emptyBlock(9, 8));
    await put("200.json.gz", emptyBlock(200, 199));
    await put("77.getBlock.json", { jsonrpc: "2.0", id: 1, result: emptyBlock(77, 76) });
    const { error, slots, ledger, logger } = await replay({ where });
    expect(error).toBeNull();
    expect(slots).toEqual([9, 77, 200, 1000]);
    expect(ledger.cursors.get("replay")?.slot).toBe(1000);
    expect([...ledger.slots.values()].every((entry) => entry.status === "processed")).toBe(true);
    expect(logger.at("error")).toEqual([]);
  });

  test("of a folder are those named like blocks; the rest is named once", async () => {
    await put("5.json", emptyBlock(5, 4));
    await put("5.expected.csv", "a,b");
    await put("notes.json", "{}");
    await mkdir(join(folder, "legacy"));
    await put("legacy/3.json", emptyBlock(3, 2));
    await symlink(join(folder, "5.json"), join(folder, "6.json"));
    const { slots, logger } = await replay();
    expect(slots).toEqual([5, 6]);
    const [line] = logger.lines.filter(({ message }) => message.includes("ignored"));
    expect(line?.message).toBe("3 entries are not named like blocks and are ignored");
    expect(new Set(line?.fields.ignored as string[])).toEqual(
      new Set(["5.expected.csv", "legacy/", "notes.json"].map((name) => join(folder, name))),
    );
    expect((await replay({ recursive: true })).slots).toEqual([3, 5, 6]);
  });

  test("go on after the cursor", async () => {
    await put("5.json", emptyBlock(5, 4));
    await put("6.json", emptyBlock(6, 5));
    const { ledger } = await replay();
    await put("7.json", emptyBlock(7, 6));
    const again = await replay({ ledger });
    expect(again.slots).toEqual([7]);
    expect(again.logger.at("info")).toContain("2 of 3 recorded blocks were published before");
    expect((await replay({ ledger })).slots).toEqual([]);
  });

  test("with null block time are published without trades", async () => {
    await put("5.json", { ...emptyBlock(5, 4), blockTime: null, blockHeight: null });
    const { error, log } = await replay();
    expect(error).toBeNull();
    expect(JSON.parse(String(log.messages[0]?.value))).toMatchObject({ block_time: null, trade_count: 0 });
  });
});

const bad: [string, string, string | Buffer | object, RegExp][] = [
  ["truncated JSON", "5.json", JSON.stringify(emptyBlock(5, 4)).slice(0, 100), /./],
  ["no JSON", "5.json", "<html>", /./],
  ["an empty file", "5.json", "", /./],
  ["another JSON", "5.json", { hello: "world" }, /./],
  ["a list", "5.json", "[]", /./],
  ["a node's error", "5.json", { jsonrpc: "2.0", error: { code: -32007, message: "skipped" }, id: 1 }, /./],
  ["no gzip", "5.json.gz", Buffer.from("plain"), /it is no whole gzip file/],
  [
    "truncated gzip",
    "5.json.gz",
    gzipSync(JSON.stringify(emptyBlock(5, 4))).subarray(0, 80),
    /ends too early/,
  ],
  ["too large a file", "5.json.gz", gzipSync("x".repeat(20_000_000)), /too large/],
  ["too large a file of zstd", "5.json.zst", zstdCompressSync("x".repeat(20_000_000)), /too large/],
  ["too large a file as it is", "5.json", "x".repeat(10_000_001), /10000001 bytes and at most 10000000/],
  ["truncated zstd", "5.json.zst", zstdCompressSync(JSON.stringify(emptyBlock(5, 4))).subarray(0, 40), /./],
  ["zstd of one byte", "5.json.zst", Buffer.from([0x28]), /no whole zstd file/],
  ["zstd without a frame", "5.json.zst", Buffer.alloc(40, 7), /its data are damaged/],
];

describe("a file that is no block", () => {
  const cases = WHERE.flatMap((where) => bad.map((one) => [where, ...one] as const));
  test.each(cases)("read in the %s: %s stops with one sentence that names it", async (...one) => {
    const [where, , file, content, reason] = one;
    await put("4.json", emptyBlock(4, 3));
    await put(file, content);
    await put("6.json", emptyBlock(6, 5));
    const { error, slots, ledger, logger } = await replay({ where });
    expect(logger.at("error")).toEqual([]);
    expect(error).toMatchObject({ code: "BAD_INPUT", exitCode: 1, message: expect.stringMatching(reason) });
    const { message } = error as Error;
    expect(message.startsWith(`${join(folder, file)} is not a block of slot 5: `)).toBe(true);
    expect(message).not.toMatch(/\n|\.\.$/);
    expect(slots).toEqual([4]);
    expect(ledger.cursors.get("replay")?.slot).toBe(4);
  });

  test.each(bad)("%s is recorded and passed over where that is wanted", async (_name, file, content) => {
    await put("4.json", emptyBlock(4, 3));
    await put(file, content);
    await put("6.json", emptyBlock(6, 5));
    const { error, log, ledger, logger } = await replay({ onBadBlock: "skip" });
    expect(error).toBeNull();
    const records = log.messages.map(({ value }) => JSON.parse(String(value)));
    expect(records.map((record) => [record.slot, record.status])).toEqual([
      [4, "confirmed"],
      [5, "failed"],
      [6, "confirmed"],
    ]);
    expect(ledger.slots.get(5)).toMatchObject({
      status: "failed",
      attempts: 1,
      reason: expect.stringMatching(/./),
    });
    expect(logger.at("error")).toHaveLength(1);
  });

  test("is published by a later run that finds it mended", async () => {
    await put("4.json", emptyBlock(4, 3));
    await put("5.json", "broken");
    await put("6.json", emptyBlock(6, 5));
    const { ledger } = await replay({ onBadBlock: "skip" });
    await put("5.json", emptyBlock(5, 4));
    expect((await replay({ ledger })).slots).toEqual([5]);
    expect(ledger.slots.get(5)?.status).toBe("processed");
    expect((await replay({ ledger })).slots).toEqual([]);
  });
});

describe("nothing to replay is one sentence", () => {
  test.each([
    [
      "a folder that is absent",
      () => [join(folder, "nowhere")],
      /nowhere cannot be read \(it does not exist\)/,
    ],
    ["a folder without blocks", () => [folder], /There is no block file in/],
    ["a file without a slot", () => [join(folder, "block.json")], /does not tell a slot/],
    [
      "two files of one slot",
      () => [join(folder, "8.json"), join(folder, "8.getBlock.json")],
      /are both of slot 8/,
    ],
  ])("%s", async (_name, paths, what) => {
    for (const name of ["block.json", ...(paths().length > 1 ? ["8.json", "8.getBlock.json"] : [])])
      await put(name, "{}");
    const error = await openReplay({
      paths: paths(),
      recursive: false,
      maxBlockBytes: 1_000,
      logger: new MemoryLogger(),
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "BAD_INPUT", message: expect.stringMatching(what) });
  });
});

describe("what recorded blocks may be", () => {
  test("compressed with zstd, and named by a pattern", async () => {
    await put("20.getBlock.json.zst", zstdCompressSync(JSON.stringify(emptyBlock(20, 19))));
    await put("21.json.gz", emptyBlock(21, 20));
    await put("22.json", emptyBlock(22, 21));
    await put("notes.json", "{}");
    expect((await replay()).slots).toEqual([20, 21, 22]);
    expect((await replay({ paths: [join(folder, "2[01].*")] })).slots).toEqual([20, 21]);
    await expect(replay({ paths: [join(folder, "3*.json")] })).rejects.toThrow(/no block file/);
  });

  test("a zstd file that is damaged ends ingest with its name", async () => {
    await put("20.json.zst", zstdCompressSync(JSON.stringify(emptyBlock(20, 19))).subarray(0, 40));
    const { error } = await replay();
    expect(String(error)).toMatch(/20\.json\.zst is not a block of slot 20: it is no whole zstd file/);
  });

  test.each([
    ["recorded", 4_000],
    ["10x", 400],
    ["max", 0],
  ])("the pace %s takes %i ms for four seconds", async (pace, ms) => {
    for (let at = 20; at < 25; at++) {
      await put(`${at}.json`, { blockTime: 1_700_000_000 + at, ...emptyBlock(at, at - 1) });
    }
    const clock = new JumpingClock();
    const source = await openReplay({
      paths: [folder],
      recursive: false,
      maxBlockBytes: 1_000_000,
      logger: new MemoryLogger(),
      pace,
      clock,
    });
    for (let at = 20; at < 25; at++) await source.fetch(at as Slot, new AbortController().signal);
    expect(clock.monotonic()).toBe(ms);
  });
});
