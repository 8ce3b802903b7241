import { afterAll, beforeAll, expect, test } from "vitest";
import { type Broker, startBroker } from "../src/index.ts";
import { apiVersions } from "../src/protocol/messages/api-versions.ts";
import { fuzzBroker } from "./fuzz/fuzz-run.ts";
import { FORMS } from "./fuzz/mutated-request.ts";
import { encodeFrame, RawClient } from "./raw-client.ts";

const MAX_PEAK_BYTES = 1 << 30;

let broker: Broker;

beforeAll(async () => {
  broker = await startBroker();
});

afterAll(async () => {
  await broker.stop();
});

// `npm run fuzz -- broker --requests 1000000` does the same for longer.
test("mutated requests of every API in every version end at most their own connection", async () => {
  const requests = 15_000;
  expect(requests).toBeGreaterThan(FORMS * 50);
  const { survived, peakBytes } = await fuzzBroker(1, requests);
  // Enough of them must get through to the code behind the decoders for this to mean something.
  expect(survived).toBeGreaterThan(requests / 4);
  expect(peakBytes).toBeLessThan(MAX_PEAK_BYTES);
}, 240_000);

test.each([
  ["a size below zero", Buffer.from("ffffffff", "hex")],
  ["a size above the limit", Buffer.from("7fffffff", "hex")],
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["a TLS hello", Buffer.from("1603010200010001fc0303", "hex")],
  ["an API that is not served", Buffer.from("0000000a7fff0000000000010000", "hex")],
])("%s closes the connection", async (_name, bytes) => {
  const client = await RawClient.connect(broker.port);
  client.socket.write(bytes);
  await client.closed;
});

test("a version of ApiVersions from the future is answered in the oldest form, and the connection stays", async () => {
  const client = await RawClient.connect(broker.port);
  const frame = encodeFrame(apiVersions, 3, 77, { clientSoftwareName: "w", clientSoftwareVersion: "1" });
  frame.writeInt16BE(99, 6);
  const answered = new Promise<Buffer>((resolve) => client.socket.once("data", resolve));
  client.socket.write(frame);
  const answer = await answered;
  expect(answer.toString("hex", 4)).toBe("0000004d" + "0023" + "00000001" + "0012" + "0000" + "0004");
  expect((await client.send(apiVersions, 0, {})).errorCode).toBe(0);
  client.close();
});
