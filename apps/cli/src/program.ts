import { Command } from "commander";
import { applyUsageRules, example } from "./usage.ts";
import { version } from "./version.ts";

/** The commands in the order of the help, each loaded only when it is needed: they bring much along. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import("./commands/up.ts")).upCommand(),
  candles: async () => (await import("./commands/candles.ts")).candlesCommand(),
  pairs: async () => (await import("./commands/pairs.ts")).pairsCommand(),
  trades: async () => (await import("./commands/trades.ts")).tradesCommand(),
  tail: async () => (await import("./commands/tail.ts")).tailCommand(),
  produce: async () => (await import("./commands/produce.ts")).produceCommand(),
  topics: async () => (await import("./commands/topics.ts")).topicsCommand(),
  groups: async () => (await import("./commands/groups.ts")).groupsCommand(),
  dlq: async () => (await import("./commands/dlq.ts")).dlqCommand(),
  verify: async () => (await import("./commands/verify.ts")).verifyCommand(),
  decode: async () => (await import("./commands/decode.ts")).decodeCommand(),
  aggregate: async () => (await import("./commands/aggregate.ts")).aggregateCommand(),
  ingest: async () => (await import("./commands/ingest.ts")).ingestCommand(),
  backfill: async () => (await import("./commands/backfill.ts")).backfillCommand(),
  ledger: async () => (await import("./commands/ledger.ts")).ledgerCommand(),
  dataflow: async () => (await import("./commands/dataflow.ts")).dataflowCommand(),
  market: async () => (await import("./commands/market.ts")).marketCommand(),
  serve: async () => (await import("./commands/serve.ts")).serveCommand(),
  broker: async () => (await import("./commands/broker.ts")).brokerCommand(),
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand(),
  config: async () => (await import("./commands/config.ts")).configCommand(),
};

/** `candlewick` with the command that the arguments name, or with all of them where they name none. */
export async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("candlewick")
    .description("Market data that can be trusted from the swaps of decentralised exchanges.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help");
  const named = Object.hasOwn(COMMANDS, args[0] ?? "") ? COMMANDS[args[0] ?? ""] : undefined;
  const isVersion = args[0] === "--version" || args[0] === "-V";
  const loaders = named !== undefined ? [named] : isVersion ? [] : Object.values(COMMANDS);
  for (const command of await Promise.all(loaders.map((load) => load()))) program.addCommand(command);
  applyUsageRules(program);
  return example(program, "candlewick up", "candlewick decode block.json.gz");
}
