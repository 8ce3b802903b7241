import type { Command } from "commander";

/** A command as the help lists it; the command itself is loaded only when it is needed, and brings much along. */
export interface ListedCommand {
  readonly name: string;
  /** Its arguments. */
  readonly takes?: string;
  readonly about: string;
  load(): Promise<Command>;
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly ListedCommand[] = [
  {
    name: "up",
    about: "run everything: Kafka, PostgreSQL, a source of blocks, the pipeline and the web page",
    load: async () => (await import("./commands/up.ts")).upCommand(),
  },
  {
    name: "candles",
    about: "print the candles of a pair, oldest first",
    load: async () => (await import("./commands/candles.ts")).candlesCommand(),
  },
  {
    name: "pairs",
    about: "print the pairs, those with the most volume of the last day first",
    load: async () => (await import("./commands/pairs.ts")).pairsCommand(),
  },
  {
    name: "trades",
    about: "print the trades of a pair, newest first; as JSON they are whole TradeWithPair objects",
    load: async () => (await import("./commands/trades.ts")).tradesCommand(),
  },
  {
    name: "tail",
    takes: "<topic>",
    about:
      "print the records of a topic as they come; on a data folder where nothing runs, those that are there",
    load: async () => (await import("./commands/tail.ts")).tailCommand(),
  },
  {
    name: "produce",
    takes: "<topic> [files...]",
    about: "write messages to a topic: the lines of files or of standard input, or whole files",
    load: async () => (await import("./commands/produce.ts")).produceCommand(),
  },
  {
    name: "topics",
    about: "create, list, describe, change and delete topics",
    load: async () => (await import("./commands/topics.ts")).topicsCommand(),
  },
  {
    name: "groups",
    about: "list, describe, move and delete consumer groups",
    load: async () => (await import("./commands/groups.ts")).groupsCommand(),
  },
  {
    name: "dlq",
    about: "list, show, replay and drop records that could not be processed",
    load: async () => (await import("./commands/dlq.ts")).dlqCommand(),
  },
  {
    name: "verify",
    about:
      "recompute candles, prices and counts from the stored trades, and compare them with what is stored",
    load: async () => (await import("./commands/verify.ts")).verifyCommand(),
  },
  {
    name: "decode",
    takes: "<file...>",
    about: "print the trades of recorded blocks, one JSON object per line, in the order of execution",
    load: async () => (await import("./commands/decode.ts")).decodeCommand(),
  },
  {
    name: "aggregate",
    takes: "<file>",
    about: "print the candles of a CSV file of trades, or roll candles up to longer ones",
    load: async () => (await import("./commands/aggregate.ts")).aggregateCommand(),
  },
  {
    name: "ingest",
    about: "run ingest by itself: reads blocks, publishes trades and blocks to Kafka",
    load: async () => (await import("./commands/ingest.ts")).ingestCommand(),
  },
  {
    name: "backfill",
    about: "fetch and publish the slots of a range that are missing or failed, or were never reached",
    load: async () => (await import("./commands/backfill.ts")).backfillCommand(),
  },
  {
    name: "ledger",
    about: "show what became of every slot: processed, skipped, failed, missing, and where there are gaps",
    load: async () => (await import("./commands/ledger.ts")).ledgerCommand(),
  },
  {
    name: "dataflow",
    about: "run dataflow by itself: trades and candles from Kafka into PostgreSQL, exactly once",
    load: async () => (await import("./commands/dataflow.ts")).dataflowCommand(),
  },
  {
    name: "market",
    about: "run market by itself: live prices and candles of all pairs, published to Kafka",
    load: async () => (await import("./commands/market.ts")).marketCommand(),
  },
  {
    name: "serve",
    about: "run serve by itself: HTTP, WebSocket and the web page",
    load: async () => (await import("./commands/serve.ts")).serveCommand(),
  },
  {
    name: "broker",
    about: "run the embedded Kafka broker alone; any Kafka client can use it",
    load: async () => (await import("./commands/broker.ts")).brokerCommand(),
  },
  {
    name: "doctor",
    about: "check whether this machine can run Candlewick, and say what to do where not",
    load: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  },
  {
    name: "config",
    about: "show the configuration",
    load: async () => (await import("./commands/config.ts")).configCommand(),
  },
];
