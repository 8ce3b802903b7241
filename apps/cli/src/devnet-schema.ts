import { z } from "@candlewick/runtime";

/** Section `devnet`: the chain that is simulated where no real node is named. */
export const devnetSchema = z
  .strictObject({
    seed: z
      .string()
      .min(1)
      .max(200)
      .default("candlewick")
      .describe("Decides every block of the simulated chain"),
    port: z.int().min(0).max(65_535).default(0).describe("Port of the node's JSON-RPC; 0 takes a free one"),
    historySlots: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(900)
      .describe("Slots that exist before the first start"),
    slotMs: z.int().min(20).max(60_000).default(400).describe("Time from slot to slot"),
    pairs: z.int().min(16).max(100_000).default(40).describe("About how many pairs trade"),
    tradesPerSlot: z.number().min(0).max(20_000).default(14).describe("Mean number of trades in a block"),
  })
  .describe("The simulated Solana node of `candlewick up`.");
