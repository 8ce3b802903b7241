import { resolve } from "node:path";
import { decodeBlock } from "@candlewick/decode";
import { BASE_MINTS } from "@candlewick/domain";
import { createProducer, type KafkaConnection } from "@candlewick/kafka";
import {
  CandlewickError,
  type Clock,
  ERRORS,
  type Logger,
  type Registry,
  type Service,
} from "@candlewick/runtime";
import { PeerHealth, type Persistence, persist } from "./backoff.ts";
import type { IngestConfig } from "./ingest-config.ts";
import { type IngestMetrics, registerMetrics } from "./metrics.ts";
import type { BlockSource, DecodeBlock, Ledger } from "./ports.ts";
import { IngestRun, type RunSettings } from "./run.ts";
import type { GenesisMemory } from "./sources/genesis-check.ts";
import { openReplay } from "./sources/replay.ts";
import { SolanaRpcSource } from "./sources/solana-rpc.ts";
import { YellowstoneSource } from "./sources/yellowstone/yellowstone.ts";

/** What ingest is given to run with. */
export interface IngestDeps {
  readonly kafka: KafkaConnection;
  readonly store: Ledger;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  /** From 0 to 1, for jitter; Math.random where absent. */
  readonly random?: () => number;
}

/**
 * Starts following a chain. `done` resolves when recorded blocks are all published, and rejects with a
 * CandlewickError where going on needs a person. Rejects like `done` where it cannot begin.
 */
export async function startIngest(config: IngestConfig, deps: IngestDeps): Promise<Service> {
  const { clock, logger, random = Math.random } = deps;
  const metrics = registerMetrics(deps.metrics);
  const source = await openSource(config, { clock, logger, random, metrics, store: deps.store });
  const producer = await createProducer(deps.kafka);
  const decode: DecodeBlock = (bytes, slot, format) => decodeBlock(format, bytes, slot);
  const ports = { source, decode, publisher: producer, ledger: deps.store };
  const run = new IngestRun({ ...ports, clock, random, logger, metrics }, runSettings(config, source));
  let deadlineAtMs = Number.POSITIVE_INFINITY;
  const closeTimeoutMs = () =>
    Math.min(CLOSE_TIMEOUT_MS, Math.max(MIN_CLOSE_TIMEOUT_MS, deadlineAtMs - clock.monotonic()));
  const done = run.done.finally(() =>
    producer.close(closeTimeoutMs()).catch((error: unknown) => {
      logger.warn("the producer did not close in order; what was not acknowledged is published again", {
        error,
      });
    }),
  );
  done.catch(() => {});
  const service: Service = {
    name: run.name,
    done,
    async stop(deadlineMs) {
      deadlineAtMs = clock.monotonic() + deadlineMs;
      await run.stop(deadlineMs);
      await done.catch(() => {});
    },
  };
  try {
    await run.start();
  } catch (error) {
    await service.stop(0);
    throw error;
  }
  return service;
}

/** For the producer's last acknowledgements; at a stop what the deadline leaves of it, but for a moment at least. */
const CLOSE_TIMEOUT_MS = 10_000;
const MIN_CLOSE_TIMEOUT_MS = 200;

interface SourceDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly metrics: IngestMetrics;
  readonly store: Ledger;
}

async function openSource(config: IngestConfig, deps: SourceDeps): Promise<BlockSource> {
  const { logger } = deps;
  if (config.source === "replay") {
    if (config.blocks.length === 0) {
      throw new CandlewickError(
        ERRORS.configuration,
        "ingest.source is replay, but ingest.blocks names no folder.",
        "Set ingest.blocks to a folder of recorded blocks.",
      );
    }
    const { blocks: paths, recursive, maxResponseBytes: maxBlockBytes } = config;
    return await openReplay({ paths, recursive, maxBlockBytes, logger });
  }
  if (config.source === "yellowstone") return await openYellowstone(config, deps);
  const source = openRpc(config, deps);
  if (config.failFast) await source.probe(config.failFastMs, new AbortController().signal);
  return source;
}

async function openYellowstone(config: IngestConfig, deps: SourceDeps): Promise<BlockSource> {
  return new YellowstoneSource({
    ...deps,
    url: config.grpcUrl,
    token: config.grpcToken,
    commitment: config.commitment,
    startSlot: config.startSlot,
    timeoutMs: config.requestTimeoutMs,
    maxMessageBytes: config.maxResponseBytes,
    maxBufferBytes: config.maxBufferBytes,
    notYetTimeoutMs: config.notYetTimeoutMs,
    fallback: config.grpcFallback
      ? openRpc(
          { ...config, commitment: config.commitment === "finalized" ? "finalized" : "confirmed" },
          deps,
        )
      : null,
    onTrouble: (kind) => deps.metrics.rpcError(kind),
  });
}

function openRpc(config: IngestConfig, deps: SourceDeps): SolanaRpcSource {
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

function runSettings(config: IngestConfig, source: BlockSource): RunSettings {
  const live = config.source !== "replay";
  return {
    rules: {
      chain: "solana",
      baseMints: [...BASE_MINTS, ...config.baseMints],
      priceRule: { maxAgeSeconds: config.priceMaxAgeSeconds, minVolumeUsd: config.priceMinVolumeUsd },
      continuity: source.continuity,
      commitment: live ? config.commitment : "confirmed",
    },
    window: config.concurrency,
    // A live chain does not wait for one bad answer; its slot stays in the ledger.
    onBadBlock: live ? "skip" : config.onBadBlock,
    cursorName: cursorNameOf(config),
    finalityEveryMs: config.finalityMs,
    format: { chain: "solana", partitionKey: config.partitionKey },
    late: {
      when: live ? "rounds" : "once",
      everyMs: config.retryFailedMs,
      perRound: live ? config.retryFailedSlots : Number.MAX_SAFE_INTEGER,
    },
  };
}

/** Different recordings do not share a cursor: a second folder may hold earlier slots than the first. */
function cursorNameOf({ cursorName, source, blocks }: IngestConfig): string {
  if (cursorName !== null) return cursorName;
  // Both follow the same chain: one may go on where the other was.
  if (source !== "replay") return "solana";
  return ["solana", "replay", ...blocks.map((path) => resolve(path))].join(":");
}
