import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { candlewick } from "../../e2e/kit/process.ts";
import { findCoordinator } from "../../packages/broker/src/protocol/messages/find-coordinator.ts";
import { startApacheKafka } from "../apache-kafka.ts";
import { Session } from "../session.ts";

/** A broker in a process of its own, as its users start it. */
export interface BrokerProcess {
  readonly name: "embedded" | "apache";
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The same settings for both, all of them under Kafka's own names. */
const SETTINGS: Readonly<Record<string, string>> = {
  "group.initial.rebalance.delay.ms": "0",
  "auto.create.topics.enable": "true",
  // Who has rights can be told with kafka-acls; where nothing is told, everybody may do everything.
  "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
  "allow.everyone.if.no.acl.found": "true",
};

/** Starts `candlewick broker` on a free port and a folder that goes away with it. */
export async function startCandlewickBroker(): Promise<BrokerProcess> {
  const dir = mkdtempSync(join(tmpdir(), "candlewick-clients-"));
  const config = join(dir, "server.properties");
  writeFileSync(
    config,
    Object.entries(SETTINGS)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
  const args = ["broker", "--data", join(dir, "data"), "--listen", "127.0.0.1:0", "--config", config];
  const run = candlewick(args);
  const address = await new Promise<string>((resolve, reject) => {
    const look = (): void => {
      const found = /accepting connections on (\S+)/.exec(run.stdout())?.[1];
      if (found !== undefined) resolve(found);
    };
    run.child.stdout?.on("data", look);
    void run.ended.then((end) => reject(new Error(`candlewick broker ended with ${end}: ${run.stderr()}`)));
    look();
  });
  const broker: BrokerProcess = {
    name: "embedded",
    address,
    port: portOf(address),
    async stop() {
      run.kill("SIGTERM");
      await run.ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await untilCoordinating(broker);
  return broker;
}

/** Starts Apache Kafka, the control: what fails there too is the client's own doing. */
export async function startControl(): Promise<BrokerProcess> {
  const kafka = await startApacheKafka({ config: SETTINGS });
  const [address = ""] = kafka.brokers;
  const broker: BrokerProcess = { name: "apache", address, port: portOf(address), stop: () => kafka.stop() };
  await untilCoordinating(broker);
  return broker;
}

/** Apache Kafka begins to coordinate when it is first asked to, and some clients do not wait for it. */
async function untilCoordinating(broker: BrokerProcess): Promise<void> {
  const session = openSession(broker);
  const isFound = ({ errorCode }: { readonly errorCode: number }): boolean => errorCode === 0;
  await session.sendUntil(findCoordinator, 3, { key: "warm" }, isFound);
  await session.sendUntil(findCoordinator, 3, { key: "warm", keyType: 1 }, isFound);
  session.close();
}

function portOf(address: string): number {
  return Number(address.split(":").at(-1));
}

/** A connection of the runner's own, for what it prepares and looks at. */
export function openSession({ name, port }: BrokerProcess): Session {
  const ports = { port, saslPort: port, unsecuredPort: port };
  return Session.open({ name, ...ports, stop: async () => {} });
}
