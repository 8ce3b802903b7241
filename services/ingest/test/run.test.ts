import { CandlewickError, ERRORS } from "@candlewick/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keptCursorName } from "../src/late.ts";
import type { IngestPorts, Ledger, Publisher } from "../src/ports.ts";
import { IngestRun, type RunSettings } from "../src/run.ts";
import { arbitraryChain, blockAt, linkedRules, type ModelChain, type ModelSlot } from "./chain-model.ts";
import {
  lineOf,
  MemoryLedger,
  MemoryLog,
  MemoryLogger,
  ModelSource,
  memoryPorts,
  YEAR_MS,
} from "./memory-ports.ts";

const settings: RunSettings = {
  rules: linkedRules,
  window: 4,
  onBadBlock: "skip",
  cursorName: "model",
  format: { maxMessageBytes: 1_500 },
  late: { when: "once", everyMs: 1_000, perRound: 100 },
};

async function run(ports: IngestPorts, changed: Partial<RunSettings> = {}): Promise<void> {
  const ingest = new IngestRun(ports, { ...settings, ...changed });
  await ingest.start();
  await ingest.done;
}

function chainOf(slots: readonly (readonly [number, ModelSlot])[]): ModelChain {
  return { first: slots[0]?.[0] ?? 0, slots: new Map(slots) };
}

function plainChain(count: number): ModelChain {
  return chainOf(
    Array.from({ length: count }, (_, index) => {
      const at = 100 + index;
      const dollars = index % 3 === 0 ? 100 + index : null;
      return [at, { kind: "block", decoded: blockAt(at, at - 1, { swaps: 2, dollars }) }] as const;
    }),
  );
}

/** Counts the calls of ports that reach outside, and fails the one with that number, before or after its effect. */
function crashing(
  publisher: Publisher,
  ledger: Ledger,
  crashAt: number,
  when: "before" | "after",
): { publisher: Publisher; ledger: Ledger; calls: () => number } {
  let calls = 0;
  const guarded = async <Result>(action: () => Promise<Result>): Promise<Result> => {
    calls += 1;
    const crash = calls === crashAt;
    // A crashed process does nothing any more.
    if (calls > crashAt || (crash && when === "before")) throw new Error("crash");
    const result = await action();
    if (crash) throw new Error("crash");
    return result;
  };
  return {
    publisher: { send: (message) => guarded(() => publisher.send(message)) },
    ledger: {
      cursor: (name) => guarded(() => ledger.cursor(name)),
      saveCursor: (name, cursor) => guarded(() => ledger.saveCursor(name, cursor)),
      keepCursor: (name, cursor) => guarded(() => ledger.keepCursor(name, cursor)),
      recordSlots: (chain, entries) => guarded(() => ledger.recordSlots(chain, entries)),
      unsettledSlots: (chain, limit, range) => guarded(() => ledger.unsettledSlots(chain, limit, range)),
      slotsToRetry: (chain, page) => guarded(() => ledger.slotsToRetry(chain, page)),
      unsettledCount: (chain) => guarded(() => ledger.unsettledCount(chain)),
      slotEntries: (chain, range, limit) => guarded(() => ledger.slotEntries(chain, range, limit)),
      reopenSlots: (chain, slots) => guarded(() => ledger.reopenSlots(chain, slots)),
      notePublications: (chain, blocks) => guarded(() => ledger.notePublications(chain, blocks)),
      publications: (chain, range, limit) => guarded(() => ledger.publications(chain, range, limit)),
      closePublications: (chain, closed) => guarded(() => ledger.closePublications(chain, closed)),
    },
    calls: () => calls,
  };
}

async function undisturbed(
  chain: ModelChain,
): Promise<{ lines: string[]; ledger: MemoryLedger; calls: number }> {
  const log = new MemoryLog();
  const ledger = new MemoryLedger();
  const counted = crashing(log, ledger, Number.POSITIVE_INFINITY, "before");
  await run(memoryPorts(chain, counted));
  return { lines: log.lines(), ledger, calls: counted.calls() };
}

