import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ensureKafkaJars, javaCommand } from "../../conformance/kafka-jars.ts";

export const RECORD_BYTES = 1024;

/** Records per second that kafka-producer-perf-test gets acknowledged with acks=all and its other defaults. */
export async function producerRate(port: number, topic: string, records: number): Promise<number> {
  const output = await run("org.apache.kafka.tools.ProducerPerformance", [
    ...["--topic", topic, "--num-records", String(records), "--record-size", String(RECORD_BYTES)],
    ...["--throughput", "-1", "--command-property", "acks=all"],
    ...["--bootstrap-server", `127.0.0.1:${port}`],
  ]);
  const last = output
    .trim()
    .split("\n")
    .findLast((line) => line.includes("records sent"));
  return Number(/([\d.]+) records\/sec/.exec(last ?? "")?.[1] ?? Number.NaN);
}

/** Records per second that kafka-consumer-perf-test fetches, without the time that joining its group takes. */
export async function consumerRate(port: number, topic: string, records: number): Promise<number> {
  const output = await run("org.apache.kafka.tools.ConsumerPerformance", [
    ...["--topic", topic, "--num-records", String(records), "--timeout", "60000"],
    ...["--bootstrap-server", `127.0.0.1:${port}`],
  ]);
  const lines = output.trim().split("\n");
  const names = lines.findLast((line) => line.startsWith("start.time"))?.split(", ") ?? [];
  const values = lines.at(-1)?.split(", ") ?? [];
  return Number(values[names.indexOf("fetch.nMsg.sec")]);
}

async function run(tool: string, args: readonly string[]): Promise<string> {
  const java = ["-cp", join(ensureKafkaJars(), "*"), "-Xmx512m", "-Dlog4j2.level=ERROR", tool, ...args];
  const child = spawn(javaCommand, java, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`${tool} failed: ${errors || output}`);
  return output;
}
