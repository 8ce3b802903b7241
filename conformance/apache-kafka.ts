import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ensureKafkaJars, javaCommand } from "./kafka-jars.ts";

export { apacheKafkaAvailable, ensureKafkaJars, KAFKA_VERSION } from "./kafka-jars.ts";

/** Where and how to run it; everything has a default. */
export interface ApacheKafkaOptions {
  /** Keeps the logs there; a temporary folder that goes away with `stop` otherwise. */
  readonly dir?: string;
  /** A free one otherwise. */
  readonly port?: number;
  /** Broker settings on top of those that a single node needs. */
  readonly config?: Readonly<Record<string, string>>;
  readonly maxHeap?: string;
  /** More options for the virtual machine, such as system properties. */
  readonly jvmOptions?: readonly string[];
}

/** A real Apache Kafka of one node (KRaft, combined role) on 127.0.0.1. */
export interface ApacheKafka {
  readonly brokers: string[];
  readonly dir: string;
  /** The process, to look at. */
  readonly pid: number | undefined;
  /** Controlled shutdown; removes a temporary folder. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. The data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, after `kill` or in place of a running one. */
  restart(): Promise<void>;
}

const CLUSTER_ID = "Y2FuZGxld2ljay10ZXN0cw";

/** Starts Apache Kafka; resolves when it answers ApiVersions. Throws with its last output when it ends first. */
export async function startApacheKafka(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  const jars = ensureKafkaJars();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "candlewick-kafka-"));
  mkdirSync(dir, { recursive: true });
  const port = options.port ?? (await freePort());
  const properties = join(dir, "server.properties");
  writeFileSync(properties, serverProperties(dir, port, await freePort(), options.config ?? {}));
  const java = (...args: string[]): ChildProcess =>
    launch(dir, ["-cp", join(jars, "*"), `-Xmx${options.maxHeap ?? "512m"}`, "-XX:+UseSerialGC", ...args]);
  if (!existsSync(join(dir, "data", "meta.properties"))) {
    const format = java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", properties);
    const [status] = await once(format, "exit");
    if (status !== 0) throw new Error(`Apache Kafka could not format its folder: ${lastOutput(dir)}`);
  }
  const run = async (): Promise<ChildProcess> => {
    const child = java("-Dlog4j2.level=WARN", ...(options.jvmOptions ?? []), "kafka.Kafka", properties);
    guard(child);
    await untilReady(child, port, dir);
    return child;
  };
  let child = await run();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  };
  return {
    brokers: [`127.0.0.1:${port}`],
    dir,
    get pid() {
      return child.pid;
    },
    async stop() {
      await end("SIGTERM");
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
    kill: () => end("SIGKILL"),
    async restart() {
      await end("SIGTERM");
      child = await run();
    },
  };
}

function serverProperties(
  dir: string,
  port: number,
  controllerPort: number,
  config: Readonly<Record<string, string>>,
): string {
  const settings: Record<string, string> = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "controller.listener.names": "CONTROLLER",
    "log.dirs": join(dir, "data"),
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    // A killed broker may register again only after its old session ran out.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    ...config,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function launch(dir: string, args: readonly string[]): ChildProcess {
  const output = openSync(join(dir, "output.log"), "a");
  return spawn(javaCommand, args, { stdio: ["ignore", output, output] });
}

/** Kills the broker when this process is gone, however it went: the guard's end of the pipe closes then. */
function guard(child: ChildProcess): void {
  if (process.platform === "win32" || child.pid === undefined) return;
  const command = `read _; kill -9 ${child.pid}`;
  const sentry = spawn("sh", ["-c", command], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  sentry.unref();
  child.once("exit", () => sentry.kill("SIGKILL"));
}

async function untilReady(child: ChildProcess, port: number, dir: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Apache Kafka ended before it was ready: ${lastOutput(dir)}`);
    }
    if (await answersApiVersions(port)) return;
    await delay(100);
  }
  child.kill("SIGKILL");
  throw new Error(`Apache Kafka was not ready within a minute: ${lastOutput(dir)}`);
}

/** Sends ApiVersions v0 and waits for any answer. */
function answersApiVersions(port: number): Promise<boolean> {
  const request = Buffer.from("0000000a001200000000000100000000", "hex").subarray(0, 14);
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(2_000, () => settle(false));
    socket.once("data", () => settle(true));
    socket.once("error", () => settle(false));
    socket.once("close", () => settle(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

function lastOutput(dir: string): string {
  return readFileSync(join(dir, "output.log"), "utf8").slice(-2_000);
}
