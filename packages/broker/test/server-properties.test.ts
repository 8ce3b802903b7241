import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProperties } from "../src/configuration/properties-file.ts";
import { BrokerError, parseServerProperties, startBroker } from "../src/index.ts";
import { describeConfigs } from "../src/protocol/messages/describe-configs.ts";
import { RawClient } from "./raw-client.ts";

describe("a properties file", () => {
  test.each([
    ["name=value", "name", "value"],
    ["  name = value with blanks ", "name", "value with blanks "],
    ["name:value", "name", "value"],
    ["name value", "name", "value"],
    ["name", "name", ""],
    ["a\\=b=c=d", "a=b", "c=d"],
    ["name=first,\\\n   second", "name", "first,second"],
    ["name=ends with a backslash\\\\\nother=x", "name", "ends with a backslash\\"],
    ["name=\\u0041\\t", "name", "A\t"],
    ["# name=no\n! name=no\n\nname=yes", "name", "yes"],
    ["name=one\r\nname=two", "name", "two"],
  ])("%j has %j", (text, name, value) => {
    expect(parseProperties(text).get(name)).toBe(value);
  });

  test("gives back what was written with escapes", () => {
    const escaped = (text: string): string =>
      text.replace(/[\\=:#!\s]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true }),
        (values) => {
          const text = Object.entries(values)
            .map(([name, value]) => `${escaped(name)}=${escaped(value)}\n`)
            .join("");
          expect(parseProperties(text)).toEqual(new Map(Object.entries(values)));
        },
      ),
    );
  });
});

const STANDARD = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

