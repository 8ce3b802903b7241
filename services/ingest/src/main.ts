import { decodeBlock, openDecodePool, readBlockFile } from "@candlewick/decode";
import { BASE_MINTS } from "@candlewick/domain";
import { createProducer, type KafkaConnection } from "@candlewick/kafka";
import type { Clock, Logger, Registry, Service } from "@candlewick/runtime";
import type { IngestConfig } from "./ingest-config.ts";
import { type IngestMetrics, registerMetrics } from "./metrics.ts";
import { cursorNameOf, openSource } from "./open-source.ts";
import { type DirectoryStore, PairDirectory } from "./pair-directory.ts";
import type { BlockSource, DecodeBlock, IngestPorts, Ledger } from "./ports.ts";
import { IngestRun, type RunSettings } from "./run.ts";
import type { SettlementRules } from "./settlement.ts";

/** What ingest is given to run with. */
export interface IngestDeps {
  readonly kafka: KafkaConnection;
  /** The ledger; where it keeps tokens and pools as well, trades tell what is known of their pairs. */
  readonly store: Ledger & Partial<DirectoryStore>;
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
  const producer = await createProducer(deps.kafka, { metrics: deps.metrics });
  const decoder = openDecoder(config.decodeThreads);
  const directory = openDirectory(config, source, deps, metrics);
  const ports: IngestPorts = {
    source,
    decode: decoder.decode,
    publisher: producer,
    ledger: deps.store,
    clock,
    random,
    logger,
    metrics,
    ...directory,
  };
  const run = new IngestRun(ports, runSettings(config, source, directory.directory));
  let deadlineAtMs = Number.POSITIVE_INFINITY;
  const closeTimeoutMs = () =>
    Math.min(CLOSE_TIMEOUT_MS, Math.max(MIN_CLOSE_TIMEOUT_MS, deadlineAtMs - clock.monotonic()));
  const done = run.done.finally(async () => {
    await decoder.close();
    await producer.close(closeTimeoutMs()).catch((error: unknown) => {
      logger.warn("the producer did not close in order; what was not acknowledged is published again", {
        error,
      });
    });
  });
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

/** Decodes where the loop is, or in threads of its own. */
export function openDecoder(threads: number): { decode: DecodeBlock; close(): Promise<void> } {
  if (threads === 0) {
    return {
      decode: async (block, slot, format) =>
        decodeBlock(
          format,
          block instanceof Uint8Array ? block : await readBlockFile(block.path, block.maxBytes),
          slot,
        ),
      close: async () => {},
    };
  }
  const pool = openDecodePool({ workers: threads, maxWaiting: 1_024 });
  return {
    // Bytes of a stream's buffer are needed again where a block is reopened: they are copied.
    decode: (block, slot, format) =>
      block instanceof Uint8Array
        ? pool.decode(format, block, slot, { transfer: format === "json" })
        : pool.decodeFile(block.path, block.maxBytes, slot),
    close: () => pool.close(),
  };
}

/** What the settlement of blocks from a source depends on. */
export function settlementRules(config: IngestConfig, source: BlockSource): SettlementRules {
  return {
    chain: "solana",
    baseMints: [...BASE_MINTS, ...config.baseMints],
    priceRule: { maxAgeSeconds: config.priceMaxAgeSeconds, minVolumeUsd: config.priceMinVolumeUsd },
    continuity: source.continuity,
    commitment: config.source === "replay" ? "confirmed" : config.commitment,
  };
}

/** What is known of tokens and pools, where the store keeps it and the configuration wants it. */
export function openDirectory(
  config: IngestConfig,
  { accounts = null }: BlockSource,
  { store, clock, logger }: IngestDeps,
  metrics: IngestMetrics,
): Pick<IngestPorts, "directory" | "savePools"> {
  const { tokens, saveTokens, pools, savePools } = store;
  const kept =
    tokens !== undefined && saveTokens !== undefined && pools !== undefined && savePools !== undefined;
  if (!config.metadata || !kept) return {};
  const directory = new PairDirectory({
    chain: "solana",
    store: { tokens, saveTokens, pools, savePools },
    readAccounts: accounts,
    clock,
    logger,
    everyMs: config.metadataMs,
    maxAgeMs: config.metadataMaxAgeMs,
    onLookup: (outcome, count) => metrics.lookup(outcome, count),
  });
  return { directory, savePools: (created) => savePools("solana", created) };
}

/** Rules that put what a directory knows on trades. */
export function describedBy(directory: PairDirectory | undefined, rules: SettlementRules): SettlementRules {
  if (directory === undefined) return rules;
  return { ...rules, describe: (decoded, trades) => directory.describe(decoded, trades) };
}

function runSettings(config: IngestConfig, source: BlockSource, directory?: PairDirectory): RunSettings {
  const live = config.source !== "replay";
  return {
    rules: describedBy(directory, settlementRules(config, source)),
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
