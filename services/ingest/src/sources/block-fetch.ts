import type { Slot } from "@candlewick/domain";
import type { Clock } from "@candlewick/runtime";
import type { Fetched } from "../ports.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcNode } from "./rpc-node.ts";
import type { RpcPool } from "./rpc-pool.ts";

export interface BlockPatience {
  /** How often a block is asked for whose answer is damaged or an unknown error. */
  readonly blockAttempts: number;
  /** How long a block is waited for that the node says is not there yet. */
  readonly notYetTimeoutMs: number;
  readonly clock: Clock;
}

/** How many slots after one that is said to be empty are looked at for the proof. */
const PROOF_SLOTS = 1_000;

/**
 * Fetches a block with the patience that each trouble deserves: a node that is away is waited for as long
 * as it takes, a damaged answer is asked for again a few times, a slot counts as empty only when a node lists
 * a later block and not this one. Every attempt goes to another endpoint, as far as there are others.
 */
export async function fetchBlock(
  pool: RpcPool,
  at: Slot,
  { blockAttempts, notYetTimeoutMs, clock }: BlockPatience,
  signal: AbortSignal,
): Promise<Fetched> {
  const tried = new Set<RpcNode>();
  let damaged = 0;
  let waitingSinceMs: number | null = null;
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(pool, at, tried, signal);
    if (!(answer instanceof RpcError)) return { kind: "block", bytes: answer, attempts: attempt };
    switch (answer.trouble) {
      case "skipped":
      case "not-yet":
        if (answer.trouble === "skipped" && (await isProvedEmpty(pool, at, signal)))
          return { kind: "absent" };
        waitingSinceMs ??= clock.monotonic();
        if (clock.monotonic() - waitingSinceMs >= notYetTimeoutMs) {
          return { kind: "failed", reason: answer.message, attempts: attempt };
        }
        break;
      case "malformed":
      case "too-large":
      case "rpc":
        damaged += 1;
        if (damaged >= blockAttempts) return { kind: "failed", reason: answer.message, attempts: attempt };
        break;
      case "unsupported-version":
        // Only a person can mend it, and until then the slot stays in the ledger.
        return {
          kind: "failed",
          reason: `${answer.message}: raise ingest.maxTransactionVersion`,
          attempts: attempt,
        };
      default:
        break;
    }
    await pool.pause(attempt, answer, tried, signal);
  }
}

async function ask(
  pool: RpcPool,
  at: Slot,
  tried: Set<RpcNode>,
  signal: AbortSignal,
): Promise<Uint8Array | RpcError> {
  try {
    return await pool.block(at, tried, signal);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
}

async function isProvedEmpty(pool: RpcPool, at: Slot, signal: AbortSignal): Promise<boolean> {
  const slots = await pool.blockSlots(at, at + PROOF_SLOTS, signal);
  return slots.length > 0 && slots[0] !== at;
}