describe("a crash at any boundary", () => {
  test("gives the same messages again, bit for bit, and forgets none", async () => {
    const chain = chainOf([
      ...plainChain(5).slots,
      [105, { kind: "broken" }],
      [106, { kind: "empty" }],
      [107, { kind: "hidden", decoded: blockAt(107, 105, { dollars: 120 }) }],
      [108, { kind: "block", decoded: blockAt(108, 107, { swaps: 3 }) }],
      [109, { kind: "block", decoded: blockAt(109, 108, { time: null }) }],
      [110, { kind: "block", decoded: blockAt(110, 109, { swaps: 1 }) }],
    ]);
    const whole = await undisturbed(chain);
    expect(whole.calls).toBeGreaterThan(20);
    expect([...whole.ledger.slots.keys()].sort()).toEqual(
      Array.from({ length: 11 }, (_, index) => 100 + index),
    );
    expect(tradesIn(whole.lines)).toBe(16);
    for (let crashAt = 1; crashAt <= whole.calls; crashAt++) {
      for (const when of ["before", "after"] as const) {
        const log = new MemoryLog();
        const ledger = new MemoryLedger();
        const crashed = run(memoryPorts(chain, crashing(log, ledger, crashAt, when)));
        await expect(crashed).rejects.toThrow("crash");
        expectCursorBehindLog(ledger, log);
        await run(memoryPorts(chain, { publisher: log, ledger }));
        expect([...new Set(log.lines())].sort()).toEqual([...whole.lines].sort());
        expect(ledger.cursors.get("model")).toEqual(whole.ledger.cursors.get("model"));
        expect([...ledger.slots.keys()].sort()).toEqual([...whole.ledger.slots.keys()].sort());
        expect(ledger.cursors.get(keptCursorName("model", 105))).toEqual(
          whole.ledger.cursors.get(keptCursorName("model", 105)),
        );
      }
    }
  });

  test("holds for any chain and several crashes", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryChain, fc.array(fc.nat(40), { maxLength: 4 }), async (chain, crashes) => {
        const whole = await undisturbed(chain);
        const log = new MemoryLog();
        const ledger = new MemoryLedger();
        for (const crash of crashes) {
          const ports = memoryPorts(
            chain,
            crashing(log, ledger, crash + 1, crash % 2 === 0 ? "before" : "after"),
          );
          await run(ports).catch((error: Error) => expect(error.message).toBe("crash"));
          expectCursorBehindLog(ledger, log);
        }
        await run(memoryPorts(chain, { publisher: log, ledger }));
        expect([...new Set(log.lines())].sort()).toEqual([...new Set(whole.lines)].sort());
        expect(ledger.cursors.get("model")).toEqual(whole.ledger.cursors.get("model"));
      }),
      { numRuns: 60 },
    );
  });
});

function tradesIn(lines: readonly string[]): number {
  const values = lines
    .filter((line) => line.startsWith("sol-trades"))
    .map((line) => line.slice(line.indexOf("[")));
  return values.flatMap((value) => JSON.parse(value)).length;
}

/** Every slot up to the cursor has its record in the log. */
function expectCursorBehindLog(ledger: MemoryLedger, log: MemoryLog): void {
  const cursor = ledger.cursors.get("model");
  if (cursor === undefined) return;
  const recorded = new Set(
    log.messages.filter((message) => message.topic === "sol-blocks").map((message) => Number(message.key)),
  );
  for (const at of ledger.slots.keys()) if (at <= cursor.slot) expect(recorded).toContain(at);
  expect(cursor.slot === 99 || recorded.has(cursor.slot)).toBe(true);
}

describe("the order of messages", () => {
  test("is that of the slots, trades before their record", async () => {
    const log = new MemoryLog();
    await run(memoryPorts(plainChain(20), { publisher: log }));
    const keys = (topic: string) =>
      log.messages.filter((message) => message.topic === topic).map((message) => Number(message.key));
    for (const topic of ["sol-trades", "sol-blocks"]) {
      expect(keys(topic)).toEqual([...keys(topic)].sort((a, b) => a - b));
      expect(new Set(keys(topic)).size).toBe(20);
    }
    const lines = log.messages.map((message) => `${message.topic} ${message.key}`);
    for (const at of keys("sol-blocks")) {
      expect(lines.indexOf(`sol-blocks ${at}`)).toBeGreaterThan(lines.lastIndexOf(`sol-trades ${at}`));
    }
  });
});

