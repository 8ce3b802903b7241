import type { FsyncPolicy } from "@candlewick/broker";
import { createLogger, reportError, runParts } from "@candlewick/runtime/process";
import { Command, InvalidArgumentError } from "commander";
import { readBrokerConfig } from "../broker-configuration.ts";
import { startBrokerService } from "../broker-service.ts";
import { dataDirAt, makeDataDir } from "../data-dir.ts";
import { output } from "../output.ts";
import { isServerProperties, readServerProperties } from "../server-properties-file.ts";
import { example, parseWholeNumber } from "../usage.ts";

interface BrokerFlags {
  readonly data: string;
  readonly listen?: { host: string; port: number };
  readonly partitions?: number;
  readonly config?: string;
  readonly fsync?: FsyncPolicy;
}

const DEFAULT_ADDRESS = { host: "127.0.0.1", port: 9092 } as const;

/** Connections that are under way have so long to finish. */
const STOP_DEADLINE_MS = 10_000;

/** `broker`: the embedded Kafka broker alone. */
export function brokerCommand(): Command {
  const command = new Command("broker")
    .requiredOption("--data <dir>", "the data folder; the broker's files are below it")
    .option(
      "--listen <host:port>",
      "the address to listen on (default: 127.0.0.1:9092); port 0 takes a free one",
      parseAddress,
    )
    .option(
      "--partitions <n>",
      "partitions of a topic that is created without a number (default: 1)",
      parseWholeNumber,
    )
    .option(
      "--fsync <when>",
      'when records are forced to the disk: "acks" before each answer to acks=all (default), "never", or every so many milliseconds',
      parseFsync,
    )
    .option("--config <file>", "YAML file with the section log, or Kafka's own server.properties")
    .action(broker);
  return example(command, "candlewick broker --data ./kafka --listen 127.0.0.1:9092");
}

async function broker(flags: BrokerFlags): Promise<void> {
  const properties =
    flags.config !== undefined && isServerProperties(flags.config) ? flags.config : undefined;
  const config = await readBrokerConfig(properties === undefined ? flags.config : undefined);
  const logger = createLogger(config.log).child({ service: "broker" });
  const dataDir = dataDirAt(flags.data);
  const options = {
    ...DEFAULT_ADDRESS,
    ...(properties === undefined ? {} : readServerProperties(properties, logger)),
    ...flags.listen,
    ...(flags.partitions === undefined ? {} : { numPartitions: flags.partitions }),
    ...(flags.fsync === undefined ? {} : { fsync: flags.fsync }),
    dataDir: dataDir.broker,
  };
  let address = "";
  process.exitCode = await runParts({
    parts: [
      {
        name: "broker",
        async start() {
          makeDataDir(dataDir);
          const service = await startBrokerService(options, logger);
          address = service.address;
          return service;
        },
      },
    ],
    deadlineMs: STOP_DEADLINE_MS,
    logger,
    onStarted: () =>
      void output.line(`candlewick broker: accepting connections on ${address}`).then(() => output.flush()),
    onError: (error) => void reportError(error),
  });
}

function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([\da-f:]+)\]|([^\s:/]+)):(\d{1,5})$/i.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535)
    throw new InvalidArgumentError("Write HOST:PORT, such as 127.0.0.1:9092.");
  return { host, port };
}

function parseFsync(text: string): FsyncPolicy {
  if (text === "acks") return "acks-all";
  if (text === "never") return "never";
  if (/^[1-9]\d{0,8}$/.test(text)) return { intervalMs: Number(text) };
  throw new InvalidArgumentError('Write "acks", "never", or a number of milliseconds.');
}
