import type { Clock } from "@candlewick/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SendPace } from "../src/retry/send-pace.ts";

/** A clock that stands still but while somebody waits for it. */
class WaitedClock implements Clock {
  nowMs = 1_000;
  now = (): number => this.nowMs;
  monotonic = (): number => this.nowMs;
  delay(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    this.nowMs += ms;
    return Promise.resolve();
  }
}

describe("the pace of a run", () => {
  const work = fc.array(fc.nat(3_000), { minLength: 2, maxLength: 60 });

  it("never exceeds its rate by more than a second's worth, whatever happens between the messages", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.01, max: 500, noNaN: true }), work, async (rate, pausesMs) => {
        const clock = new WaitedClock();
        const pace = new SendPace(clock, rate);
        const sentMs: number[] = [];
        for (const pauseMs of pausesMs) {
          await pace.ready(undefined);
          pace.take();
          sentMs.push(clock.nowMs);
          clock.nowMs += pauseMs;
        }
        for (const [from, fromMs] of sentMs.entries()) {
          for (const [to, toMs] of sentMs.entries()) {
            if (to < from) continue;
            expect(to - from).toBeLessThanOrEqual(((toMs - fromMs + 1_000) * rate) / 1_000 + 1e-6);
          }
        }
      }),
    );
  });

  it("takes the time that the rate says where nothing else takes any", async () => {
    const clock = new WaitedClock();
    const pace = new SendPace(clock, 4);
    for (let count = 0; count < 9; count++) {
      await pace.ready(undefined);
      pace.take();
    }
    expect(clock.nowMs).toBe(1_000 + 8 * 250);
  });

  it("lets go at a signal, and waits for nothing without a rate", async () => {
    const clock = new WaitedClock();
    const slow = new SendPace(clock, 0.001);
    slow.take();
    await slow.ready(AbortSignal.abort());
    const free = new SendPace(clock, undefined);
    free.take();
    await free.ready(undefined);
    expect(clock.nowMs).toBe(1_000);
  });
});
