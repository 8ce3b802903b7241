import type { Slot } from "@candlewick/domain";
import type { Clock } from "@candlewick/runtime";
import type { Fetched } from "../ports.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcNode } from "./rpc-node.ts";

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
 * as it takes, a damaged answer is asked for again a few times, a slot counts as empty only when the same
 * node lists a later block and not this one.
 */
export async function fetchBlock(
  node: RpcNode,
  at: Slot,
  { blockAttempts, notYetTimeoutMs, clock }: BlockPatience,
  signal: AbortSignal,
): Promise<Fetched> {
  let damaged = 0;
  let waitingSinceMs: number | null = null;
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(node, at, signal);
    if (!(answer instanceof RpcError)) return { kind: "block", bytes: answer, attempts: attempt };
    switch (answer.trouble) {
      case "skipped":
      case "not-yet":
        if (answer.trouble === "skipped" && (await isProvedEmpty(node, at, signal)))
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
      default:
        break;
    }
    await node.pause(attempt, answer, signal);
  }
}

async function ask(node: RpcNode, at: Slot, signal: AbortSignal): Promise<Uint8Array | RpcError> {
  try {
    return await node.block(at, signal);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
}

async function isProvedEmpty(node: RpcNode, at: Slot, signal: AbortSignal): Promise<boolean> {
  const slots = await node.blockSlots(at, at + PROOF_SLOTS, signal);
  return slots.length > 0 && slots[0] !== at;
}
