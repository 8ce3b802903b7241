import { type Broker, BrokerError, startBroker } from "@candlewick/broker";
import type { Part, Service } from "@candlewick/runtime";
import { startEmbeddedPostgres } from "@candlewick/store";
import { brokerFailure, brokerLog } from "../broker-failure.ts";
import type { UpContext } from "./up-context.ts";

/** The real PostgreSQL from npm, in the data folder. */
export function postgresPart(context: UpContext): Part {
  return {
    name: "PostgreSQL",
    start: () =>
      context.progress.step("PostgreSQL", async () => {
        const { logger, plan } = context;
        const server = await startEmbeddedPostgres({ dataDir: plan.dataDir.postgres, logger });
        context.postgres = server.connection;
        return { name: "PostgreSQL", done: server.done, stop: () => server.stop() };
      }),
  };
}

/** The embedded Kafka broker, in the data folder. */
export function brokerPart(context: UpContext): Part {
  return {
    name: "Kafka",
    start: () =>
      context.progress.step("Kafka (embedded)", async () => {
        const broker = await startPreferred(context);
        context.brokers = [broker.address];
        return brokerService(broker);
      }),
  };
}

/** Takes Kafka's usual port where it is free, so that other clients find it; else any. */
async function startPreferred(context: UpContext): Promise<Broker> {
  const { plan, logger } = context;
  const options = {
    dataDir: plan.dataDir.broker,
    host: "127.0.0.1",
    autoCreateTopics: false,
    fsync: "acks-all",
    // Nobody else will join a group that is this small: waiting for members only delays the start.
    groupInitialRebalanceDelayMs: 0,
    log: brokerLog(logger.child({ service: "broker" })),
  } as const;
  try {
    return await startBroker({ ...options, port: 9092 });
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== "PORT_IN_USE") throw brokerFailure(error);
  }
  return startBroker({ ...options, port: 0 }).catch((error: unknown) => {
    throw brokerFailure(error);
  });
}

function brokerService(broker: Broker): Service {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  return {
    name: "Kafka",
    done,
    async stop() {
      await broker.stop().finally(finish);
    },
  };
}
