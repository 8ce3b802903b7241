import { pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { alterUserScramCredentialsV0, Connection } from "@platformatic/kafka";
import { startApacheKafka } from "../../../conformance/apache-kafka.ts";
import type { TestAuthority } from "./certificates.ts";
import type { SecuredKafka } from "./security-suite.ts";

const LOGIN = "org.apache.kafka.common.security";
const ITERATIONS = 4_096;

/** Apache Kafka with a listener for each way of coming in, and an authorizer that lets only alice do anything. */
export async function startSecuredApacheKafka(authority: TestAuthority): Promise<SecuredKafka> {
  const { bundleFile } = authority.issue("broker", "IP:127.0.0.1,DNS:localhost");
  const [port = 0, controller = 0, tls = 0, mutual = 0, sasl = 0, oauth = 0] = await freePorts(6);
  const listeners = {
    PLAINTEXT: port,
    CONTROLLER: controller,
    TLS: tls,
    MUTUAL: mutual,
    SASL: sasl,
    OAUTH: oauth,
  };
  const all = Object.entries(listeners).map(([name, at]) => `${name}://127.0.0.1:${at}`);
  // Clients come to this one by an address too that the certificate does not hold.
  const bound = all.map((one) => (one.startsWith("TLS:") ? one.replace("127.0.0.1", "0.0.0.0") : one));
  const store = { type: "PEM", location: bundleFile };
  const kafka = await startApacheKafka({
    port,
    config: {
      "controller.quorum.voters": `1@127.0.0.1:${controller}`,
      listeners: bound.join(","),
      "advertised.listeners": all.filter((one) => !one.startsWith("CONTROLLER")).join(","),
      "listener.security.protocol.map":
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,MUTUAL:SSL,SASL:SASL_SSL,OAUTH:SASL_SSL",
      "inter.broker.listener.name": "PLAINTEXT",
      "ssl.keystore.type": store.type,
      "ssl.keystore.location": store.location,
      "ssl.truststore.type": "PEM",
      "ssl.truststore.location": authority.caFile,
      "listener.name.mutual.ssl.client.auth": "required",
      "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.sasl.plain.sasl.jaas.config": `${LOGIN}.plain.PlainLoginModule required user_alice="alice-secret" user_bob="bob-secret";`,
      "listener.name.sasl.scram-sha-256.sasl.jaas.config": `${LOGIN}.scram.ScramLoginModule required;`,
      "listener.name.sasl.scram-sha-512.sasl.jaas.config": `${LOGIN}.scram.ScramLoginModule required;`,
      "listener.name.oauth.sasl.enabled.mechanisms": "OAUTHBEARER",
      "listener.name.oauth.oauthbearer.sasl.jaas.config": `${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="alice";`,
      "listener.name.oauth.oauthbearer.connections.max.reauth.ms": "3000",
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": "User:ANONYMOUS;User:alice;User:CN=client",
    },
  });
  await addScramUser(port, "alice", "alice-secret");
  const at = (number: number): string => `127.0.0.1:${number}`;
  return {
    plaintext: at(port),
    tls: at(tls),
    mutualTls: at(mutual),
    sasl: at(sasl),
    oauth: at(oauth),
    stop: () => kafka.stop(),
  };
}

/** What kafka-configs --alter --add-config SCRAM-SHA-256=[...] does. */
async function addScramUser(port: number, name: string, password: string): Promise<void> {
  const link = new Connection("test", {});
  await link.connect("127.0.0.1", port);
  for (const mechanism of [1, 2] as const) {
    const salt = randomBytes(16);
    const [digest, length] = mechanism === 1 ? ["sha256", 32] : ["sha512", 64];
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, Number(length), String(digest));
    // Kafka takes one change of a user at a time.
    const upsertion = { name, mechanism, iterations: ITERATIONS, salt, saltedPassword };
    await alterUserScramCredentialsV0.api.async(link, [], [upsertion]);
  }
  await link.close();
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, "listening");
    const address = server.address();
    if (address !== null && typeof address !== "string") ports.push(address.port);
  }
  for (const server of servers) {
    server.close();
    await once(server, "close");
  }
  return ports;
}