describe("server.properties", () => {
  test("sets what the broker supports and names the rest", () => {
    const text = `
      process.roles=broker,controller
      node.id=7
      listeners=PLAINTEXT://:9092,CONTROLLER://:9093
      advertised.listeners=PLAINTEXT://kafka.example:19092
      controller.listener.names=CONTROLLER
      num.partitions=3
      auto.create.topics.enable=false
      offsets.retention.minutes=10
      log.retention.hours=2
      log.retention.minutes=30
      log.segment.bytes=1048576
      message.max.bytes=2000000
      num.io.threads=8`;
    expect(parseServerProperties(text)).toEqual({
      options: {
        nodeId: 7,
        listenerName: "PLAINTEXT",
        host: "0.0.0.0",
        port: 9092,
        protocol: "PLAINTEXT",
        advertisedHost: "kafka.example",
        advertisedPort: 19092,
        numPartitions: 3,
        autoCreateTopics: false,
        offsetsRetentionMs: 600_000,
        messageMaxBytes: 2_000_000,
        topicDefaults: { "retention.ms": "1800000", "segment.bytes": "1048576" },
      },
      unknown: ["process.roles", "num.io.threads"],
    });
  });

  test.each([
    ["num.partitions=many", "num.partitions"],
    ["num.partitions=0", "num.partitions"],
    ["auto.create.topics.enable=maybe", "auto.create.topics.enable"],
    ["log.cleanup.policy=burn", "log.cleanup.policy"],
    ["log.retention.ms=-5", "log.retention.ms"],
    ["listeners=SSL://:9093", "ssl.keystore.location"],
    ["listeners=SASL_PLAINTEXT://:9093", "sasl.enabled.mechanisms"],
    ["listeners=INSIDE://:9093", "INSIDE"],
    ["listener.security.protocol.map=INSIDE:NONSENSE", "INSIDE:NONSENSE"],
    ["sasl.enabled.mechanisms=GSSAPI", "GSSAPI"],
    ["sasl.enabled.mechanisms=OAUTHBEARER", "sasl.oauthbearer.jwks.endpoint.url"],
    ["sasl.jaas.config=nonsense", "sasl.jaas.config"],
    ["connections.max.reauth.ms=soon", "connections.max.reauth.ms"],
    ["ssl.keystore.location=store.jks", "ssl.keystore.type"],
    ["ssl.keystore.type=PEM\nssl.keystore.location=/nonexistent", "ssl.keystore.location"],
    ["ssl.client.auth=maybe", "ssl.client.auth"],
    ["authorizer.class.name=org.example.Mine", "authorizer.class.name"],
    [`authorizer.class.name=${STANDARD}\nsuper.users=ada`, "super.users"],
    ["max.connections.per.ip.overrides=10.0.0.1", "max.connections.per.ip.overrides"],
    ["group.consumer.assignors=mine", "group.consumer.assignors"],
    ["group.consumer.migration.policy=maybe", "group.consumer.migration.policy"],
    ["listeners=PLAINTEXT://:9092,PLAINTEXT://:9094", "listeners"],
    ["listeners=PLAINTEXT://host:99999", "listeners"],
    ["advertised.listeners=nowhere", "advertised.listeners"],
  ])("%s is refused by its name", (text, name) => {
    expect(() => parseServerProperties(text)).toThrow(BrokerError);
    expect(() => parseServerProperties(text)).toThrow(name);
  });

  test("sets who may come in and do what", () => {
    const text = `
      listeners=INSIDE://127.0.0.1:9092,OUTSIDE://:9094,CONTROLLER://:9093
      advertised.listeners=INSIDE://127.0.0.1:9092,OUTSIDE://kafka.example:19094
      listener.security.protocol.map=INSIDE:PLAINTEXT,OUTSIDE:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
      sasl.enabled.mechanisms=PLAIN,OAUTHBEARER
      listener.name.outside.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
        username="broker" user_ada="a \\\\"secret\\\\"" user_bob=other;
      listener.name.outside.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
      sasl.oauthbearer.jwks.endpoint.url=https://issuer.example/keys
      sasl.oauthbearer.expected.audience=kafka,others
      sasl.oauthbearer.clock.skew.seconds=5
      connections.max.reauth.ms=60000
      authorizer.class.name=${STANDARD}
      super.users=User:admin;User:ada
      max.connections.per.ip=5
      max.connections.per.ip.overrides=127.0.0.1:100,::1:7
      group.consumer.assignors=org.apache.kafka.coordinator.group.assignor.RangeAssignor,uniform
      group.consumer.migration.policy=UPGRADE
      group.consumer.heartbeat.interval.ms=6000`;
    expect(parseServerProperties(text)).toEqual({
      options: {
        listenerName: "INSIDE",
        host: "127.0.0.1",
        port: 9092,
        protocol: "PLAINTEXT",
        advertisedHost: "127.0.0.1",
        advertisedPort: 9092,
        listeners: [
          {
            name: "OUTSIDE",
            host: "0.0.0.0",
            port: 9094,
            protocol: "SASL_PLAINTEXT",
            advertisedHost: "kafka.example",
            advertisedPort: 19094,
          },
        ],
        sasl: {
          mechanisms: ["PLAIN", "OAUTHBEARER"],
          users: { ada: 'a "secret"', bob: "other" },
          maxReauthMs: 60_000,
          oauthbearer: {
            kind: "jwks",
            url: "https://issuer.example/keys",
            audience: ["kafka", "others"],
            clockSkewMs: 5000,
          },
        },
        acls: { superUsers: ["User:admin", "User:ada"], allowEveryoneIfNoAclFound: false },
        maxConnectionsPerIp: 5,
        maxConnectionsPerIpOverrides: { "127.0.0.1": 100, "::1": 7 },
        groupConsumerAssignors: ["range", "uniform"],
        groupConsumerHeartbeatIntervalMs: 6000,
        groupConsumerMigration: "upgrade",
      },
      unknown: [],
    });
  });

  test("steers a broker", async () => {
    const { options } = parseServerProperties("num.partitions=4\nlog.retention.hours=-1\nnode.id=3");
    await using broker = new AsyncDisposableStack();
    const started = await startBroker(options);
    broker.defer(() => started.stop());
    const client = await RawClient.connect(started.port);
    const resources = [{ resourceType: 4, resourceName: "3", configurationKeys: ["num.partitions"] }];
    const { results } = await client.send(describeConfigs, 4, { resources });
    expect(results[0]?.configs).toMatchObject([{ name: "num.partitions", value: "4" }]);
    client.close();
  });
});
