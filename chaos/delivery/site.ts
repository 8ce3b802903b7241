import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apacheKafkaAvailable, startApacheKafka } from "../../conformance/apache-kafka.ts";
import { startSeveringProxy } from "../../packages/kafka/test/severing-proxy.ts";
import type { Site } from "./experiment.ts";

const MIN_SESSION_TIMEOUT_MS = 1_000;
/** In the consumer protocol the broker says after how long a silent member is put out. */
const SESSION_TIMEOUT_MS = 2_000;
const HEARTBEAT_MS = 400;

/** The embedded broker in a process of its own, which is killed and started again on its data. */
export async function embeddedSite(): Promise<Site> {
  const proxy = await startSeveringProxy();
  const dataDir = mkdtempSync(join(tmpdir(), "candlewick-chaos-broker-"));
  let broker: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const options = JSON.stringify({
      dataDir,
      port: proxy.target,
      advertisedPort: proxy.port,
      autoCreateTopics: false,
      groupInitialRebalanceDelayMs: 0,
      groupMinSessionTimeoutMs: MIN_SESSION_TIMEOUT_MS,
      groupConsumerMinSessionTimeoutMs: MIN_SESSION_TIMEOUT_MS,
      groupConsumerSessionTimeoutMs: SESSION_TIMEOUT_MS,
      groupConsumerMinHeartbeatIntervalMs: HEARTBEAT_MS,
      groupConsumerHeartbeatIntervalMs: HEARTBEAT_MS,
    });
    broker = fork(new URL("./broker.ts", import.meta.url), [options], {
      execArgv: ["--conditions=candlewick-src"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const [port] = await once(broker, "message");
    proxy.target = Number(port);
  };
  const crash = async (): Promise<void> => {
    if (broker === undefined || broker.exitCode !== null || broker.signalCode !== null) return;
    const gone = once(broker, "exit");
    broker.kill("SIGKILL");
    await gone;
  };
  await start();
  return {
    proxy,
    crash,
    restart: start,
    async stop() {
      await crash();
      await proxy.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Apache Kafka; null where it cannot run, after saying why. */
export async function apacheSite(): Promise<Site | null> {
  const unavailable = apacheKafkaAvailable();
  if (unavailable !== null) {
    console.log(`not run against Apache Kafka: ${unavailable}`);
    return null;
  }
  const proxy = await startSeveringProxy();
  const kafka = await startApacheKafka({
    config: {
      "advertised.listeners": `PLAINTEXT://127.0.0.1:${proxy.port}`,
      "group.min.session.timeout.ms": String(MIN_SESSION_TIMEOUT_MS),
      "group.consumer.min.session.timeout.ms": String(MIN_SESSION_TIMEOUT_MS),
      "group.consumer.session.timeout.ms": String(SESSION_TIMEOUT_MS),
      "group.consumer.min.heartbeat.interval.ms": String(HEARTBEAT_MS),
      "group.consumer.heartbeat.interval.ms": String(HEARTBEAT_MS),
    },
  });
  proxy.target = Number(kafka.brokers[0]?.split(":")[1]);
  return {
    proxy,
    crash: () => kafka.kill(),
    restart: () => kafka.restart(),
    async stop() {
      await kafka.stop();
      await proxy.stop();
    },
  };
}
