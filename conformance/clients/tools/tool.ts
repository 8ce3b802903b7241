import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ensureKafkaJars, javaCommand } from "../../kafka-jars.ts";

/** One run of one of Apache Kafka's command-line tools, on a broker whose address stands for BROKER. */
export interface ToolRun {
  /** As the scripts are called: kafka-topics, ... */
  readonly tool: string;
  /** What a person wants with it, for the table. */
  readonly purpose: string;
  readonly args: readonly string[];
  readonly input?: string;
  /** What of the output has to be the same on both brokers; all of it, in any order of lines, where left out. */
  readonly essence?: (output: string) => string;
  /** Runs in every test run, not only when all clients are run. */
  readonly isQuick?: boolean;
}

export interface ToolOutcome {
  readonly status: number | null;
  readonly output: string;
}

const PACKAGE = "org.apache.kafka.tools.";
const MAIN_CLASSES: Readonly<Record<string, string>> = {
  "kafka-topics": `${PACKAGE}TopicCommand`,
  "kafka-console-producer": `${PACKAGE}ConsoleProducer`,
  "kafka-console-consumer": `${PACKAGE}consumer.ConsoleConsumer`,
  "kafka-consumer-groups": `${PACKAGE}consumer.group.ConsumerGroupCommand`,
  "kafka-groups": `${PACKAGE}GroupsCommand`,
  "kafka-configs": "kafka.admin.ConfigCommand",
  "kafka-get-offsets": `${PACKAGE}GetOffsetShell`,
  "kafka-producer-perf-test": `${PACKAGE}ProducerPerformance`,
  "kafka-consumer-perf-test": `${PACKAGE}ConsumerPerformance`,
  "kafka-e2e-latency": `${PACKAGE}EndToEndLatency`,
  "kafka-verifiable-producer": `${PACKAGE}VerifiableProducer`,
  "kafka-verifiable-consumer": `${PACKAGE}VerifiableConsumer`,
  "kafka-acls": `${PACKAGE}AclCommand`,
  "kafka-transactions": `${PACKAGE}TransactionsCommand`,
  "kafka-log-dirs": `${PACKAGE}LogDirsCommand`,
  "kafka-delete-records": `${PACKAGE}DeleteRecordsCommand`,
  "kafka-leader-election": `${PACKAGE}LeaderElectionCommand`,
  "kafka-broker-api-versions": `${PACKAGE}BrokerApiVersionsCommand`,
  "kafka-features": `${PACKAGE}FeatureCommand`,
  "kafka-metadata-quorum": `${PACKAGE}MetadataQuorumCommand`,
  "kafka-cluster": `${PACKAGE}ClusterTool`,
};

const FLAGS = [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-Xshare:auto",
  "-Xmx256m",
  "-Dlog4j2.level=ERROR",
];
const TIMEOUT_MS = 60_000;

/** Runs the tool to its end; what it printed on both outputs, with the broker's address as BROKER again. */
export async function runTool({ tool, args, input }: ToolRun, address: string): Promise<ToolOutcome> {
  const main = MAIN_CLASSES[tool];
  if (main === undefined) throw new Error(`${tool} is none of the tools`);
  const own = args.map((arg) => arg.replaceAll("BROKER", address));
  const command = [...FLAGS, "-cp", join(ensureKafkaJars(), "*"), main, ...own];
  const child = spawn(javaCommand, command, { stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  child.stdin.on("error", () => {});
  child.stdin.end(input ?? "");
  const [status]: unknown[] = await once(child, "close");
  return { status: typeof status === "number" ? status : null, output: output.replaceAll(address, "BROKER") };
}
