import { existsSync } from "node:fs";
import {
  CandlewickError,
  collectDefaultMetrics,
  createLogger,
  ERRORS,
  type Part,
  Registry,
  reportError,
  runParts,
  systemClock,
} from "@candlewick/runtime";
import { makeDataDir } from "../data-dir.ts";
import { note } from "../output.ts";
import { readRunning } from "../running-up.ts";
import { version } from "../version.ts";
import { printBanner } from "./banner.ts";
import { devnetPart } from "./devnet.ts";
import { diskSpacePart } from "./disk-space.ts";
import { endOfReplayPart } from "./end-of-replay.ts";
import { Progress } from "./progress.ts";
import { brokerPart, postgresPart } from "./servers.ts";
import { dataflowPart, ingestPart, marketPart, servePart, storePart, topicsPart } from "./services.ts";
import { UpContext, type UpPlan } from "./up-context.ts";

const STOP_DEADLINE_MS = 15_000;

/** Runs all of Candlewick in this process until a signal; resolves with the exit code. */
export async function runUp(plan: UpPlan): Promise<number> {
  refuseSecond(plan);
  makeDataDir(plan.dataDir);
  const context = new UpContext({
    plan,
    logger: createLogger(plan.config.log),
    metrics: new Registry(),
    clock: systemClock,
    progress: new Progress(systemClock, process.stderr.isTTY === true),
    version: version(),
  });
  collectDefaultMetrics({ register: context.metrics });
  if (!plan.embeddedBroker) context.brokers = plan.config.kafka.brokers;
  if (plan.config.database.url !== null) context.postgres = { url: plan.config.database.url };
  const beQuiet = announceStop();
  try {
    return await runParts({
      parts: partsOf(context),
      deadlineMs: STOP_DEADLINE_MS,
      logger: context.logger,
      onStarted: () => printBanner(context),
      onError: (error) => reportError(error),
    });
  } finally {
    beQuiet();
  }
}

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Tells the person who stops it that this was heard. Returns what ends the telling. */
function announceStop(): () => void {
  const say = () => {
    beQuiet();
    note("  Stopping; a second Ctrl-C ends it at once.");
  };
  const beQuiet = () => {
    for (const signal of STOP_SIGNALS) process.off(signal, say);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, say);
  return beQuiet;
}

/** In the order of starting: what is needed first stops last. */
function partsOf(context: UpContext): Part[] {
  const { plan } = context;
  const keepsData = plan.embeddedPostgres || plan.embeddedBroker;
  return [
    ...(keepsData ? [diskSpacePart(context)] : []),
    ...(plan.embeddedPostgres ? [postgresPart(context)] : []),
    storePart(context),
    ...(plan.embeddedBroker ? [brokerPart(context)] : []),
    topicsPart(context),
    ...(plan.source === "devnet" ? [devnetPart(context)] : []),
    dataflowPart(context),
    marketPart(context),
    servePart(context),
    ingestPart(context),
    ...(plan.exitWhenDone ? [endOfReplayPart(context)] : []),
  ];
}

function refuseSecond({ dataDir }: UpPlan): void {
  const running = existsSync(dataDir.root) ? readRunning(dataDir.root) : null;
  if (running === null) return;
  throw new CandlewickError(
    ERRORS.dataDirLocked,
    `another "candlewick up" (pid ${running.pid}) already uses ${dataDir.root}`,
    `Open ${running.http}, or stop it first, or name another folder with --data`,
  );
}
