import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type Devnet, type DevnetOptions, startDevnet } from "../src/index.ts";
import { type Answer, call, FULL, post } from "./rpc-client.ts";
import { TestClock } from "./test-clock.ts";

const NOW = 1_760_000_000_000;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: DevnetOptions = {}): Promise<Devnet> {
  const node = await startDevnet({ clock: new TestClock(NOW), ...options });
  cleanups.push(() => node.stop());
  return node;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "devnet-"));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function blockText(node: Devnet, slot: number): Promise<string> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getBlock", params: [slot, FULL] });
  return (await post(node.url, body)).text();
}

describe("over restarts", () => {
  test("a node with a genesis file serves the same bytes, and its chain stood still meanwhile", async () => {
    const genesisFile = join(folder(), "chain", "genesis.json");
    const clock = new TestClock(NOW);
    const first = await startDevnet({ clock, genesisFile, historySlots: 100 });
    const slot = first.headSlot("finalized");
    const head = first.headSlot();
    const served = await blockText(first, slot);
    await first.stop();
    clock.advance(3_600_000);
    const second = await startDevnet({ clock, genesisFile });
    expect(await blockText(second, slot)).toBe(served);
    clock.advance(4_000);
    const moved = second.headSlot();
    expect(moved).toBeGreaterThan(head);
    expect(moved).toBeLessThan(head + 60);
    const { calendar } = second.chain;
    expect(Math.abs(calendar.timeOf(moved) * 1000 - clock.now())).toBeLessThan(2_000);
    await second.stop();
    clock.advance(7_200_000);
    const third = await start({ clock, genesisFile });
    expect(await blockText(third, slot)).toBe(served);
    expect(third.chain.options.resumes).toHaveLength(2);
  });

  test("a short pause is caught up with", async () => {
    const genesisFile = join(folder(), "genesis.json");
    const clock = new TestClock(NOW);
    const first = await startDevnet({ clock, genesisFile });
    const head = first.headSlot();
    await first.stop();
    clock.advance(20_000);
    const second = await start({ clock, genesisFile });
    expect(second.headSlot()).toBeGreaterThan(head + 40);
    expect(second.chain.options).toEqual(first.chain.options);
  });

  test("a genesis file is not taken for another chain", async () => {
    const genesisFile = join(folder(), "genesis.json");
    await (await startDevnet({ clock: new TestClock(NOW), genesisFile, chain: { seed: "a" } })).stop();
    const before = readFileSync(genesisFile, "utf8");
    await expect(start({ genesisFile, chain: { seed: "b" } })).rejects.toMatchObject({
      code: "GENESIS_MISMATCH",
      message: expect.stringContaining("made with seed a, not b"),
    });
    expect(readFileSync(genesisFile, "utf8")).toBe(before);
  });

  test.each(["", "{", "[]", '{"version":2,"options":{}}', '{"version":9,"options":{"genesisUnixMs":1}}'])(
    "a broken genesis file is said to be so: %j",
    async (text) => {
      const genesisFile = join(folder(), "genesis.json");
      writeFileSync(genesisFile, text);
      await expect(start({ genesisFile })).rejects.toMatchObject({ code: "GENESIS_UNREADABLE" });
    },
  );
});

describe("starting", () => {
  test("a port that is taken is named", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => new Promise((resolve) => other.close(() => resolve())));
    const address = other.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(start({ port })).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: expect.stringContaining(String(port)),
    });
  });

  test("an option out of range is refused", async () => {
    await expect(start({ historySlots: -1 })).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(start({ faults: { rateLimited: 2 } })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  test("stopping twice is stopping once, and frees the port", async () => {
    const node = await start();
    await Promise.all([node.stop(), node.stop()]);
    const next = await start({ port: node.port });
    expect(next.port).toBe(node.port);
  });
});

describe("faults", () => {
  /** What 40 requests meet. */
  async function outcomes(faults: DevnetOptions["faults"]): Promise<string[]> {
    const node = await start({ faults: faults ?? {}, chain: { tradesPerSlot: 2 } });
    const slot = node.headSlot("finalized");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getBlock", params: [slot, FULL] });
    const met: string[] = [];
    for (let i = 0; i < 40; i++) {
      try {
        const response = await post(node.url, body);
        if (response.status === 429) expect(response.headers.get("retry-after")).toBe("1");
        const text = await response.text();
        met.push(response.status !== 200 ? String(response.status) : isJson(text) ? "ok" : "truncated");
      } catch {
        met.push("cut");
      }
    }
    return met;
  }

  test("happen as often as asked, and the same at every start", async () => {
    const faults = { rateLimited: 0.2, serverError: 0.2, cutConnection: 0.2, truncatedBody: 0.2 };
    const first = await outcomes(faults);
    expect(new Set(first)).toEqual(new Set(["ok", "429", "500", "cut", "truncated"]));
    expect(await outcomes(faults)).toEqual(first);
    expect(new Set(await outcomes(undefined))).toEqual(new Set(["ok"]));
  });

  test("a late block is told before it can be read", async () => {
    const clock = new TestClock(NOW);
    const node = await start({ clock, faults: { lateBlock: 1 } });
    const slot = node.headSlot("confirmed");
    expect((await call(node.url, "getBlocks", slot, { commitment: "confirmed" })).result).toEqual([slot]);
    expect((await call(node.url, "getBlock", slot, FULL)).error?.code).toBe(-32004);
    clock.advance(20 * 400);
    expect(((await call(node.url, "getBlock", slot, FULL)) as Answer).error).toBeUndefined();
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
