import type { Clock } from "@candlewick/runtime";
import type { BlockFacts, ChainOracle, SlotBlock, SlotTruth, Verdict } from "../ports.ts";
import { RpcError } from "./rpc-error.ts";
import type { BlockClaim, RpcNode } from "./rpc-node.ts";
import type { RpcPool } from "./rpc-pool.ts";

/** What one endpoint says of a slot: a block, none, or nothing that could be understood. */
interface Testimony {
  readonly node: RpcNode;
  readonly claim: BlockClaim | null | undefined;
}

/** An answer may have been damaged on the way. */
const ATTEMPTS = 3;
/** An endpoint that is not to be called for longer is not waited for. */
const MAX_REST_MS = 2_000;
/** How far after a slot its child is looked for. */
const CHILD_SLOTS = 50;

/**
 * Finds out what the chain has, where endpoints differ or a link is broken, by the testimony of all of them: of
 * a block itself, and of the block after it, which names its parent. Most testimonies decide.
 */
export class RpcOracle implements ChainOracle {
  readonly #pool: RpcPool;
  readonly #clock: Clock;

  constructor(pool: RpcPool, clock: Clock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  async judge(last: SlotBlock, next: BlockFacts, signal: AbortSignal): Promise<Verdict> {
    return (await this.#insist(() => this.#judgeOnce(last, next, signal))) ?? "unknown";
  }

  async #judgeOnce(last: SlotBlock, next: BlockFacts, signal: AbortSignal): Promise<Verdict | null> {
    const [ofLast, ofNext] = await Promise.all([
      this.#hear(last.slot, signal),
      this.#hear(next.slot, signal),
    ]);
    const nextId = majority(
      ofNext.map(({ claim }) => (claim === undefined ? undefined : (claim?.id ?? null))),
    );
    if (nextId !== undefined && nextId !== next.id) {
      this.#accuse(ofNext, next.slot, nextId);
      return "next";
    }
    const sameNext = ofNext.flatMap(({ claim }) => (claim?.id === next.id ? [claim] : []));
    const parents = majority(sameNext.map(({ parentSlot, parentId }) => `${parentSlot} ${parentId}`));
    if (parents !== undefined && parents !== `${next.parentSlot} ${next.parentId}`) return "next";
    const lastId = majority([...ownWords(ofLast), ...sameNext.map((claim) => parentAt(claim, last.slot))]);
    // Nothing is held of the slot before that could be wrong: what most say of the new block is enough.
    const isVouchedFor = nextId === next.id && parents !== undefined;
    if (lastId === undefined) return last.id === null && isVouchedFor ? "both" : null;
    // Both may be wrong: the later one must not be published as it is either.
    if (lastId !== last.id) this.#accuse(ofLast, last.slot, lastId);
    if (saysOtherwise(next, last.slot, lastId)) return "next";
    return lastId === last.id ? "both" : "last";
  }

  async confirm(block: BlockFacts, signal: AbortSignal): Promise<boolean | null> {
    return await this.#insist(async () => this.#confirmed(block, await this.#hear(block.slot, signal)));
  }

  /** Answers get lost and damaged: where they decide nothing, everybody is asked again, a few times. */
  async #insist<Result>(ask: () => Promise<Result | null>): Promise<Result | null> {
    for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
      const answer = await ask();
      if (answer !== null) return answer;
    }
    return await ask();
  }

  async truth(slot: number, signal: AbortSignal): Promise<SlotTruth | null> {
    const [own, after] = await Promise.all([
      this.#hear(slot, signal),
      this.#pool.blockSlots(slot + 1, slot + CHILD_SLOTS, signal),
    ]);
    const child = after[0];
    const ofChild = child === undefined ? [] : await this.#hear(child, signal);
    const parents = ofChild.flatMap(({ claim }) =>
      // A block whose parent is even later says nothing of this slot.
      claim === null || claim === undefined || claim.parentSlot > slot ? [] : [parentAt(claim, slot)],
    );
    const id = majority([...ownWords(own), ...parents]);
    if (id === undefined) return null;
    this.#accuse(own, slot, id);
    return id === null ? { kind: "absent" } : { kind: "block", id };
  }

  async finalized(
    after: number,
    through: number,
    signal: AbortSignal,
  ): Promise<{ through: number; slots: readonly number[] }> {
    const head = Math.min(through, await this.#pool.finalizedSlot(signal));
    if (head <= after) return { through: after, slots: [] };
    return { through: head, slots: await this.#pool.blockSlots(after + 1, head, signal, "finalized") };
  }

  #confirmed(block: BlockFacts, testimonies: readonly Testimony[]): boolean | null {
    const id = majority(ownWords(testimonies));
    if (id === undefined) return null;
    this.#accuse(testimonies, block.slot, id);
    if (id !== block.id) return false;
    const same = testimonies.flatMap(({ claim }) => (claim?.id === block.id ? [claim] : []));
    const parents = majority(same.map(({ parentSlot, parentId }) => `${parentSlot} ${parentId}`));
    // The first block of a chain names itself as its parent.
    return parents === undefined ? null : parents === `${block.parentSlot} ${block.parentId}`;
  }

  async #hear(slot: number, signal: AbortSignal): Promise<Testimony[]> {
    return await Promise.all(
      this.#pool.usable.map(async (node) => ({ node, claim: await this.#testimony(node, slot, signal) })),
    );
  }

  async #testimony(node: RpcNode, slot: number, signal: AbortSignal): Promise<BlockClaim | null | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (!(await this.#rested(node, signal))) return undefined;
      // Only the first of these asks, and what it asks counts against the budget too.
      if (!(await this.#pool.serves(node, signal))) return undefined;
      if (!(await this.#rested(node, signal))) return undefined;
      try {
        return await node.claim(slot, signal);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        // The others decide without one that is slow; where they cannot, all are asked again.
        if (error.trouble === "not-yet" || error.trouble === "timeout") return undefined;
      }
    }
    return undefined;
  }

  /** Waits until an endpoint may be called. Whether it may: the others decide without one that rests long. */
  async #rested(node: RpcNode, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      const { waitMs } = node;
      if (waitMs === 0) return true;
      const isAlone = this.#pool.usable.length === 1;
      if (waitMs > MAX_REST_MS && !isAlone) return false;
      await this.#clock.delay(Math.max(1, waitMs), signal);
    }
  }

  /** Endpoints that show another block than most, while others show that one, are not asked for a while. */
  #accuse(testimonies: readonly Testimony[], slot: number, id: string | null): void {
    for (const { node, claim } of testimonies) {
      if (claim !== undefined && claim !== null && claim.id !== id) {
        this.#pool.quarantine(node, slot, claim.id, id);
      }
    }
  }
}

/** What endpoints say of the slot itself: an id, null for no block, undefined for nothing. */
function ownWords(testimonies: readonly Testimony[]): (string | null | undefined)[] {
  return testimonies.map(({ claim }) => (claim === undefined ? undefined : (claim?.id ?? null)));
}

/** What a later block says of a slot at or after its parent: the parent, or that there is none. */
function parentAt({ parentSlot, parentId }: BlockClaim, slot: number): string | null {
  return parentSlot === slot ? parentId : null;
}

/** Whether a block names another parent than the block that a slot holds, or passes over that block. */
function saysOtherwise({ parentSlot, parentId }: BlockFacts, slot: number, id: string | null): boolean {
  if (parentSlot === null || parentSlot > slot) return false;
  return (parentSlot === slot ? parentId : null) !== id;
}

/** What more than half of those who say something say; undefined where there is no such. */
function majority<Value>(words: readonly (Value | undefined)[]): Value | undefined {
  const said = words.filter((word) => word !== undefined);
  const counts = new Map<Value, number>();
  for (const word of said) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const [word, count] of counts) if (count * 2 > said.length) return word;
  return undefined;
}
