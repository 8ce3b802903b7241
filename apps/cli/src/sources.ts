import { existsSync } from "node:fs";
import type { KafkaConnection } from "@candlewick/kafka";
import { CandlewickError, createLogger, ERRORS, type Logger } from "@candlewick/runtime";
import { type ConnectionOptions, openStore, type Store, startEmbeddedPostgres } from "@candlewick/store";
import type { Command } from "commander";
import { startBrokerService } from "./broker-service.ts";
import { type Config, readConfig } from "./configuration.ts";
import { type DataDir, dataDirAt, defaultDataDir, readRunning } from "./data-dir.ts";

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

/** Opens the database for as long as `use` takes. */
export async function withStore<Result>(
  sources: Sources,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  const { logger, databaseUrl } = sources;
  const open = async (connection: ConnectionOptions, migrate: boolean) => {
    const store = await openStore({ connection, logger, poolSize: 2, migrate });
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  };
  if (databaseUrl !== null) return open({ url: databaseUrl }, false);
  const running = readRunning(sources.dataDir.root);
  if (running !== null) return open(running.postgres, false);
  requireFolder(sources.dataDir.postgres, sources.dataDir, "--database-url");
  const server = await startEmbeddedPostgres({
    dataDir: sources.dataDir.postgres,
    logger,
    whenOwned: "join",
  });
  try {
    return await open(server.connection, server.mode !== "joined");
  } finally {
    await server.stop();
  }
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
  const running = sources.brokers === null ? readRunning(sources.dataDir.root) : null;
  const addresses = sources.brokers ?? running?.brokers;
  if (addresses !== undefined) return use({ connection: connectionTo(addresses, sources), isOurs: false });
  requireFolder(sources.dataDir.broker, sources.dataDir, "--brokers");
  const broker = await startBrokerService({ dataDir: sources.dataDir.broker, port: 0 }, sources.logger);
  try {
    return await use({ connection: connectionTo([broker.address], sources), isOurs: true });
  } finally {
    await broker.stop(STOP_DEADLINE_MS);
  }
}

const STOP_DEADLINE_MS = 10_000;

/** The connection to a cluster as the section `kafka` describes it. */
export function connectionTo(
  brokers: readonly string[],
  { config, logger }: Pick<Sources, "config" | "logger">,
): KafkaConnection {
  const { clientId, tls, sasl } = config.kafka;
  return { brokers, clientId, logger, ...(tls ? { tls: {} } : {}), ...(sasl === null ? {} : { sasl }) };
}

function requireFolder(folder: string, dataDir: DataDir, flag: string): void {
  if (existsSync(folder)) return;
  throw new CandlewickError(
    ERRORS.badInput,
    `there are no data in ${dataDir.root}`,
    `Run "candlewick up --data ${dataDir.root}" first, or name another place with --data or ${flag}`,
  );
}
