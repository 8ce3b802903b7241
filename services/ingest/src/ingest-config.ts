import { z } from "@candlewick/runtime";

/** The section `ingest` of the configuration. */
export const ingestSchema = z
  .strictObject({
    source: z
      .enum(["solana", "yellowstone", "replay"])
      .default("solana")
      .describe("A node's JSON-RPC, a Yellowstone gRPC stream, or recorded blocks"),
    grpcUrl: z
      .string()
      .default("http://127.0.0.1:10000")
      .describe("The Yellowstone server, http or https, for `source: yellowstone`"),
    grpcToken: z.string().nullable().default(null).describe("What the Yellowstone server wants as x-token"),
    grpcFallback: z
      .boolean()
      .default(false)
      .describe("Whether what the stream cannot bring again is asked for at rpcUrl"),
    maxBufferBytes: z
      .int()
      .min(1_024)
      .default(512 * 1024 * 1024)
      .describe("Bytes of streamed blocks that may wait before the stream is held back"),
    rpcUrl: z.string().default("http://127.0.0.1:8899").describe("JSON-RPC of the node, http or https"),
    moreRpcUrls: z
      .array(z.string())
      .default([])
      .describe("Further endpoints of the same chain: each call goes to the one that works best"),
    wsUrl: z
      .string()
      .nullable()
      .default(null)
      .describe("Where the node announces slots, ws or wss; null: derived from rpcUrl"),
    commitment: z
      .enum(["processed", "confirmed", "finalized"])
      .default("confirmed")
      .describe(
        "How sure the chain must be of a block before it is read; `processed` only with `source: yellowstone`",
      ),
    startSlot: z
      .union([z.enum(["head", "first"]), z.int().min(0)])
      .default("head")
      .describe(
        "Where a first run starts: `head`, the node's `first` block, or a slot; later runs go on where they were",
      ),
    lookbackSlots: z
      .int()
      .min(0)
      .default(0)
      .describe("How many slots before the head a first run starts with `startSlot: head`"),
    maxTransactionVersion: z
      .int()
      .min(0)
      .max(127)
      .default(0)
      .describe("Highest version of transactions to ask for"),
    requestsPerSecond: z
      .number()
      .positive()
      .nullable()
      .default(null)
      .describe("How many calls an endpoint may get per second; null: as many as are needed"),
    hedge: z
      .boolean()
      .default(true)
      .describe("Whether a block that takes longer than 95 % of the last is asked for at a second endpoint"),
    maxBehindSlots: z
      .int()
      .min(1)
      .default(150)
      .describe("An endpoint whose head is further below the highest is reported as being behind"),
    quarantineMs: z
      .int()
      .min(0)
      .default(600_000)
      .describe("How long an endpoint that showed a false block is not asked, where there are others"),
    finalityMs: z.int().min(10).default(2_000).describe("Between two looks at what has become final"),
    requestTimeoutMs: z.int().min(100).default(30_000).describe("For one call to the node"),
    maxResponseBytes: z
      .int()
      .min(1_024)
      .default(128 * 1024 * 1024)
      .describe("Largest block, inflated"),
    pollMs: z
      .int()
      .min(10)
      .default(400)
      .describe("Between two looks at the head while slots are not announced"),
    watchdogMs: z
      .int()
      .min(100)
      .default(10_000)
      .describe("After so much silence the announcement of slots is asked for anew"),
    blockAttempts: z
      .int()
      .min(1)
      .default(4)
      .describe("How often a damaged block is fetched before its slot is recorded as failed"),
    notYetTimeoutMs: z
      .int()
      .min(0)
      .default(60_000)
      .describe("How long a block is waited for that the node does not have yet"),
    failFast: z
      .boolean()
      .default(true)
      .describe("Whether a node that does not answer at the start is an error, or waited for"),
    failFastMs: z.int().min(100).default(10_000).describe("How long `failFast` waits for an answer"),
    blocks: z
      .union([z.string().transform((path) => [path]), z.array(z.string()).min(1)])
      .default([])
      .describe("Folders, files and patterns (`*.json.zst`) of recorded blocks, for `source: replay`"),
    pace: z
      .union([z.enum(["max", "recorded"]), z.string().regex(/^\d{1,6}(\.\d{1,3})?x$/)])
      .default("max")
      .describe(
        "How fast recorded blocks come: `max`, `recorded` (by their times), or so many times as fast (`10x`)",
      ),
    recursive: z.boolean().default(false).describe("Whether subfolders of `blocks` count"),
    onBadBlock: z
      .enum(["stop", "skip"])
      .default("stop")
      .describe("What a recorded block does that cannot be read: ends ingest, or is recorded as failed"),
    decodeThreads: z
      .int()
      .min(0)
      .max(64)
      .default(0)
      .describe(
        "Threads that decode blocks, and read recorded ones; 0: the thread of the loop, which is enough for the head of a chain",
      ),
    concurrency: z.int().min(1).max(256).default(8).describe("Blocks in hand at a time"),
    partitionKey: z
      .enum(["slot", "pair"])
      .default("slot")
      .describe("Key of the messages of trades: a block's slot, or the address of the pair"),
    baseMints: z
      .array(z.string())
      .default([])
      .describe("Mints that are the base side of a pair, after SOL, USDC and USDT"),
    priceMaxAgeSeconds: z.int().min(1).default(600).describe("After that a price of SOL counts as unknown"),
    priceMinVolumeUsd: z
      .number()
      .min(0)
      .default(10)
      .describe("Below so much volume a block's own price of SOL counts only where no other is known"),
    metadata: z
      .boolean()
      .default(true)
      .describe("Whether symbols, names and supplies of tokens are looked up and put on trades"),
    metadataMs: z
      .int()
      .min(10)
      .default(1_000)
      .describe("Between two looks at tokens: at most one call to the node each, for 50 tokens"),
    metadataMaxAgeMs: z
      .int()
      .min(1_000)
      .default(3_600_000)
      .describe("After that a token's supply is read again"),
    retryFailedMs: z.int().min(100).default(30_000).describe("Between two rounds over slots that failed"),
    retryFailedSlots: z.int().min(1).max(1_000).default(8).describe("Slots per such round"),
    cursorName: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("Under which name the cursor is kept; null: by source and, for recorded blocks, their path"),
  })
  .describe("Reads blocks and publishes their trades.");

export type IngestConfig = z.output<typeof ingestSchema>;
