import type { KafkaConnection } from "@candlewick/kafka";
import { CandlewickError, type Clock, ERRORS, type Logger, type Registry } from "@candlewick/runtime";
import type { ConnectionOptions, Store } from "@candlewick/store";
import type { Config } from "../configuration.ts";
import type { DataDir } from "../data-dir.ts";
import { kafkaConnectionOf } from "../kafka-connection.ts";
import type { Progress } from "./progress.ts";

/** What `up` is asked for, with all defaults decided. */
export interface UpPlan {
  readonly config: Config;
  readonly dataDir: DataDir;
  readonly source: "devnet" | "replay" | "solana";
  /** Ends with exit 0 once all recorded blocks are in the database. */
  readonly exitWhenDone: boolean;
  /** Whether Kafka and PostgreSQL are started here, or are other people's. */
  readonly embeddedBroker: boolean;
  readonly embeddedPostgres: boolean;
}

/** What the parts of `up` know of each other: each one sets what it has started for those after it. */
export class UpContext {
  readonly plan: UpPlan;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly version: string;
  #brokers: readonly string[] | null = null;
  #postgres: ConnectionOptions | null = null;
  #store: Store | null = null;
  /** Address of the web page. */
  http = "";
  /** The node that ingest follows, where it is started here. */
  rpcUrl: string | null = null;
  /** Resolves when ingest has published all there is. */
  ingestDone: Promise<void> = Promise.resolve();

  constructor(given: Pick<UpContext, "plan" | "logger" | "metrics" | "clock" | "progress" | "version">) {
    this.plan = given.plan;
    this.logger = given.logger;
    this.metrics = given.metrics;
    this.clock = given.clock;
    this.progress = given.progress;
    this.version = given.version;
  }

  set brokers(addresses: readonly string[]) {
    this.#brokers = addresses;
  }

  get brokers(): readonly string[] {
    return started(this.#brokers, "Kafka");
  }

  set postgres(connection: ConnectionOptions) {
    this.#postgres = connection;
  }

  get postgres(): ConnectionOptions {
    return started(this.#postgres, "PostgreSQL");
  }

  set store(store: Store) {
    this.#store = store;
  }

  get store(): Store {
    return started(this.#store, "the store");
  }

  /** A connection for one service. */
  kafka(clientId: string): KafkaConnection {
    return kafkaConnectionOf(this.plan.config, this.brokers, this.logger, clientId);
  }
}

function started<Value>(value: Value | null, name: string): Value {
  if (value === null)
    throw new CandlewickError(ERRORS.bug, `${name} is used before it is started`, "Please report this");
  return value;
}
