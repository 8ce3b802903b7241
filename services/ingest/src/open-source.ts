import { resolve } from "node:path";
import { CandlewickError, type Clock, ERRORS, type Logger } from "@candlewick/runtime";
import { PeerHealth, type Persistence, persist } from "./backoff.ts";
import type { IngestConfig } from "./ingest-config.ts";
import type { IngestMetrics } from "./metrics.ts";
import type { BlockSource, Ledger } from "./ports.ts";
import type { GenesisMemory } from "./sources/genesis-check.ts";
import { openReplay } from "./sources/replay.ts";
import { SolanaRpcSource } from "./sources/solana-rpc.ts";
import { YellowstoneSource } from "./sources/yellowstone/yellowstone.ts";

/** What a source is opened with. */
export interface SourceDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly metrics: IngestMetrics;
  readonly store: Ledger;
}

/** Opens the source that the configuration names. Rejects with a CandlewickError that says what is wrong with it. */
export async function openSource(config: IngestConfig, deps: SourceDeps): Promise<BlockSource> {
  const { logger } = deps;
  if (config.source === "replay") {
    if (config.blocks.length === 0) {
      throw new CandlewickError(
        ERRORS.configuration,
        "ingest.source is replay, but ingest.blocks names no folder.",
        "Set ingest.blocks to a folder of recorded blocks.",
      );
    }
    const { blocks: paths, recursive, maxResponseBytes: maxBlockBytes, pace } = config;
    return await openReplay({ paths, recursive, maxBlockBytes, logger, clock: deps.clock, pace });
  }
  if (config.source === "yellowstone") return await openYellowstone(config, deps);
  const source = openRpc(config, deps);
  if (config.failFast) await source.probe(config.failFastMs, new AbortController().signal);
  return source;
}

async function openYellowstone(config: IngestConfig, deps: SourceDeps): Promise<BlockSource> {
  if (config.commitment === "processed" && !config.grpcFallback) {
    throw new CandlewickError(
      ERRORS.configuration,
      "ingest.commitment is processed without ingest.grpcFallback: after a hole in the stream no fork could be told from the chain any more.",
      "Set ingest.grpcFallback to true and ingest.rpcUrl to a node of the same chain, or ingest.commitment to confirmed.",
    );
  }
  return new YellowstoneSource({
    ...deps,
    url: config.grpcUrl,
    token: config.grpcToken,
    commitment: config.commitment,
    startSlot: config.startSlot,
    timeoutMs: config.requestTimeoutMs,
    maxMessageBytes: config.maxResponseBytes,
    maxBufferBytes: config.maxBufferBytes,
    watchdogMs: config.watchdogMs,
    notYetTimeoutMs: config.notYetTimeoutMs,
    fallback: config.grpcFallback ? openRpc(rpcConfig(config), deps) : null,
    onTrouble: (kind) => deps.metrics.rpcError(kind),
  });
}

/** The configuration for the JSON-RPC beside a stream: at `processed` it reads what is confirmed, which is its least. */
export function rpcConfig(config: IngestConfig): IngestConfig {
  return config.commitment === "processed" ? { ...config, commitment: "confirmed" } : config;
}

/** A source of JSON-RPC, whatever `source` says. */
export function openRpc(config: IngestConfig, deps: SourceDeps): SolanaRpcSource {
  const { metrics } = deps;
  const { commitment } = config;
  if (commitment === "processed") {
    throw new CandlewickError(
      ERRORS.configuration,
      "ingest.commitment is processed, but a node's JSON-RPC gives no blocks that are less than confirmed.",
      "Set ingest.commitment to confirmed, or ingest.source to yellowstone.",
    );
  }
  return new SolanaRpcSource({
    ...deps,
    rpcUrl: config.rpcUrl,
    wsUrl: config.wsUrl,
    commitment,
    startSlot: config.startSlot,
    lookbackSlots: config.lookbackSlots,
    maxTransactionVersion: config.maxTransactionVersion,
    timeoutMs: config.requestTimeoutMs,
    maxResponseBytes: config.maxResponseBytes,
    pollMs: config.pollMs,
    watchdogMs: config.watchdogMs,
    blockAttempts: config.blockAttempts,
    notYetTimeoutMs: config.notYetTimeoutMs,
    moreRpcUrls: config.moreRpcUrls,
    requestsPerSecond: config.requestsPerSecond,
    hedge: config.hedge,
    maxBehindSlots: config.maxBehindSlots,
    quarantineMs: config.quarantineMs,
    genesis: genesisMemory(`${cursorNameOf(config)}/genesis`, deps),
    onEndpoint: (endpoint, trouble) => metrics.endpoint(endpoint, trouble),
    onRpcError: (trouble) => metrics.rpcError(trouble),
  });
}

/** The chain that is followed is kept beside the cursors, by the hash of its first block. */
function genesisMemory(name: string, { store, clock, random, logger, metrics }: SourceDeps): GenesisMemory {
  const persistence: Persistence = {
    clock,
    random,
    health: new PeerHealth("the ledger", clock, logger),
    onRetry: () => metrics.retry("ledger"),
  };
  const patience = new AbortController().signal;
  return {
    load: async () => (await persist(persistence, patience, () => store.cursor(name)))?.blockId ?? null,
    save: (blockId) => {
      const cursor = { slot: 0, blockId, blockTime: null, solPrice: null };
      return persist(persistence, patience, () => store.saveCursor(name, cursor));
    },
  };
}

/** Different recordings do not share a cursor: a second folder may hold earlier slots than the first. */
export function cursorNameOf({ cursorName, source, blocks }: IngestConfig): string {
  if (cursorName !== null) return cursorName;
  // Both follow the same chain: one may go on where the other was.
  if (source !== "replay") return "solana";
  return ["solana", "replay", ...blocks.map((path) => resolve(path))].join(":");
}
