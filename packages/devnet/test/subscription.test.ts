import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Devnet, type DevnetOptions, startDevnet } from "../src/index.ts";
import { TestClock } from "./test-clock.ts";

interface Message {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
  readonly method?: string;
  readonly params?: { readonly result: unknown; readonly subscription: number };
}

/** A WebSocket whose messages are taken one by one. */
class Client {
  readonly socket: WebSocket;
  readonly #messages: Message[] = [];
  #waiting: (() => void) | null = null;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on("message", (data) => {
      this.#messages.push(JSON.parse(String(data)) as Message);
      this.#waiting?.();
    });
  }

  async ask(method: string, ...params: unknown[]): Promise<Message> {
    this.socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
    return this.next();
  }

  async next(): Promise<Message> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.#messages.shift() ?? {};
  }
}

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connected(
  options: DevnetOptions = {},
): Promise<{ node: Devnet; client: Client; clock: TestClock }> {
  const clock = new TestClock(1_760_000_000_000);
  const node = await startDevnet({ clock, historySlots: 200, ...options });
  cleanups.push(() => node.stop());
  const client = new Client(node.wsUrl);
  await once(client.socket, "open");
  return { node, client, clock };
}

describe("a subscription", () => {
  test("to slots tells each block of the chain in order, as time goes on", async () => {
    const { node, client, clock } = await connected({ chain: { skippedSlotRate: 0.2 } });
    const { result: subscription } = await client.ask("slotSubscribe");
    expect(subscription).toEqual(expect.any(Number));
    let parent = node.headSlot();
    for (let i = 0; i < 30; i++) {
      clock.advance(400);
      if (!node.chain.calendar.hasBlock(node.chain.calendar.slotAt(clock.now()))) continue;
      const slot = node.headSlot();
      expect(await client.next()).toEqual({
        jsonrpc: "2.0",
        method: "slotNotification",
        params: { result: { parent, root: node.headSlot("finalized"), slot }, subscription },
      });
      parent = slot;
    }
  });

  test("to roots tells the finalized slots", async () => {
    const { node, client, clock } = await connected({ chain: { skippedSlotRate: 0 } });
    await client.ask("rootSubscribe");
    for (let i = 0; i < 5; i++) {
      clock.advance(400);
      const message = await client.next();
      expect(message.method).toBe("rootNotification");
      expect(message.params?.result).toBe(node.headSlot("finalized"));
    }
  });

  test("ends when it is ended", async () => {
    const { client, clock } = await connected({ chain: { skippedSlotRate: 0 } });
    const { result: subscription } = await client.ask("slotSubscribe");
    clock.advance(400);
    expect((await client.next()).method).toBe("slotNotification");
    expect((await client.ask("slotUnsubscribe", subscription)).result).toBe(true);
    expect((await client.ask("slotUnsubscribe", subscription)).error?.code).toBe(-32602);
    clock.advance(400);
    // The next thing to arrive is the answer to this, not a notification.
    expect((await client.ask("blockSubscribe")).error?.code).toBe(-32601);
  });

  test("survives nonsense, and pings are answered", async () => {
    const { client } = await connected();
    client.socket.send("{");
    expect((await client.next()).error?.code).toBe(-32700);
    client.socket.send("[1]");
    expect((await client.next()).error?.code).toBe(-32600);
    const pong = once(client.socket, "pong");
    client.socket.ping();
    await pong;
  });

  test("is cut by a fault, and by the node's end", async () => {
    const cut = await connected({ faults: { cutSubscription: 1 }, chain: { skippedSlotRate: 0 } });
    await cut.client.ask("slotSubscribe");
    const closed = once(cut.client.socket, "close");
    cut.clock.advance(400);
    await closed;
    const ended = await connected();
    const over = once(ended.client.socket, "close");
    await ended.node.stop();
    await over;
  });
});
