import type { Slot } from "@candlewick/domain";
import { backoffMs, DEFAULT_BACKOFF } from "./backoff.ts";
import type { IngestPorts } from "./ports.ts";
import type { SlotResult } from "./step.ts";

/**
 * Fetches and decodes one slot. A block that cannot be decoded is fetched again as often as the source
 * wants it, since an answer may have been damaged on the way, and then given up with the decoder's words.
 */
export async function acquire(
  { source, decode, clock, random, logger, metrics }: Omit<IngestPorts, "publisher" | "ledger">,
  slot: Slot,
  signal: AbortSignal,
): Promise<SlotResult> {
  for (let attempt = 1; ; attempt++) {
    const fetchStart = clock.monotonic();
    const fetched = await source.fetch(slot, signal);
    metrics.fetchSeconds((clock.monotonic() - fetchStart) / 1000);
    if (fetched.kind !== "block") return fetched;
    const attempts = Math.max(attempt, fetched.attempts);
    try {
      const decodeStart = clock.monotonic();
      const decoded = decode(fetched.bytes, slot);
      metrics.decodeSeconds((clock.monotonic() - decodeStart) / 1000);
      return { kind: "block", decoded, attempts };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Anything but a complaint about the bytes is a mistake in the decoder: its stack is needed to mend it.
      if (!(error instanceof Error) || error.name !== "DecodeError") {
        logger.error("the decoder failed", { slot, place: source.place(slot), error });
      }
      if (attempt >= source.decodeAttempts) return { kind: "failed", reason, attempts };
      logger.debug("a block cannot be decoded and is fetched again", { slot, attempt, reason });
    }
    await clock.delay(backoffMs(DEFAULT_BACKOFF, attempt + 1, random()), signal);
  }
}
