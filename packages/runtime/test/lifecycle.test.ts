import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import {
  CandlewickError,
  type Clock,
  ERRORS,
  type Part,
  runParts,
  type Service,
  silentLogger,
} from "../src/index.ts";

/** A part whose end is in the test's hands; all write what happens to them into one diary. */
function part(name: string, diary: string[], stop: () => Promise<void> = async () => {}) {
  const { promise: done, resolve: end, reject: fail } = Promise.withResolvers<void>();
  const service: Service = {
    name,
    done,
    async stop() {
      diary.push(`stop ${name}`);
      await stop();
      end();
    },
  };
  const start: Part["start"] = async () => {
    diary.push(`start ${name}`);
    return service;
  };
  return { name, start, end, fail };
}

/** A clock that only moves when told, so that deadlines pass at once. */
function manualClock() {
  let now = 0;
  const waiting: { at: number; resolve: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    delay: (ms) => new Promise((resolve) => waiting.push({ at: now + ms, resolve })),
  };
  const advance = (ms: number) => {
    now += ms;
    for (const { at, resolve } of waiting) if (at <= now) resolve();
  };
  return { clock, advance };
}

const base = { deadlineMs: 5_000, logger: silentLogger };

test("parts start in order and stop in reverse on a signal, with exit code 0", async () => {
  const diary: string[] = [];
  const signals = new EventEmitter();
  const parts = ["a", "b", "c"].map((name) => part(name, diary));
  const code = await runParts({ ...base, parts, signals, onStarted: () => signals.emit("SIGTERM") });
  expect(code).toBe(0);
  expect(diary).toEqual(["start a", "start b", "start c", "stop c", "stop b", "stop a"]);
  expect(signals.eventNames()).toEqual([]);
});

test("the failure of one stops all and gives its exit code", async () => {
  const diary: string[] = [];
  const [a, b] = [part("a", diary), part("b", diary)];
  const error = new CandlewickError(ERRORS.kafkaUnreachable, "no broker", "start one");
  const seen: unknown[] = [];
  const code = await runParts({
    ...base,
    parts: [a, b],
    signals: new EventEmitter(),
    onStarted: () => b.fail(error),
    onError: (failure) => seen.push(failure),
  });
  expect(code).toBe(75);
  expect(seen).toEqual([error]);
  expect(diary.slice(2)).toEqual(["stop b", "stop a"]);
});

test("a part that cannot start stops those before it", async () => {
  const diary: string[] = [];
  const broken: Part = {
    name: "broken",
    start: () => Promise.reject(new CandlewickError(ERRORS.portInUse, "port 1 is in use", "choose another")),
  };
  const code = await runParts({
    ...base,
    parts: [part("a", diary), broken, part("c", diary)],
    signals: new EventEmitter(),
  });
  expect(code).toBe(1);
  expect(diary).toEqual(["start a", "stop a"]);
});

test("an error that nobody foresaw is exit code 70", async () => {
  const broken: Part = { name: "broken", start: () => Promise.reject(new TypeError("x is undefined")) };
  expect(await runParts({ ...base, parts: [broken], signals: new EventEmitter() })).toBe(70);
});

test("a signal during the start calls it off", async () => {
  const diary: string[] = [];
  const signals = new EventEmitter();
  const slow: Part = {
    name: "slow",
    start: (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        signals.emit("SIGINT");
      }),
  };
  expect(await runParts({ ...base, parts: [part("a", diary), slow, part("c", diary)], signals })).toBe(0);
  expect(diary).toEqual(["start a", "stop a"]);
});

test("all ended by themselves: the whole ends; one that ends all ends it alone", async () => {
  const diary: string[] = [];
  const [a, b] = [part("a", diary), part("b", diary)];
  const both = () => {
    a.end();
    b.end();
  };
  expect(await runParts({ ...base, parts: [a, b], signals: new EventEmitter(), onStarted: both })).toBe(0);
  const [c, d] = [part("c", diary), part("d", diary)];
  const ending = runParts({
    ...base,
    parts: [c, { ...d, endsAll: true }],
    signals: new EventEmitter(),
    onStarted: () => d.end(),
  });
  expect(await ending).toBe(0);
});

test("a second signal ends at once; the same one twice within a key press does not", async () => {
  const codes: number[] = [];
  const signals = new EventEmitter();
  const { clock, advance } = manualClock();
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  const { promise: stopping, resolve: reached } = Promise.withResolvers<void>();
  const stuck = part("stuck", [], () => {
    reached();
    return hold;
  });
  const run = runParts({
    ...base,
    parts: [stuck],
    signals,
    clock,
    exit: (code) => codes.push(code),
    onStarted: () => signals.emit("SIGINT"),
  });
  await stopping;
  signals.emit("SIGINT");
  expect(codes).toEqual([]);
  advance(400);
  signals.emit("SIGINT");
  signals.emit("SIGTERM");
  expect(codes).toEqual([130, 143]);
  release();
  expect(await run).toBe(0);
});

test("a part that does not stop in time is given up, and the others still stop", async () => {
  const diary: string[] = [];
  const signals = new EventEmitter();
  const { clock, advance } = manualClock();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const stuck = part("stuck", diary, () => {
    reach();
    return new Promise(() => {});
  });
  const run = runParts({
    ...base,
    parts: [part("a", diary), stuck],
    signals,
    clock,
    onStarted: () => signals.emit("SIGTERM"),
  });
  await reached;
  advance(10_000);
  expect(await run).toBe(75);
  expect(diary.slice(2)).toEqual(["stop stuck", "stop a"]);
});
