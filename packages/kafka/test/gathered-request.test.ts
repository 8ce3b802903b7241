import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { startBroker } from "@candlewick/broker";
import { apiVersionsV3, Connection } from "@platformatic/kafka";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ask } from "../src/cluster/broker-api.ts";
import { askGathered } from "../src/cluster/gathered-request.ts";
import { PRODUCE } from "../src/producer/produce-request.ts";

const NEVER_MS = 60_000;

/** A connection of the driver to a server that does this with each of its own. */
async function linkTo(serve: (socket: Socket) => void): Promise<{ link: Connection; server: Server }> {
  const server = createServer(serve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const link = new Connection("test", { connectTimeout: NEVER_MS });
  // Requests that are under way are rejected; the event has nothing to add.
  link.on("error", () => {});
  await link.connect("127.0.0.1", (server.address() as AddressInfo).port);
  return { link, server };
}

/** Passes on to a port; what comes back comes in pieces of these sizes, one after the other and again. */
function inPieces(port: number, sizes: readonly number[]): (socket: Socket) => void {
  return (socket) => {
    const upstream = connect(port, "127.0.0.1");
    socket.setNoDelay(true);
    socket.pipe(upstream);
    upstream.on("data", (bytes) => {
      let at = 0;
      for (let index = 0; at < bytes.length; index++) {
        const size = sizes[index % sizes.length] ?? 1;
        socket.write(bytes.subarray(at, at + size));
        at += size;
      }
    });
    socket.on("close", () => upstream.destroy());
  };
}

function produceNothing(link: Connection, timeoutMs: number) {
  return askGathered(link, "test", timeoutMs, PRODUCE, -1, 1_000, []);
}

describe("requests that go to the socket uncopied", () => {
  it("get their answers beside the driver's, however these are cut", async () => {
    const broker = await startBroker({ autoCreateTopics: false });
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    const kinds = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    try {
      await fc.assert(
        fc.asyncProperty(sizes, kinds, async (pieces, isOurs) => {
          const { link, server } = await linkTo(inPieces(broker.port, pieces));
          const answers = await Promise.all(
            isOurs.map(async (ours) => {
              if (!ours) return (await ask(link, apiVersionsV3.api, "test", "1")).apiKeys.length > 0;
              return (await produceNothing(link, NEVER_MS)).responses.length === 0;
            }),
          );
          expect(answers).toEqual(isOurs.map(() => true));
          await link.close();
          server.close();
        }),
        { numRuns: 30 },
      );
    } finally {
      await broker.stop();
    }
  });

  it("are all rejected, and the connection is cut, when one has no answer in time", async () => {
    const { link, server } = await linkTo(() => {});
    const requests = await Promise.allSettled([produceNothing(link, 20), produceNothing(link, NEVER_MS)]);
    expect(requests).toMatchObject([
      { status: "rejected", reason: { message: "Request timed out", canRetry: true } },
      { status: "rejected", reason: { message: "Connection closed", canRetry: true } },
    ]);
    expect(link.socket.destroyed).toBe(true);
    await expect(produceNothing(link, NEVER_MS)).rejects.toThrow("Connection closed");
    server.close();
  });

  it.each([-1, 1 << 30])("do not wait for an answer of %d bytes", async (length) => {
    const head = Buffer.alloc(16);
    head.writeInt32BE(length);
    const { link, server } = await linkTo((socket) => socket.on("data", () => socket.write(head)));
    await expect(produceNothing(link, NEVER_MS)).rejects.toMatchObject({ canRetry: true });
    server.close();
  });
});
