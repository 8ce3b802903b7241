import type { Slot } from "@candlewick/domain";
import { backoffMs, DEFAULT_BACKOFF } from "./backoff.ts";
import type { IngestPorts } from "./ports.ts";
import type { SlotResult } from "./step.ts";

/**
 * Fetches and decodes one slot. A block that cannot be decoded is fetched again as often as the source
 * wants it, since an answer may have been damaged on the way, and then given up with the decoder's words.
 * With `wantedId` another block than that one is given up alike.
 */
export async function acquire(
  { source, decode, clock, random, logger, metrics }: Omit<IngestPorts, "publisher" | "ledger">,
  slot: Slot,
  signal: AbortSignal,
  wantedId: string | null = null,
): Promise<SlotResult> {
  for (let attempt = 1; ; attempt++) {
    const fetchStart = clock.monotonic();
    const fetched = await source.fetch(slot, signal);
    metrics.fetchSeconds((clock.monotonic() - fetchStart) / 1000);
    if (fetched.kind === "absent" || fetched.kind === "failed") return fetched;
    const attempts = Math.max(attempt, fetched.attempts);
    try {
      const decodeStart = clock.monotonic();
      const decoded =
        fetched.kind === "file"
          ? await decode(fetched.file, slot, "json")
          : await decode(fetched.bytes, slot, fetched.format ?? "json");
      metrics.decodeSeconds((clock.monotonic() - decodeStart) / 1000);
      if (wantedId === null || decoded.block.id === wantedId) return { kind: "block", decoded, attempts };
      throw new WrongBlock(`the source has block ${decoded.block.id}, but the chain's is ${wantedId}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      // Anything but a complaint about the bytes is a mistake in the decoder: its stack is needed to mend it.
      if (!(error instanceof Error && COMPLAINTS.has(error.name))) {
        logger.error("the decoder failed", { slot, place: source.place(slot), error });
      }
      if (attempt >= source.decodeAttempts) return { kind: "failed", reason, attempts };
      metrics.rpcError("undecodable");
      logger.debug("a block cannot be decoded and is fetched again", { slot, attempt, reason });
    }
    await clock.delay(backoffMs(DEFAULT_BACKOFF, attempt + 1, random()), signal);
  }
}

class WrongBlock extends Error {
  override readonly name = "WrongBlock";
}

const COMPLAINTS: ReadonlySet<string> = new Set(["WrongBlock", "DecodeError", "BlockFileError"]);
