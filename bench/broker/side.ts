import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApacheKafka } from "../../conformance/apache-kafka.ts";
import { RawClient } from "../../packages/broker/test/raw-client.ts";

/** One of the brokers that are measured, in a process of its own. */
export interface Side {
  readonly port: number;
  /** Resident memory now. */
  residentBytes(): number;
  stop(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  start(): Promise<Side>;
}

const CLI = join(import.meta.dirname, "..", "..", "apps", "cli", "bin", "candlewick.js");
const FIRST_PORT = 19_400;
/** So much of what a broker says before it ends is kept. */
const SAID_LENGTH = 4_000;
let ports = FIRST_PORT;

/** The embedded broker as a user starts it. */
export function embedded(fsync: "never" | "acks"): Contender {
  return {
    name: fsync === "never" ? "embedded" : "embedded, fsync before each answer",
    async start() {
      const dataDir = mkdtempSync(join(tmpdir(), "candlewick-bench-"));
      const port = ports++;
      const args = ["broker", "--data", dataDir, "--listen", `127.0.0.1:${port}`, "--fsync", fsync];
      const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr.on("data", (text) => {
        said = `${said}${text}`.slice(-SAID_LENGTH);
      });
      await untilConnected(port, child, () => said);
      return {
        port,
        residentBytes: () => residentBytes(child.pid),
        async stop() {
          const exited = once(child, "exit");
          child.kill("SIGTERM");
          await exited;
          rmSync(dataDir, { recursive: true });
        },
      };
    },
  };
}

/** Apache Kafka from its jars, with its default heap. */
export function apache(flushEach: boolean): Contender {
  return {
    name: flushEach ? "Apache Kafka, log.flush.interval.messages=1" : "Apache Kafka",
    async start() {
      const config: Record<string, string> = { "auto.create.topics.enable": "true" };
      if (flushEach) config["log.flush.interval.messages"] = "1";
      const kafka = await startApacheKafka({ config, maxHeap: "1g" });
      const port = Number(kafka.brokers[0]?.split(":")[1]);
      return { port, residentBytes: () => residentBytes(kafka.pid), stop: () => kafka.stop() };
    },
  };
}

/** Connects again and again until the broker listens. */
async function untilConnected(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) {
      throw new Error(`the broker ended with exit code ${child.exitCode}: ${said()}`);
    }
    const client = await RawClient.connect(port).catch(() => undefined);
    if (client !== undefined) {
      client.close();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Linux only: 0 elsewhere. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