describe("trouble that passes", () => {
  test("a send and a write that fail for a while are tried again, and said once", async () => {
    const log = new MemoryLog();
    const ledger = new MemoryLedger();
    const logger = new MemoryLogger();
    let sends = 0;
    let saves = 0;
    const away = (kind: (typeof ERRORS)[keyof typeof ERRORS]) =>
      new CandlewickError(kind, "It is away.", "Wait.");
    const publisher: Publisher = {
      async send(message) {
        sends += 1;
        if (sends <= 7) throw away(ERRORS.kafkaUnreachable);
        await log.send(message);
      },
    };
    ledger.saveCursor = async (name, cursor) => {
      saves += 1;
      if (saves % 2 === 0) throw away(ERRORS.databaseUnreachable);
      ledger.cursors.set(name, cursor);
    };
    await run(memoryPorts(plainChain(6), { publisher, ledger, logger }));
    const whole = await undisturbed(plainChain(6));
    expect(log.lines().sort()).toEqual(whole.lines.sort());
    expect(ledger.cursors.get("model")?.slot).toBe(105);
    expect(logger.at("warn").filter((message) => message.startsWith("Kafka fails"))).toHaveLength(1);
    expect(logger.at("info").filter((message) => message.startsWith("Kafka works again"))).toHaveLength(1);
  });

  test("an error that no attempt can help ends ingest with that error", async () => {
    const publisher: Publisher = {
      async send() {
        throw new CandlewickError(ERRORS.configuration, "The topic does not exist.", "Create it.");
      },
    };
    await expect(run(memoryPorts(plainChain(3), { publisher }))).rejects.toThrow("The topic does not exist.");
  });
});

describe("a bad block", () => {
  const chain = chainOf([...plainChain(3).slots, [103, { kind: "broken" }]]);

  test("stops ingest with one sentence, after all before it is saved", async () => {
    const log = new MemoryLog();
    const ledger = new MemoryLedger();
    const error = await run(memoryPorts(chain, { publisher: log, ledger }), { onBadBlock: "stop" }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(CandlewickError);
    expect(error).toMatchObject({ code: "BAD_INPUT", exitCode: 1 });
    expect(String(error)).toContain("slot 103 is not a block of slot 103: the block is broken.");
    expect(ledger.cursors.get("model")?.slot).toBe(102);
    expect(log.lines().some((line) => line.includes(" 103 "))).toBe(false);
  });

  test("is fetched as often as the source wants before it is given up", async () => {
    const source = new ModelSource(chainOf([[100, { kind: "broken" }]]));
    const ledger = new MemoryLedger();
    await run(memoryPorts(source.chain, { source, ledger }));
    expect(source.fetches).toBe(2);
    expect(ledger.slots.get(100)).toMatchObject({
      status: "failed",
      attempts: 2,
      reason: "the block is broken",
    });
  });
});

describe("slots that failed", () => {
  const whole = chainOf([
    [100, { kind: "block", decoded: blockAt(100, 99, { dollars: 100 }) }],
    [101, { kind: "block", decoded: blockAt(101, 100, { swaps: 3 }) }],
    [102, { kind: "block", decoded: blockAt(102, 101, { dollars: 200 }) }],
  ]);
  const damaged = chainOf(
    [...whole.slots].map(([at, found]): [number, ModelSlot] => [at, at === 101 ? { kind: "broken" } : found]),
  );

  test("are published when they come, at the price that their predecessor left", async () => {
    const log = new MemoryLog();
    const ledger = new MemoryLedger();
    await run(memoryPorts(damaged, { publisher: log, ledger }));
    expect(ledger.slots.get(101)?.status).toBe("failed");
    log.messages.length = 0;
    await run(memoryPorts(whole, { publisher: log, ledger }));
    const undamaged = await undisturbed(whole);
    expect(log.lines()).toEqual(undamaged.lines.filter((line) => line.includes(" 101 ")));
    expect(ledger.slots.get(101)).toMatchObject({ status: "processed", blockId: "block-101" });
    expect(ledger.cursors.get("model")?.slot).toBe(102);
  });

  test("bring their missing parents with them", async () => {
    const ledger = new MemoryLedger();
    const log = new MemoryLog();
    const hidden = chainOf([
      [100, { kind: "block", decoded: blockAt(100, 99, { dollars: 100 }) }],
      [101, { kind: "hidden", decoded: blockAt(101, 100, { swaps: 3 }) }],
      [102, { kind: "broken" }],
      [103, { kind: "block", decoded: blockAt(103, 102) }],
    ]);
    await run(memoryPorts(hidden, { publisher: log, ledger }));
    expect([101, 102].map((at) => ledger.slots.get(at)?.status)).toEqual(["skipped", "failed"]);
    const mended = chainOf(
      [...hidden.slots].map(([at, found]): [number, ModelSlot] => [
        at,
        at === 102 ? { kind: "block", decoded: blockAt(102, 101, { swaps: 1 }) } : found,
      ]),
    );
    await run(memoryPorts(mended, { publisher: log, ledger }));
    expect([101, 102].map((at) => ledger.slots.get(at)?.status)).toEqual(["processed", "processed"]);
    expect(new Set(log.lines())).toEqual(
      new Set([...(await undisturbed(hidden)).lines, ...(await undisturbed(mended)).lines]),
    );
  });

  test("stay in the ledger, though published, while their parent is missing", async () => {
    const ledger = new MemoryLedger();
    const chain = chainOf([
      [100, { kind: "block", decoded: blockAt(100, 99) }],
      [101, { kind: "empty" }],
      [102, { kind: "broken" }],
      [103, { kind: "block", decoded: blockAt(103, 102) }],
    ]);
    await run(memoryPorts(chain, { ledger }));
    const orphan = { kind: "block", decoded: blockAt(102, 101) } as const;
    const mended = chainOf([...chain.slots].map(([at, found]) => [at, at === 102 ? orphan : found] as const));
    const log = new MemoryLog();
    await run(memoryPorts(mended, { publisher: log, ledger }));
    expect(new Set(log.messages.map(({ topic, key }) => `${topic} ${key}`))).toEqual(
      new Set(["sol-trades 102", "sol-blocks 102"]),
    );
    expect(ledger.slots.get(102)).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("slot 101"),
    });
  });

  test("are tried again in rounds that grow apart while a source goes on", async () => {
    const ledger = new MemoryLedger();
    const source = new ModelSource(damaged);
    const forever = source.plan.bind(source);
    const rounds = Promise.withResolvers<void>();
    let plans = 0;
    source.plan = async (after, limit) => {
      const plan = await forever(after, limit);
      plans += 1;
      if (plan.slots.length > 0) return { ...plan, ended: false };
      await rounds.promise;
      return plan;
    };
    const fetch = source.fetch.bind(source);
    source.fetch = async (at) => {
      if (source.fetches >= 14) rounds.resolve();
      return await fetch(at);
    };
    await run(memoryPorts(damaged, { source, ledger }), {
      late: { when: "rounds", everyMs: 1_000, perRound: 1 },
    });
    expect(plans).toBeGreaterThan(1);
    expect(ledger.slots.get(101)?.attempts).toBeGreaterThan(4);
  });
});

