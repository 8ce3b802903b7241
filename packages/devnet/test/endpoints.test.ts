import { afterEach, expect, test } from "vitest";
import { type Devnet, type DevnetOptions, startDevnet } from "../src/index.ts";
import { call, FULL, post } from "./rpc-client.ts";
import { TestClock } from "./test-clock.ts";

const NOW = 1_760_000_000_000;
let node: Devnet | null = null;

afterEach(async () => {
  await node?.stop();
  node = null;
});

async function start(options: DevnetOptions): Promise<Devnet> {
  const chain = { tradesPerSlot: 2, votesPerBlock: 0, skippedSlotRate: 0.1, forkedSlotRate: 0.05, pairs: 16 };
  node = await startDevnet({ clock: new TestClock(NOW), historySlots: 200, chain, ...options });
  return node;
}

function urlOf(devnet: Devnet, index: number): string {
  return devnet.endpoints[index]?.url ?? "";
}

interface Facts {
  readonly blockhash: string;
  readonly previousBlockhash: string;
  readonly transactions: readonly unknown[];
}

async function block(url: string, slot: number): Promise<Facts> {
  return (await call(url, "getBlock", slot, FULL)).result as Facts;
}

test("an endpoint that is behind has an older head of the same chain", async () => {
  const devnet = await start({ endpoints: [{ behindSlots: 40 }] });
  const { result: head } = await call(devnet.url, "getSlot", { commitment: "confirmed" });
  const { result: behind } = await call(urlOf(devnet, 1), "getSlot", { commitment: "confirmed" });
  expect(Number(head) - Number(behind)).toBeGreaterThanOrEqual(35);
  expect(await block(urlOf(devnet, 1), Number(behind))).toEqual(await block(devnet.url, Number(behind)));
});

test("an endpoint of another chain says so", async () => {
  const devnet = await start({ endpoints: [{ genesisHash: "another" }] });
  expect((await call(urlOf(devnet, 1), "getGenesisHash")).result).toBe("another");
  expect((await call(devnet.url, "getGenesisHash")).result).toBe(devnet.chain.calendar.hashOf(0));
});

test("a lying endpoint shows the same false block each time, and the others the chain's", async () => {
  const devnet = await start({ endpoints: [{ faults: { falseBlock: 0.3 } }] });
  const { calendar, options } = devnet.chain;
  const slots = Array.from({ length: 60 }, (_, i) => options.firstSlot + i).filter((slot) =>
    calendar.hasBlock(slot),
  );
  let lies = 0;
  for (const slot of slots) {
    const [truth, told] = [await block(devnet.url, slot), await block(urlOf(devnet, 1), slot)];
    expect(truth.blockhash).toBe(calendar.hashOf(slot));
    expect(told.previousBlockhash).toBe(truth.previousBlockhash);
    expect(await block(urlOf(devnet, 1), slot)).toEqual(told);
    if (told.blockhash !== truth.blockhash) lies += 1;
  }
  expect(lies).toBeGreaterThan(slots.length * 0.1);
  expect(lies).toBeLessThan(slots.length * 0.6);
});

test.each([
  ["malformedField", (text: string, whole: string) => text !== whole && JSON.parse(text) !== null],
  [
    "wrongParent",
    (text: string, whole: string) =>
      JSON.parse(text).result.previousBlockhash !== JSON.parse(whole).result.previousBlockhash,
  ],
] as const)("a %s leaves the JSON whole", async (fault, differs) => {
  const devnet = await start({ endpoints: [{ faults: { [fault]: 1 } }] });
  const slot = devnet.headSlot("confirmed");
  const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "getBlock", params: [slot, FULL] });
  const whole = await (await post(devnet.url, body)).text();
  for (let i = 0; i < 7; i++) {
    const text = await (await post(urlOf(devnet, 1), body)).text();
    expect(differs(text, whole)).toBe(true);
  }
});

test("an endpoint that hangs never answers", async () => {
  const devnet = await start({ endpoints: [{ faults: { hang: 1 } }] });
  const answer = fetch(urlOf(devnet, 1), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"jsonrpc":"2.0","id":1,"method":"getSlot"}',
    signal: AbortSignal.timeout(200),
  });
  await expect(answer).rejects.toThrow(/timeout/i);
});

test("a block that dies is built on the chain or on another such block, of transactions that come again", async () => {
  const { chain } = await start({});
  const { calendar, options } = chain;
  let dying = 0;
  let built = 0;
  for (let slot = options.firstSlot; slot < options.firstSlot + 2_000; slot++) {
    if (!calendar.hasOrphan(slot)) continue;
    dying += 1;
    expect(calendar.hasBlock(slot)).toBe(false);
    const orphan = chain.orphanAt(slot);
    expect(orphan.previousBlockhash).toBe(calendar.hashOf(orphan.parentSlot));
    expect(calendar.hasBlock(orphan.parentSlot) || calendar.hasOrphan(orphan.parentSlot)).toBe(true);
    if (calendar.hasOrphan(orphan.parentSlot)) built += 1;
    for (const trade of chain.orphanTruthOf(slot)) expect(trade.position.slot).toBe(slot);
  }
  expect(dying).toBeGreaterThan(50);
  expect(dying).toBeLessThan(150);
  expect(built).toBeGreaterThan(0);
});
