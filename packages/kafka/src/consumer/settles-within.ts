import type { Clock } from "@candlewick/runtime";

/** Whether the promise, which never rejects, settles in time. */
export async function settlesWithin(
  clock: Clock,
  timeoutMs: number,
  promise: Promise<void>,
): Promise<boolean> {
  const waiting = new AbortController();
  const deadline = clock.delay(timeoutMs, waiting.signal).then(
    () => false,
    () => false,
  );
  const settled = await Promise.race([promise.then(() => true), deadline]);
  waiting.abort();
  return settled;
}
