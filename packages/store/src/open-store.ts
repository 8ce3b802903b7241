import { CandlewickError, ERRORS, type Logger } from "@candlewick/runtime";
import { writeCheckpoint } from "./checkpoint/checkpoint.ts";
import { TradePartitions } from "./checkpoint/trade-partition.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Database, type Transaction } from "./database.ts";
import { readPools, writePools } from "./facts/pools.ts";
import { readTokens, writeTokens } from "./facts/tokens.ts";
import { keepCursor, readCursor, readSourcePositions, writeCursor } from "./ledger/cursor.ts";
import { closePublications, notePublications, readPublications } from "./ledger/publications.ts";
import {
  countUnsettled,
  readSlots,
  readToRetry,
  readUnsettled,
  reopenSlots,
  writeSlots,
} from "./ledger/slots.ts";
import { noteMissing, readGaps, readSummary } from "./ledger/summary.ts";
import { migrate, refuseNewer, SCHEMA_VERSION, storedVersion } from "./migrations/migrate.ts";
import { readCandles } from "./reads/candles.ts";
import { readOffsets } from "./reads/offsets.ts";
import { readPair, readPairs } from "./reads/pairs.ts";
import { readSnapshot } from "./reads/snapshot.ts";
import { readStatus } from "./reads/status.ts";
import { readTrades } from "./reads/trades.ts";
import type { Store } from "./store.ts";
import { verifyStore } from "./verify/verify.ts";

export interface OpenStoreOptions {
  readonly connection: ConnectionOptions;
  readonly logger: Logger;
  /** Connections at most. Default 6. */
  readonly poolSize?: number;
  /** Brings the schema up to date first. Default true; false: an older schema is an error too. */
  readonly migrate?: boolean;
}

/** PostgreSQL 15, as `server_version_num` writes it. */
const OLDEST_SERVER = 150_000;

/** Connects. Rejects with DATABASE_UNREACHABLE, CONFIGURATION (refused credentials, old server) or SCHEMA_NEWER. */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const database = new Database(options.connection, options.poolSize ?? 6, options.logger);
  try {
    await prepare(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
  return storeOn(database, options.logger);
}

async function prepare(
  database: Database,
  { logger, migrate: wanted = true }: OpenStoreOptions,
): Promise<void> {
  await database.withClient(async (client) => {
    const { rows } = await client.query<{ version: string }>(
      "SELECT current_setting('server_version_num') AS version",
    );
    if (Number(rows[0]?.version) < OLDEST_SERVER) {
      throw new CandlewickError(
        ERRORS.configuration,
        `PostgreSQL at ${database.where} is older than version 15`,
        "use PostgreSQL 15 or newer",
      );
    }
    if (wanted) {
      const { from, to } = await migrate(client);
      if (from < to) logger.info("the database schema was brought up to date", { from, to });
      return;
    }
    const version = await storedVersion(client);
    refuseNewer(version);
    if (version < SCHEMA_VERSION) {
      throw new CandlewickError(
        ERRORS.configuration,
        `the database at ${database.where} has schema version ${version} and this program needs ${SCHEMA_VERSION}`,
        "let dataflow or candlewick up bring it up to date first",
      );
    }
  });
}

function storeOn(database: Database, logger: Logger): Store {
  const checkpointDeps = {
    database,
    logger,
    partitions: new TradePartitions(database),
    recent: { batchesSinceDuplicates: 0 },
  };
  const write = <Result>(work: (transaction: Transaction) => Promise<Result>) =>
    database.transaction("read-write", work);
  const read = <Result>(work: (transaction: Transaction) => Promise<Result>) =>
    database.transaction("snapshot", work);
  return {
    offsets: (group, names) => read((transaction) => readOffsets(transaction, group, names)),
    checkpoint: (batch) => writeCheckpoint(checkpointDeps, batch),
    sourcePositions: () => read((transaction) => readSourcePositions(transaction)),
    cursor: (name) => read((transaction) => readCursor(transaction, name)),
    saveCursor: (name, cursor) => write((transaction) => writeCursor(transaction, name, cursor)),
    keepCursor: (name, cursor) => write((transaction) => keepCursor(transaction, name, cursor)),
    recordSlots: (chain, entries) => write((transaction) => writeSlots(transaction, chain, entries)),
    unsettledSlots: (chain, limit, range) =>
      read((transaction) => readUnsettled(transaction, chain, limit, range)),
    slotsToRetry: (chain, page) => read((transaction) => readToRetry(transaction, chain, page)),
    unsettledCount: (chain) => read((transaction) => countUnsettled(transaction, chain)),
    reopenSlots: (chain, slots) => write((transaction) => reopenSlots(transaction, chain, slots)),
    slotEntries: (chain, range, limit) => read((transaction) => readSlots(transaction, chain, range, limit)),
    notePublications: (chain, blocks) => write((transaction) => notePublications(transaction, chain, blocks)),
    publications: (chain, range, limit) =>
      read((transaction) => readPublications(transaction, chain, range, limit)),
    closePublications: (chain, closed) =>
      write((transaction) => closePublications(transaction, chain, closed)),
    noteMissingSlots: (chain, range, reason) =>
      write((transaction) => noteMissing(transaction, chain, range, reason)),
    ledgerSummary: (chain) => read((transaction) => readSummary(transaction, chain)),
    ledgerGaps: (chain, limit) => read((transaction) => readGaps(transaction, chain, limit)),
    tokens: (chain, mints) => read((transaction) => readTokens(transaction, chain, mints)),
    saveTokens: (chain, tokens) => write((transaction) => writeTokens(transaction, chain, tokens)),
    pools: (chain, addresses) => read((transaction) => readPools(transaction, chain, addresses)),
    savePools: (chain, pools) => write((transaction) => writePools(transaction, chain, pools)),
    snapshot: (group, options) => read((transaction) => readSnapshot(transaction, group, options)),
    pairs: (filter = {}) => read((transaction) => readPairs(transaction, filter)),
    pair: (address, chain) => read((transaction) => readPair(transaction, address, chain)),
    candles: (query) => read((transaction) => readCandles(transaction, query)),
    trades: (query) => read((transaction) => readTrades(transaction, query)),
    status: () => read(readStatus),
    verify: (options = {}) => verifyStore(database, options),
    close: () => database.close(),
  };
}
