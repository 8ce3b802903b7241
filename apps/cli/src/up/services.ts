import { topicSpecs } from "@candlewick/contracts";
import { startDataflow } from "@candlewick/dataflow";
import { parseInterval } from "@candlewick/domain";
import { startIngest } from "@candlewick/ingest";
import { createAdmin } from "@candlewick/kafka";
import { startMarket } from "@candlewick/market";
import type { Part, Service } from "@candlewick/runtime";
import { startServe } from "@candlewick/serve";
import { openStore } from "@candlewick/store";
import { writeRunning } from "../running-up.ts";
import { webRoot } from "../web-root.ts";
import type { UpContext } from "./up-context.ts";

const CHAIN = "solana";

/** Connects to PostgreSQL and brings its schema up to date. */
export function storePart(context: UpContext): Part {
  return {
    name: "schema",
    start: () =>
      context.progress.step("schema", async () => {
        const { poolSize } = context.plan.config.database;
        const store = await openStore({ connection: context.postgres, logger: context.logger, poolSize });
        context.store = store;
        return untilStopped("store", () => store.close());
      }),
  };
}

/** Creates the topics that are missing. */
export function topicsPart(context: UpContext): Part {
  return {
    name: "topics",
    start: () =>
      context.progress.step("topics", async () => {
        const admin = await createAdmin(context.kafka("up"));
        try {
          await admin.createTopics(topicSpecs(CHAIN, context.plan.config.kafka.partitions));
        } finally {
          await admin.close();
        }
        return untilStopped("topics", async () => undefined);
      }),
  };
}

export function dataflowPart(context: UpContext): Part {
  return {
    name: "dataflow",
    start: () =>
      context.progress.step("dataflow", () =>
        startDataflow(context.plan.config.dataflow, { ...shared(context, "dataflow"), chain: CHAIN }),
      ),
  };
}

export function marketPart(context: UpContext): Part {
  const { market, dataflow } = context.plan.config;
  return {
    name: "market",
    start: () =>
      context.progress.step("market", () =>
        startMarket(market, {
          ...shared(context, "market"),
          chain: CHAIN,
          intervals: dataflow.intervals.map(parseInterval),
          dataflowGroup: dataflow.group,
        }),
      ),
  };
}

export function ingestPart(context: UpContext): Part {
  return {
    name: "ingest",
    start: () =>
      context.progress.step("ingest", async () => {
        const { ingest } = context.plan.config;
        const config = context.rpcUrl === null ? ingest : { ...ingest, rpcUrl: context.rpcUrl };
        const service = await startIngest(config, shared(context, "ingest"));
        context.ingestDone = service.done;
        return service;
      }),
  };
}

/** HTTP, WebSocket and the page; once it listens others may join what runs here. */
export function servePart(context: UpContext): Part {
  return {
    name: "serve",
    start: () =>
      context.progress.step("web page", async () => {
        const { serve, dataflow } = context.plan.config;
        const config = { ...serve, webRoot: serve.webRoot ?? webRoot(), dataflowGroup: dataflow.group };
        const service = await startServe(config, {
          ...shared(context, "serve"),
          version: context.version,
          intervals: dataflow.intervals.map(parseInterval),
        });
        context.http = service.url;
        const withdraw = writeRunning(context.plan.dataDir.root, {
          brokers: [...context.brokers],
          http: service.url,
          postgres: context.postgres,
        });
        return {
          ...service,
          stop(deadlineMs) {
            withdraw();
            return service.stop(deadlineMs);
          },
        };
      }),
  };
}

function shared(context: UpContext, name: string) {
  const { store, metrics, clock } = context;
  return {
    kafka: context.kafka(name),
    store,
    metrics,
    clock,
    logger: context.logger.child({ service: name }),
  };
}

function untilStopped(name: string, release: () => Promise<void>): Service {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  return {
    name,
    done,
    async stop() {
      await release();
      finish();
    },
  };
}
