import { comparePositions } from "./position.ts";
import type { Swap } from "./swap.ts";

/** A swap with who signed and paid for its transaction: what tells a sandwich, whatever account trades. */
export interface SignedSwap {
  readonly swap: Swap;
  readonly signer: string;
}

/**
 * The swaps of one block that clamp another's: the same signer before and after somebody else's swap, at one
 * pool, in opposite directions, in two transactions. Both are marked, and what lies between is not. Pure, and
 * blind to the order of its input; the work is about that of sorting.
 */
export function clamps(block: readonly SignedSwap[]): ReadonlySet<Swap> {
  const marked = new Set<Swap>();
  for (const pool of Map.groupBy(block, ({ swap }) => swap.pool).values()) {
    // Two to clamp and one to be clamped.
    if (pool.length < 3) continue;
    const ordered = pool.toSorted((a, b) => comparePositions(a.swap.position, b.swap.position));
    const bySigner = Map.groupBy(ordered.entries(), ([, { signer }]) => signer);
    for (const own of bySigner.values()) markOwn(own, marked);
  }
  return marked;
}

/** A signer's swaps at one pool, each with its place among all of the pool's. */
type OwnSwaps = readonly (readonly [number, SignedSwap])[];

function markOwn(own: OwnSwaps, marked: Set<Swap>): void {
  if (own.length < 2) return;
  const steps = own.map(([place, { swap }], index) => ({ swap, others: place - index }));
  // A swap is clamped in between exactly where the count of the others' grew.
  markTowards(steps, marked);
  markTowards(steps.map(({ swap, others }) => ({ swap, others: -others })).reverse(), marked);
}

interface Step {
  readonly swap: Swap;
  /** Others' swaps so far, counted so that later steps have more. */
  readonly others: number;
}

/** Marks each step that has an earlier one in the opposite direction, with others' swaps in between. */
function markTowards(steps: readonly Step[], marked: Set<Swap>): void {
  /** The first step seen for each mint that is paid: the one with the fewest of the others' before it. */
  const first = new Map<string, Step>();
  for (const step of steps) {
    const { swap, others } = step;
    const opposite = first.get(swap.assetOut.mint);
    const between = opposite !== undefined && others > opposite.others;
    if (between && opposite.swap.position.txIndex !== swap.position.txIndex) marked.add(swap);
    if (!first.has(swap.assetIn.mint)) first.set(swap.assetIn.mint, step);
  }
}
