import { existsSync } from "node:fs";
import type { KafkaConnection } from "@candlewick/kafka";
import {
  CandlewickError,
  createLogger,
  ERRORS,
  type ErrorKind,
  type Logger,
  systemClock,
} from "@candlewick/runtime";
import { type ConnectionOptions, openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";
import type { Command } from "commander";
import { type BrokerService, startBrokerService } from "./broker-service.ts";
import { type Config, readConfig } from "./configuration.ts";
import { type DataDir, dataDirAt, defaultDataDir } from "./data-dir.ts";
import { kafkaConnectionOf } from "./kafka-connection.ts";
import { readRunning } from "./running-up.ts";

/** Where a command that reads finds its data. */
export interface SourceFlags {
  readonly data?: string;
  readonly databaseUrl?: string;
  readonly brokers?: string;
  readonly config?: string;
}

export function addStoreFlags(command: Command): Command {
  return command
    .option(
      "--data <dir>",
      "the data folder: joins what runs on it, or starts the embedded PostgreSQL for a moment",
    )
    .option(
      "--database-url <url>",
      "a PostgreSQL server instead: postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    )
    .option("--config <file>", "YAML file with the configuration");
}

export function addKafkaFlags(command: Command): Command {
  return command
    .option(
      "--data <dir>",
      "the data folder: joins what runs on it, or starts the embedded broker for a moment",
    )
    .option("--brokers <list>", "a Kafka cluster instead: HOST:PORT,HOST:PORT")
    .option("--config <file>", "YAML file with the configuration");
}

/** What a command that reads is given: its configuration, its folder, and a log for what goes wrong. */
export interface Sources {
  readonly config: Config;
  readonly dataDir: DataDir;
  readonly logger: Logger;
  /** An address that was given, by a flag or otherwise; null: the data folder. */
  readonly databaseUrl: string | null;
  readonly brokers: readonly string[] | null;
}

/**
 * Decides where data are read from. A flag for an address goes first, then a flag for a folder, then
 * addresses of the configuration and DATABASE_URL, then the default folder.
 */
export function findSources(flags: SourceFlags): Sources {
  const brokers = flags.brokers?.split(",").map((address) => address.trim());
  const overrides = {
    kafka: { brokers },
    database: { url: flags.databaseUrl ?? (flags.data === undefined ? process.env.DATABASE_URL : undefined) },
  };
  const config = readConfig(flags.config, overrides);
  const named = flags.data !== undefined;
  const hasBrokers = brokers !== undefined || (!named && isConfigured(flags, "CANDLEWICK_KAFKA__BROKERS"));
  return {
    config,
    dataDir: dataDirAt(flags.data ?? defaultDataDir()),
    // Data are the point of these commands: only what goes wrong is told beside them.
    logger: createLogger({ ...config.log, level: config.log.level === "info" ? "warn" : config.log.level }),
    databaseUrl: named && flags.databaseUrl === undefined ? null : config.database.url,
    brokers: hasBrokers ? config.kafka.brokers : null,
  };
}

/** Brokers have a default, so their value does not tell whether somebody meant them. */
function isConfigured({ config }: SourceFlags, variable: string): boolean {
  return config !== undefined || process.env[variable] !== undefined;
}

/** A command that reads asks one question after the other. */
const READING_POOL_SIZE = 2;

/**
 * Opens the database for as long as `use` takes. The schema of somebody else's server is brought up to date
 * only where `migrate` says so; that of a server that was started here always is. Without `migrate`, `use`
 * only reads, and may be called again where the server that it was joined to went away.
 */
export async function withStore<Result>(
  sources: Sources,
  use: (store: Store) => Promise<Result>,
  { migrate = false } = {},
): Promise<Result> {
  const { logger, databaseUrl } = sources;
  const poolSize = migrate ? sources.config.database.poolSize : READING_POOL_SIZE;
  const open = async (connection: ConnectionOptions, mayMigrate: boolean) => {
    const store = await openStore({ connection, logger, poolSize, migrate: mayMigrate });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  };
  if (databaseUrl !== null) return open({ url: databaseUrl }, migrate);
  return whileOthersLetGo(ERRORS.databaseUnreachable, migrate, async () => {
    const running = readRunning(sources.dataDir.root);
    if (running !== null) return open(running.postgres, migrate);
    requireFolder(sources.dataDir.postgres, sources.dataDir, "--database-url");
    const dataDir = sources.dataDir.postgres;
    const server = await startEmbeddedPostgres({ dataDir, logger, whenOwned: "join" });
    try {
      return await open(server.connection, migrate || server.mode !== "joined");
    } finally {
      await server.stop();
    }
  });
}

/** How the brokers were found: where nobody else runs on the folder, no record can be added while we read. */
export interface FoundKafka {
  readonly connection: KafkaConnection;
  readonly isOurs: boolean;
}

/** Finds the brokers, and starts the embedded one where none runs, for as long as `use` takes. */
export async function withKafka<Result>(
  sources: Sources,
  use: (kafka: FoundKafka) => Promise<Result>,
): Promise<Result> {
  const found = await whileOthersLetGo(ERRORS.dataDirLocked, false, () => findKafka(sources));
  try {
    const connection = kafkaConnectionOf(sources.config, found.addresses, sources.logger);
    return await use({ connection, isOurs: found.broker !== null });
  } finally {
    await found.broker?.stop(STOP_DEADLINE_MS);
  }
}

async function findKafka(
  sources: Sources,
): Promise<{ addresses: readonly string[]; broker: BrokerService | null }> {
  const addresses = sources.brokers ?? readRunning(sources.dataDir.root)?.brokers;
  if (addresses !== undefined) return { addresses, broker: null };
  requireFolder(sources.dataDir.broker, sources.dataDir, "--brokers");
  const options = { dataDir: sources.dataDir.broker, port: 0, autoCreateTopics: false };
  const broker = await startBrokerService(options, sources.logger);
  return { addresses: [broker.address], broker };
}

const STOP_DEADLINE_MS = 10_000;
const ATTEMPTS = 12;
const PAUSE_MS = 250;

/**
 * Two commands can meet on a folder where nothing runs: what the first has started for itself ends while
 * the second still needs it, or is in its way. Tries again for a moment, as that passes by itself.
 */
async function whileOthersLetGo<Result>(
  kind: ErrorKind,
  once: boolean,
  action: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      const passes = error instanceof CandlewickError && error.code === kind.code;
      if (!passes || once || attempt === ATTEMPTS) throw error;
      await systemClock.delay(PAUSE_MS);
    }
  }
}

function requireFolder(folder: string, dataDir: DataDir, flag: string): void {
  if (existsSync(folder)) return;
  throw new CandlewickError(
    ERRORS.badInput,
    `there are no data in ${dataDir.root}`,
    `Run "candlewick up --data ${dataDir.root}" first, or name another place with --data or ${flag}`,
  );
}
