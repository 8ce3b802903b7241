import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { readConfig } from "../configuration.ts";
import { dataDirAt, defaultDataDir } from "../data-dir.ts";
import { runUp } from "../up/run-up.ts";
import type { UpPlan } from "../up/up-context.ts";
import { example } from "../usage.ts";

interface UpFlags {
  readonly data?: string;
  readonly port?: number;
  readonly source?: UpPlan["source"];
  readonly blocks?: string;
  readonly rpc?: string;
  readonly brokers?: string;
  readonly databaseUrl?: string;
  readonly exitWhenDone?: boolean;
  readonly config?: string;
}

/** `up`: everything, in one process. */
export function upCommand(): Command {
  const command = new Command("up")
    .option("--data <dir>", "folder for all data (default: $CANDLEWICK_DATA, else ~/.candlewick)")
    .option("--port <n>", "port of the web page (default: 8080; 0 takes a free one)", portNumber)
    .addOption(
      new Option(
        "--source <name>",
        "where blocks come from (default: devnet, a simulated Solana node)",
      ).choices(["devnet", "replay", "solana"]),
    )
    .option("--blocks <dir>", "folder of recorded getBlock results, for --source replay")
    .option("--rpc <url>", "JSON-RPC of a Solana node, for --source solana")
    .option("--brokers <host:port,..>", "use this Kafka instead of the embedded one")
    .option("--database-url <url>", "use this PostgreSQL instead of the embedded one")
    .option("--exit-when-done", "end with exit code 0 once a replay is in the database whole")
    .option("--config <file>", "YAML file with the configuration")
    .action(async (flags: UpFlags) => {
      process.exitCode = await runUp(planOf(flags));
    });
  return example(
    command,
    "candlewick up",
    "candlewick up --source replay --blocks ./blocks --exit-when-done",
    "candlewick up --source solana --rpc https://rpc.example --brokers kafka:9092 --database-url postgres://...",
  );
}

/** Decides everything that the flags leave open. Throws USAGE where they contradict each other. */
export function planOf(flags: UpFlags): UpPlan {
  const source =
    flags.source ?? (flags.blocks !== undefined ? "replay" : flags.rpc !== undefined ? "solana" : "devnet");
  refuse(source !== "replay" && flags.blocks !== undefined, "--blocks is only for --source replay");
  refuse(source !== "solana" && flags.rpc !== undefined, "--rpc is only for --source solana");
  refuse(flags.exitWhenDone === true && source !== "replay", "--exit-when-done is only for --source replay");
  const config = readConfig(flags.config, {
    kafka: { brokers: flags.brokers?.split(",").map((address) => address.trim()) },
    database: { url: flags.databaseUrl ?? process.env.DATABASE_URL },
    serve: { port: flags.port },
    ingest: {
      source: source === "replay" ? "replay" : "solana",
      blocks: flags.blocks,
      rpcUrl: flags.rpc,
      ...(source === "devnet" ? { startSlot: "first", cursorName: "devnet" } : {}),
      ...(source === "solana" ? { failFast: true } : {}),
    },
    // A person at the terminal wants to see trouble, not every step.
    ...(flags.config === undefined && process.env.CANDLEWICK_LOG__LEVEL === undefined
      ? { log: { level: "warn" } }
      : {}),
  });
  refuse(source === "replay" && config.ingest.blocks.length === 0, "--source replay needs --blocks <dir>");
  return {
    config,
    source,
    dataDir: dataDirAt(flags.data ?? defaultDataDir()),
    exitWhenDone: flags.exitWhenDone === true,
    embeddedBroker: flags.brokers === undefined && !brokersAreConfigured(flags, config.kafka.brokers),
    embeddedPostgres: config.database.url === null,
  };
}

/** Whether a file or the environment names a Kafka: the default address alone means the embedded one. */
function brokersAreConfigured(flags: UpFlags, brokers: readonly string[]): boolean {
  return (
    process.env.CANDLEWICK_KAFKA__BROKERS !== undefined ||
    (flags.config !== undefined && brokers.join() !== "127.0.0.1:9092")
  );
}

function refuse(wrong: boolean, what: string): void {
  if (wrong) throw new CandlewickError(ERRORS.usage, what, 'See "candlewick up --help"');
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("It must be 0 to 65535.");
  return port;
}
