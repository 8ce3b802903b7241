import { afterEach, expect, test } from "vitest";
import { type Broker, type BrokerOptions, startBroker } from "../src/index.ts";
import { ConnectionLimits } from "../src/network/connection-limits.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { RawClient } from "./raw-client.ts";

let broker: Broker | undefined;

afterEach(async () => {
  await broker?.stop();
});

async function start(options: BrokerOptions): Promise<Broker> {
  broker = await startBroker(options);
  return broker;
}

async function isServed(port: number): Promise<boolean> {
  const client = await RawClient.connect(port);
  const served = await Promise.race([
    client.send(apiVersions, 0, {}).then(
      () => true,
      () => false,
    ),
    client.closed.then(() => false),
  ]);
  if (!served) client.close();
  return served;
}

test("connections are counted, all of them and those of each address", () => {
  const limits = new ConnectionLimits({
    maxConnections: 3,
    maxConnectionsPerIp: 1,
    maxConnectionsPerIpOverrides: { "10.0.0.1": 2 },
  });
  expect(limits.admit("10.0.0.1")).toBe("admitted");
  expect(limits.admit("::ffff:10.0.0.1")).toBe("admitted");
  expect(limits.admit("10.0.0.1")).toBe("too many from this address");
  expect(limits.admit("10.0.0.2")).toBe("admitted");
  expect(limits.admit("10.0.0.3")).toBe("too many");
  limits.release("10.0.0.1");
  expect(limits.admit("10.0.0.2")).toBe("too many from this address");
  expect(limits.admit("10.0.0.3")).toBe("admitted");
});

test.each<[string, BrokerOptions]>([
  ["max.connections", { maxConnections: 2 }],
  ["max.connections.per.ip", { maxConnectionsPerIp: 2 }],
])("%s holds over all listeners, and a place that is left is taken", async (_name, options) => {
  const { ports } = await start({ ...options, listeners: [{ protocol: "PLAINTEXT" }] });
  const [first = 0, second = 0] = ports;
  const client = await RawClient.connect(first);
  await client.send(apiVersions, 0, {});
  expect(await isServed(second)).toBe(true);
  expect(await isServed(first)).toBe(false);
  client.close();
  // The broker learns of the end in its own time.
  for (let isIn = false; !isIn; ) isIn = await isServed(first);
});

test("each listener tells its own address", async () => {
  const { ports } = await start({
    listeners: [{ protocol: "PLAINTEXT", advertisedHost: "kafka.example", advertisedPort: 19092 }],
  });
  const told = await Promise.all(
    ports.map(async (port) => {
      const client = await RawClient.connect(port);
      const { brokers } = await client.send(metadata, 12, { topics: [] });
      client.close();
      return brokers.map((one) => `${one.host}:${one.port}`);
    }),
  );
  expect(told).toEqual([[`127.0.0.1:${ports[0]}`], ["kafka.example:19092"]]);
});

test.each<[string, BrokerOptions]>([
  ["a login without users", { protocol: "SASL_PLAINTEXT" }],
  ["encryption without a certificate", { listeners: [{ protocol: "SSL" }] }],
])("a listener that asks for %s is refused at start", async (_name, options) => {
  await expect(startBroker(options)).rejects.toMatchObject({ code: "OPTION_INVALID" });
});
