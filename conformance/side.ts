import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { startBroker } from "../packages/broker/src/index.ts";
import { startApacheKafka } from "./apache-kafka.ts";
import { AUDIENCE, ISSUER, keysUrl } from "./tokens.ts";

/** One of the two brokers that are compared. */
export interface Side {
  readonly name: "embedded" | "apache";
  /** Where anybody is served. */
  readonly port: number;
  /** Where clients must say who they are, with PLAIN or SCRAM-SHA-256. */
  readonly saslPort: number;
  /** Where tokens are taken that nobody has signed. */
  readonly unsecuredPort: number;
  stop(): Promise<void>;
}

/** The user that both sides know under PLAIN. */
export const USER = { name: "alice", password: "alice-secret" } as const;

const A_DAY_MS = 86_400_000;

const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"] as const;

/** Whoever comes without a login. The user above may do what no entry of the ACLs denies. */
const ADMINISTRATOR = "User:ANONYMOUS";

/** Starts the embedded broker, in memory, with the settings that Apache Kafka runs with here. */
export async function startEmbedded(): Promise<Side> {
  const broker = await startBroker({
    groupInitialRebalanceDelayMs: 0,
    maintenanceIntervalMs: A_DAY_MS,
    maintenanceDelayMs: A_DAY_MS,
    offsetsTopicPartitions: 1,
    transactionTopicPartitions: 1,
    protocol: "PLAINTEXT",
    listeners: [{ protocol: "SASL_PLAINTEXT" }],
    sasl: {
      mechanisms: [...MECHANISMS],
      users: { [USER.name]: USER.password },
      oauthbearer: { kind: "jwks", url: keysUrl(), audience: [AUDIENCE], issuer: ISSUER },
    },
    acls: { superUsers: [ADMINISTRATOR], allowEveryoneIfNoAclFound: true },
  });
  const unsecured = await startBroker({
    sasl: { mechanisms: ["OAUTHBEARER"], oauthbearer: { kind: "unsecured", requiredScope: ["kafka"] } },
  });
  const [port = 0, saslPort = 0] = broker.ports;
  return {
    name: "embedded",
    port,
    saslPort,
    unsecuredPort: unsecured.port,
    async stop() {
      await broker.stop();
      await unsecured.stop();
    },
  };
}

/** Starts Apache Kafka with an open listener and one that asks for SASL. */
export async function startApache(): Promise<Side> {
  const [port, saslPort, unsecuredPort, controllerPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER.name}="${USER.password}";`;
  const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
  const bearer = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required";
  const clients = [
    `PLAINTEXT://127.0.0.1:${port}`,
    `SASL_PLAINTEXT://127.0.0.1:${saslPort}`,
    `UNSECURED://127.0.0.1:${unsecuredPort}`,
  ].join();
  const kafka = await startApacheKafka({
    port,
    jvmOptions: [
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keysUrl()}`,
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=${fileURLToPath(keysUrl())}`,
    ],
    config: {
      listeners: `${clients},CONTROLLER://127.0.0.1:${controllerPort}`,
      "advertised.listeners": clients,
      "listener.security.protocol.map":
        "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,UNSECURED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
      "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
      "sasl.enabled.mechanisms": MECHANISMS.join(),
      "listener.name.unsecured.sasl.enabled.mechanisms": "OAUTHBEARER",
      "listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config": `${bearer};`,
      "listener.name.sasl_plaintext.oauthbearer.sasl.server.callback.handler.class":
        "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler",
      "listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.jwks.endpoint.url": keysUrl(),
      "listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
      "listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.expected.issuer": ISSUER,
      "listener.name.unsecured.oauthbearer.sasl.jaas.config": `${bearer} unsecuredLoginStringClaim_sub="broker" unsecuredValidatorRequiredScope="kafka";`,
      "listener.name.sasl_plaintext.plain.sasl.jaas.config": login,
      "listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config": scram,
      "auto.create.topics.enable": "true",
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": ADMINISTRATOR,
      "allow.everyone.if.no.acl.found": "true",
      // A machine with much to do lets heartbeats of the broker wait; without them it creates no topics.
      "broker.session.timeout.ms": "60000",
      // Old records stay while they are compared.
      "log.initial.task.delay.ms": String(A_DAY_MS),
      // The embedded broker assigns at once, in the request that asks for it.
      "group.consumer.assignment.interval.ms": "0",
      "group.consumer.assignor.offload.enable": "false",
    },
  });
  return { name: "apache", port, saslPort, unsecuredPort, stop: () => kafka.stop() };
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
