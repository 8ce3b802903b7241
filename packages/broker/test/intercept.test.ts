import { afterEach, expect, test } from "vitest";
import { type Broker, type InterceptedRequest, type Interception, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { metadata } from "../src/protocol/messages/metadata.ts";
import { ManualClock } from "./manual-clock.ts";
import { RawClient } from "./raw-client.ts";

const clock = new ManualClock();
let broker: Broker;

afterEach(async () => {
  await broker.stop();
});

async function connect(intercept: (request: InterceptedRequest) => Interception): Promise<RawClient> {
  broker = await startBroker({ clock, intercept });
  return RawClient.connect(broker.port);
}

test("an interceptor sees each request and may close the connection instead of serving it", async () => {
  const seen: InterceptedRequest[] = [];
  const client = await connect((request) => {
    seen.push(request);
    return request.apiName === "Metadata" ? "close" : "serve";
  });
  await client.send(apiVersions, 0, {});
  client.post(metadata, 9, { topics: [{ name: "t" }] });
  await client.closed;
  expect(seen).toEqual([
    { apiKey: 18, apiName: "ApiVersions", version: 0, clientId: "raw" },
    { apiKey: 3, apiName: "Metadata", version: 9, clientId: "raw" },
  ]);
});

test("an answer may be lost although the request was served", async () => {
  const client = await connect(({ apiName }) => (apiName === "Metadata" ? "lose-answer" : "serve"));
  client.post(metadata, 9, { topics: [{ name: "t" }] });
  await client.send(apiVersions, 0, {});
  expect(client.order).toEqual([2]);
  client.close();
});

test("a request may be held up, and those behind it with it", async () => {
  const { promise: held, resolve } = Promise.withResolvers<void>();
  const client = await connect(({ apiName }) => {
    if (apiName !== "Metadata") return "serve";
    resolve();
    return { delayMs: 1000 };
  });
  const first = client.send(metadata, 9, { topics: [] });
  const second = client.send(apiVersions, 0, {});
  await held;
  expect(client.order).toEqual([]);
  clock.advance(1000);
  await Promise.all([first, second]);
  expect(client.order).toEqual([1, 2]);
  client.close();
});