describe("a stop", () => {
  test("finishes what is being sent and ends", async () => {
    const log = new MemoryLog();
    const ledger = new MemoryLedger();
    const gate = Promise.withResolvers<void>();
    const sending = Promise.withResolvers<void>();
    const publisher: Publisher = {
      async send(message) {
        sending.resolve();
        await gate.promise;
        await log.send(message);
      },
    };
    const ports = memoryPorts(plainChain(50), { publisher, ledger });
    const ingest = new IngestRun(ports, settings);
    await ingest.start();
    await sending.promise;
    const stopped = ingest.stop(YEAR_MS);
    gate.resolve();
    await stopped;
    const cursor = ledger.cursors.get("model")?.slot ?? 0;
    expect(cursor).toBeGreaterThanOrEqual(100);
    expect(cursor).toBeLessThan(149);
    expect(log.messages.filter((message) => message.topic === "sol-blocks").map(lineOf)).toHaveLength(
      cursor - 99,
    );
  });

  test("gives up at its deadline what does not end", async () => {
    const logger = new MemoryLogger();
    const sending = Promise.withResolvers<void>();
    const publisher: Publisher = {
      send() {
        sending.resolve();
        return new Promise(() => {});
      },
    };
    const ledger = new MemoryLedger();
    const ingest = new IngestRun(memoryPorts(plainChain(5), { publisher, logger, ledger }), settings);
    await ingest.start();
    await sending.promise;
    await ingest.stop(50);
    await ingest.done;
    expect(ledger.cursors.get("model")?.slot).toBe(99);
    expect(logger.at("warn")).toEqual([expect.stringContaining("stops at its deadline")]);
  });
});
