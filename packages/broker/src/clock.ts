/** A timer that was set; `restart` begins its time anew. */
export interface Timer {
  restart(): void;
  cancel(): void;
}

/** Time as the broker sees it, so that tests can move it. */
export interface Clock {
  nowMs(): number;
  setTimer(delayMs: number, action: () => void): Timer;
}

const MAX_TIMER_MS = 0x7fff_ffff;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(delayMs, action) {
    const timeout = setTimeout(action, Math.min(delayMs, MAX_TIMER_MS));
    return { restart: () => void timeout.refresh(), cancel: () => clearTimeout(timeout) };
  },
};
