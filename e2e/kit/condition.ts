import { setTimeout as delay } from "node:timers/promises";

const PAUSE_MS = 50;

/**
 * Asks again until there is an answer, where nothing tells of the change by itself. Rejects after `limitMs`
 * with what was waited for, and with the last error where asking failed.
 */
export async function until<Answer>(
  what: string,
  limitMs: number,
  ask: () => Promise<Answer | null> | Answer | null,
): Promise<Answer> {
  const endMs = performance.now() + limitMs;
  let failure: unknown;
  while (performance.now() < endMs) {
    try {
      const answer = await ask();
      if (answer !== null) return answer;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await delay(PAUSE_MS);
  }
  throw new Error(`no ${what} within ${limitMs} ms`, { cause: failure });
}
