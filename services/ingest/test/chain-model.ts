import {
  BASE_MINTS,
  DEFAULT_SOL_PRICE_RULE,
  rawAmount,
  type Slot,
  type Swap,
  slot,
  USDC_MINT,
  WSOL_MINT,
} from "@candlewick/domain";
import fc from "fast-check";
import type { DecodedBlock } from "../src/ports.ts";
import type { SettlementRules } from "../src/settlement.ts";

export const linkedRules: SettlementRules = {
  chain: "solana",
  baseMints: BASE_MINTS,
  priceRule: DEFAULT_SOL_PRICE_RULE,
  continuity: "linked",
  commitment: "confirmed",
};
export const sparseRules: SettlementRules = { ...linkedRules, continuity: "sparse" };

/** A swap of SOL for dollars at `dollars` per SOL, or of SOL for a token where that is null. */
export function swapAt(at: Slot, txIndex: number, dollars: number | null): Swap {
  const sol = rawAmount(1_000_000_000n);
  const out = rawAmount(dollars === null ? 5_000_000n : BigInt(Math.round(dollars * 1e6)));
  return {
    position: { slot: at, txIndex, outer: 0, inner: null, hop: 0 },
    tx: `tx-${at}-${txIndex}`,
    venue: "RaydiumV4",
    program: "program",
    pool: dollars === null ? `pool-${txIndex % 3}` : "sol-usdc",
    assetIn: { mint: WSOL_MINT, decimals: 9 },
    assetOut: dollars === null ? { mint: "token", decimals: 6 } : { mint: USDC_MINT, decimals: 6 },
    userIn: sol,
    userOut: out,
    poolIn: sol,
    poolOut: out,
    reserveIn: null,
    reserveOut: null,
    quoteMint: WSOL_MINT,
    maker: "maker",
    recipient: null,
    routeId: null,
  };
}

/** A block of the model: some swaps of which the first tells a price of SOL, where there is one. */
export function blockAt(
  at: number,
  parent: number | null,
  options: { swaps?: number; dollars?: number | null; time?: number | null; fork?: string } = {},
): DecodedBlock {
  const { swaps = 2, dollars = null, time = 1_700_000_000 + at, fork = "" } = options;
  return {
    block: {
      slot: slot(at),
      id: `block${fork}-${at}`,
      parentSlot: parent === null ? null : slot(parent),
      parentId: parent === null ? null : `block-${parent}`,
      height: at,
      time,
      transactions: swaps,
    },
    swaps: Array.from({ length: swaps }, (_, index) => swapAt(slot(at), index, index === 0 ? dollars : null)),
    skipped: new Map(),
  };
}

/** What a model chain has at a slot. `hidden`: a block that the source's lists leave out. */
export type ModelSlot =
  | { readonly kind: "block" | "hidden"; readonly decoded: DecodedBlock }
  | { readonly kind: "broken" }
  | { readonly kind: "empty" };

export interface ModelChain {
  readonly first: number;
  /** From `first` on; the last one holds a plain block. */
  readonly slots: ReadonlyMap<number, ModelSlot>;
}

/** Chains with empty, broken and hidden slots, prices now and then, and blocks without time. */
export const arbitraryChain: fc.Arbitrary<ModelChain> = fc
  .array(
    fc.record({
      kind: fc.constantFrom("block", "block", "block", "hidden", "broken", "empty" as const),
      swaps: fc.integer({ min: 0, max: 3 }),
      dollars: fc.option(fc.integer({ min: 50, max: 250 })),
      noTime: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 24 },
  )
  .map((entries) => {
    const first = 100;
    const slots = new Map<number, ModelSlot>();
    let parent: number | null = null;
    for (const [index, entry] of entries.entries()) {
      const at = first + index;
      const last = index === entries.length - 1;
      const kind = last ? "block" : entry.kind;
      if (kind === "empty") slots.set(at, { kind });
      else {
        const time = entry.noTime ? null : 1_700_000_000 + at;
        const decoded = blockAt(at, parent, { swaps: entry.swaps, dollars: entry.dollars, time });
        slots.set(at, kind === "broken" ? { kind } : { kind, decoded });
        parent = at;
      }
    }
    return { first, slots };
  });
