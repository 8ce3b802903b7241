import { topicSpecs } from "@candlewick/contracts";
import { createAdmin, type KafkaConnection } from "@candlewick/kafka";
import {
  type Clock,
  collectDefaultMetrics,
  createLogger,
  type Logger,
  type Part,
  Registry,
  reportError,
  runParts,
  type Service,
  startHealthServer,
  systemClock,
} from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import type { Config } from "../configuration.ts";
import { findSources, type SourceFlags, withKafka, withStore } from "../sources.ts";

/** What a service that runs by itself is started with. */
export interface ServiceContext {
  readonly config: Config;
  readonly kafka: KafkaConnection;
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly clock: Clock;
}

const STOP_DEADLINE_MS = 15_000;

/** Runs one service in this process until a signal, its failure or its end. Resolves with the exit code. */
export async function runService(
  name: string,
  flags: SourceFlags,
  start: (context: ServiceContext) => Promise<Service>,
): Promise<number> {
  const found = findSources(flags);
  const logger = createLogger(found.config.log).child({ service: name });
  const sources = { ...found, logger };
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  return withKafka(sources, ({ connection: kafka }) =>
    withStore(
      sources,
      (store) => {
        const context = { config: found.config, kafka, store, logger, metrics, clock: systemClock };
        return runParts({
          parts: partsOf(name, context, () => start(context)),
          deadlineMs: STOP_DEADLINE_MS,
          logger,
          onStarted: () => logger.info("started"),
          onError: (error) => reportError(error),
        });
      },
      { migrate: true },
    ),
  );
}

/** The health server comes first: it tells that the process lives while the service still starts. */
function partsOf(name: string, context: ServiceContext, start: () => Promise<Service>): Part[] {
  const { health } = context.config;
  const { port } = health;
  let ready = false;
  const service: Part = {
    name,
    async start() {
      await createTopics(context);
      const started = await start();
      ready = true;
      return started;
    },
  };
  if (port === null) return [service];
  const healthPart: Part = {
    name: "health",
    async start() {
      const { host } = health;
      const readiness = () => [{ name, ready, ...(ready ? {} : { reason: "starting" }) }];
      const server = await startHealthServer({ host, port, metrics: context.metrics, readiness });
      context.logger.info("health, readiness and metrics", { url: server.url });
      return server;
    },
  };
  return [healthPart, { ...service, endsAll: true }];
}

/** Whichever service starts first creates the topics. */
async function createTopics({ config, kafka }: ServiceContext): Promise<void> {
  const admin = await createAdmin(kafka);
  try {
    await admin.createTopics(topicSpecs(config.chain.name, config.kafka.partitions));
  } finally {
    await admin.close();
  }
}
