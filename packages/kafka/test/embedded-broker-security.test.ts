import { readFileSync } from "node:fs";
import { type Broker, type BrokerOptions, startBroker } from "@candlewick/broker";
import type { TestAuthority } from "./certificates.ts";
import { type SecuredKafka, securitySuite } from "./security-suite.ts";

/** One embedded broker, in memory, for each way of coming in. */
async function start(authority: TestAuthority): Promise<SecuredKafka> {
  const { certFile, keyFile } = authority.issue("broker", "IP:127.0.0.1,DNS:localhost");
  const tls = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  const users = { alice: "alice-secret", bob: "bob-secret" };
  const oauthbearer = { kind: "unsecured" } as const;
  const brokers: Broker[] = [];
  const broker = async (options: BrokerOptions): Promise<string> => {
    const started = await startBroker({ autoCreateTopics: false, ...options });
    brokers.push(started);
    return `127.0.0.1:${started.port}`;
  };
  return {
    plaintext: await broker({}),
    // Clients come to this one by an address too that the certificate does not hold.
    tls: await broker({ tls, host: "0.0.0.0", advertisedHost: "127.0.0.1" }),
    mutualTls: await broker({ tls: { ...tls, ca: authority.ca } }),
    sasl: await broker({
      tls,
      sasl: { mechanisms: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], users },
      acls: { superUsers: ["User:alice"] },
    }),
    oauth: await broker({ tls, sasl: { mechanisms: ["OAUTHBEARER"], oauthbearer, maxReauthMs: 3_000 } }),
    async stop() {
      for (const one of brokers) await one.stop();
    },
  };
}

securitySuite("security with the embedded broker", start, null);
