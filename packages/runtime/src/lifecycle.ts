import type { EventEmitter } from "node:events";
import { type Clock, systemClock } from "./clock.ts";
import { CandlewickError, ERRORS, EXIT } from "./errors.ts";
import type { Logger } from "./logger.ts";
import { describeError } from "./report.ts";
import type { Service } from "./service.ts";

/** One part to start; parts start in the order given and stop in the reverse one. */
export interface Part {
  readonly name: string;
  /** The signal is aborted when the whole is to stop before this part has started. */
  start(signal: AbortSignal): Promise<Service>;
  /** Whether the whole ends when this part ends by itself. */
  readonly endsAll?: boolean;
}

export interface LifecycleOptions {
  readonly parts: readonly Part[];
  /** All parts together have so long to stop. */
  readonly deadlineMs: number;
  readonly logger: Logger;
  /** Called once all parts have started. */
  onStarted?(): void;
  /** Prints what went wrong to a person; the log by default. */
  onError?(error: unknown): void;
  readonly clock?: Clock;
  /** Where signals come from: the process. */
  readonly signals?: EventEmitter;
  /** Ends the process at once. */
  exit?(code: number): void;
}

/** Exit codes of a process that a signal ended at once. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type StopSignal = keyof typeof SIGNAL_CODES;

/**
 * One key press can arrive twice: a terminal sends Ctrl-C to all processes, and npm hands its own on to
 * its child. Within this time it is one.
 */
const SAME_SIGNAL_MS = 300;

/**
 * Runs parts until a signal, the failure of one, or the end of all. Resolves with the exit code: 0 after
 * an orderly stop, else that of what failed. A second signal ends the process at once (130, 143).
 */
export async function runParts(options: LifecycleOptions): Promise<number> {
  const { logger } = options;
  const stopping = new AbortController();
  const failures: unknown[] = [];
  const removeSignals = listen(options, stopping);
  const fail = (error: unknown, part: string) => {
    failures.push(error);
    if (options.onError !== undefined) options.onError(error);
    else logger.error("a service failed", { service: part, reason: describeError(error).text });
    stopping.abort();
  };
  const started: Service[] = [];
  try {
    await startAll(options.parts, started, stopping, fail);
    if (!stopping.signal.aborted) {
      options.onStarted?.();
      await Promise.race([aborted(stopping.signal), Promise.allSettled(started.map(({ done }) => done))]);
    }
    await stopAll(started, options, fail);
  } finally {
    removeSignals();
  }
  return failures.length === 0 ? EXIT.ok : describeError(failures[0]).exitCode;
}

async function startAll(
  parts: readonly Part[],
  started: Service[],
  stopping: AbortController,
  fail: (error: unknown, part: string) => void,
): Promise<void> {
  for (const part of parts) {
    if (stopping.signal.aborted) return;
    try {
      const service = await part.start(stopping.signal);
      started.push(service);
      service.done.then(
        () => {
          if (part.endsAll === true) stopping.abort();
        },
        (error: unknown) => fail(error, part.name),
      );
    } catch (error) {
      // A start that was called off is no failure of its own.
      if (!stopping.signal.aborted || error !== stopping.signal.reason) fail(error, part.name);
      return;
    }
  }
}

async function stopAll(
  started: readonly Service[],
  options: LifecycleOptions,
  fail: (error: unknown, part: string) => void,
): Promise<void> {
  const clock = options.clock ?? systemClock;
  const deadline = clock.monotonic() + options.deadlineMs;
  for (const service of started.toReversed()) {
    const leftMs = Math.max(0, deadline - clock.monotonic());
    try {
      await within(service.stop(leftMs), leftMs + GRACE_MS, service.name, clock);
    } catch (error) {
      fail(error, service.name);
    }
  }
}

/** What a service may take beyond its deadline before it is given up: it needs a moment to notice. */
const GRACE_MS = 1_000;

async function within(stop: Promise<void>, limitMs: number, name: string, clock: Clock): Promise<void> {
  const cancel = new AbortController();
  const late = clock.delay(limitMs, cancel.signal).then(
    () => {
      throw new CandlewickError(
        { ...ERRORS.bug, fault: "peer" },
        `${name} did not stop in time and was given up`,
        "Nothing acknowledged is lost; start again to go on from there",
      );
    },
    () => undefined,
  );
  try {
    await Promise.race([stop, late]);
  } finally {
    cancel.abort();
  }
}

function listen(options: LifecycleOptions, stopping: AbortController): () => void {
  const clock = options.clock ?? systemClock;
  const source: EventEmitter = options.signals ?? process;
  const exit = options.exit ?? ((code: number) => process.exit(code));
  let first: { signal: StopSignal; at: number } | null = null;
  const removers = Object.keys(SIGNAL_CODES).map((name) => {
    const signal = name as StopSignal;
    const handler = () => {
      const now = clock.monotonic();
      if (first === null) {
        first = { signal, at: now };
        options.logger.info("stopping", { signal, deadline_ms: options.deadlineMs });
        stopping.abort();
      } else if (first.signal !== signal || now - first.at >= SAME_SIGNAL_MS) exit(SIGNAL_CODES[signal]);
    };
    source.on(signal, handler);
    return () => source.off(signal, handler);
  });
  return () => {
    for (const remove of removers) remove();
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
