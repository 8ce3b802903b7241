import { type Devnet, type DevnetOptions, startDevnet } from "@candlewick/devnet";
import { type Clock, systemClock } from "@candlewick/runtime";
import { afterEach, describe, expect, test } from "vitest";
import type { BlockFacts } from "../src/ports.ts";
import { EndpointHealth } from "../src/sources/endpoint-health.ts";
import { RateBudget } from "../src/sources/rate-budget.ts";
import { RpcOracle } from "../src/sources/rpc-oracle.ts";
import { RpcPool, type RpcPoolOptions } from "../src/sources/rpc-pool.ts";
import { rpcEndpoint } from "../src/sources/rpc-url.ts";
import { type Answer, chainNode, GENESIS, LocalNode } from "./local-node.ts";
import { JumpingClock, MemoryLogger } from "./memory-ports.ts";

const quiet = new AbortController().signal;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const chain = new Map([
  [100, 99],
  [101, 100],
  [104, 101],
]);

async function startNode(answer: Answer): Promise<LocalNode> {
  const node = await LocalNode.start(answer);
  closers.push(() => node.stop());
  return node;
}

async function startChain(options: DevnetOptions): Promise<Devnet> {
  const node = await startDevnet({
    historySlots: 120,
    chain: { slotMs: 400, tradesPerSlot: 1, votesPerBlock: 0, pairs: 16, skippedSlotRate: 0.1 },
    ...options,
  });
  closers.push(() => node.stop());
  return node;
}

function openPool(urls: readonly string[], changed: Partial<RpcPoolOptions> = {}) {
  const logger = new MemoryLogger();
  const troubles: string[] = [];
  const pool = new RpcPool({
    endpoints: urls.map((url) => rpcEndpoint(url)),
    commitment: "confirmed",
    maxTransactionVersion: 0,
    timeoutMs: 2_000,
    maxResponseBytes: 10_000_000,
    requestsPerSecond: null,
    clock: systemClock,
    random: () => 0.5,
    logger,
    hedge: true,
    maxBehindSlots: 20,
    quarantineMs: 60_000,
    genesis: null,
    onRpcError: (trouble) => troubles.push(trouble),
    onEndpoint: (endpoint, trouble) => troubles.push(`${new URL(endpoint).port} ${trouble}`),
    ...changed,
  });
  return { pool, logger, troubles };
}

/** The chain that was followed before is that of `chainNode`. */
function keptGenesis(): NonNullable<RpcPoolOptions["genesis"]> {
  return { load: async () => GENESIS, save: async () => {} };
}

function urlsOf(devnet: Devnet): string[] {
  return devnet.endpoints.map(({ url }) => url);
}

function portOf(devnet: Devnet, index: number): string {
  return new URL(devnet.endpoints[index]?.url ?? "").port;
}

describe("a call", () => {
  test("goes to another endpoint where one is asked too often, until that may be asked again", async () => {
    const clock: Clock = new JumpingClock();
    const refusing = await startNode(() => ({ status: 429, headers: { "retry-after": "30" } }));
    const working = await startNode(chainNode(chain));
    const { pool } = openPool([refusing.url, working.url], { clock });
    for (let i = 0; i < 6; i++) await pool.block(101, new Set(), quiet).catch(() => {});
    expect(refusing.count("getBlock")).toBeLessThanOrEqual(1);
    expect(working.count("getBlock")).toBeGreaterThanOrEqual(5);
    expect(clock.monotonic()).toBe(0);
  });

  test("goes to the endpoint that answers, mostly", async () => {
    let turn = 0;
    const flaky = await startNode((method, params, request) =>
      turn++ % 2 === 0 ? { status: 500 } : chainNode(chain)(method, params, request),
    );
    const good = await startNode(chainNode(chain));
    const { pool } = openPool([flaky.url, good.url]);
    for (let i = 0; i < 40; i++) await pool.block(101, new Set(), quiet).catch(() => {});
    expect(good.count("getBlock")).toBeGreaterThan(flaky.count("getBlock"));
  });

  test("is hedged where a second endpoint is free", async () => {
    const slow = await startNode(chainNode(chain));
    const quick = await startNode(chainNode(chain));
    const { pool } = openPool([slow.url, quick.url], { timeoutMs: 60_000 });
    for (let i = 0; i < 40; i++) await pool.block(101, new Set(), quiet);
    slow.answer = () => ({ hang: true });
    const answers = await Promise.all(Array.from({ length: 6 }, () => pool.block(104, new Set(), quiet)));
    expect(answers.map((bytes) => bytes.length > 0)).toEqual([true, true, true, true, true, true]);
  });

  test("is hedged at an endpoint of the chain that has the block", async () => {
    const [slow, stranger, behind, good] = [
      await startNode(chainNode(chain)),
      await startNode(chainNode(chain, "another")),
      await startNode(chainNode(chain)),
      await startNode(chainNode(chain)),
    ];
    const urls = [slow, stranger, behind, good].map(({ url }) => url);
    const { pool, troubles } = openPool(urls, { timeoutMs: 60_000, genesis: keptGenesis() });
    const [first, , third] = pool.nodes;
    if (first === undefined || third === undefined) throw new RangeError("there are four endpoints");
    third.head = 101;
    expect(await pool.serves(first, quiet)).toBe(true);
    for (let i = 0; i < 40; i++) await first.block(101, quiet);
    slow.answer = () => ({ hang: true });
    // Whoever hangs is asked first by some of them.
    for (let i = 0; i < 6; i++) expect((await pool.block(104, new Set(), quiet)).length).toBeGreaterThan(0);
    expect(slow.countBlock(104)).toBeGreaterThan(0);
    expect([stranger.countBlock(104), behind.countBlock(104)]).toEqual([0, 0]);
    expect(troubles.filter((trouble) => trouble.includes("genesis")).length).toBeLessThanOrEqual(1);
  });

  test("keeps to the budget of calls", () => {
    const budget = new RateBudget(10, 0);
    for (let i = 0; i < 10; i++) {
      expect(budget.waitMs(0)).toBe(0);
      budget.take(0);
    }
    expect(budget.waitMs(0)).toBe(100);
    expect(budget.waitMs(100)).toBe(0);
    expect(new RateBudget(null, 0).waitMs(0)).toBe(0);
  });

  test("is ranked by latency and by failures", () => {
    const [fast, failing] = [new EndpointHealth(), new EndpointHealth()];
    for (let i = 0; i < 50; i++) {
      fast.succeeded(20);
      if (i % 2 === 0) failing.failed();
      else failing.succeeded(20);
    }
    expect(failing.score).toBeGreaterThan(fast.score * 2);
    expect(fast.blockP95Ms).toBeNull();
    for (let ms = 1; ms <= 20; ms++) fast.blockCame(ms);
    expect(fast.blockP95Ms).toBe(20);
  });
});

describe("an endpoint", () => {
  test("that is behind is named once, and not asked for what it does not have", async () => {
    const devnet = await startChain({ endpoints: [{ behindSlots: 60 }] });
    const { pool, logger, troubles } = openPool(urlsOf(devnet));
    for (let i = 0; i < 6; i++) await pool.headSlot(quiet);
    const head = devnet.headSlot("confirmed");
    for (let i = 0; i < 10; i++) await pool.block(head, new Set(), quiet);
    expect(logger.at("warn")).toEqual([
      "an endpoint is behind the others; newer blocks are asked for elsewhere",
    ]);
    expect(troubles).toEqual([`${portOf(devnet, 1)} behind`]);
  });

  test("of another chain is named once and never used", async () => {
    const devnet = await startChain({ endpoints: [{ genesisHash: "another" }] });
    let kept: string | null = null;
    const genesis = {
      load: async () => kept,
      save: async (hash: string) => {
        kept = hash;
      },
    };
    // On a first run the first of equals counts; afterwards what was kept.
    const { pool, logger, troubles } = openPool(urlsOf(devnet), { genesis });
    for (let i = 0; i < 20; i++) await pool.headSlot(quiet);
    expect(kept).toBe(devnet.chain.calendar.hashOf(0));
    expect(logger.at("error")).toEqual(["an endpoint serves another chain and is not used"]);
    expect(troubles).toEqual([`${portOf(devnet, 1)} wrong-genesis`]);
    const { pool: alone } = openPool([devnet.endpoints[1]?.url ?? ""], { genesis });
    await expect(alone.headSlot(quiet)).rejects.toThrow(
      /serves another chain than the one that was followed/,
    );
  });
});

describe("the oracle", () => {
  async function lyingChain() {
    const devnet = await startChain({ endpoints: [{}, { faults: { falseBlock: 0.5 } }] });
    const opened = openPool(urlsOf(devnet));
    const { calendar, options } = devnet.chain;
    const slots = Array.from({ length: 60 }, (_, i) => options.firstSlot + 20 + i);
    const liar = opened.pool.nodes[2];
    if (liar === undefined) throw new RangeError("there are three endpoints");
    const blocks = slots.filter((slot) => calendar.hasBlock(slot));
    return {
      devnet,
      ...opened,
      oracle: new RpcOracle(opened.pool, systemClock),
      slots,
      blocks,
      calendar,
      liar,
    };
  }

  function factsOf(devnet: Devnet, slot: number, id: string): BlockFacts {
    const { calendar } = devnet.chain;
    const parentSlot = calendar.parentOf(slot);
    return {
      slot: slot as BlockFacts["slot"],
      id,
      parentSlot: parentSlot as BlockFacts["slot"],
      parentId: calendar.hashOf(parentSlot),
      height: null,
      time: null,
      transactions: 0,
    };
  }

  test("knows the block of every slot although one endpoint lies, and names the liar", async () => {
    const { oracle, slots, calendar, logger, troubles, devnet } = await lyingChain();
    for (const slot of slots) {
      const expected = calendar.hasBlock(slot)
        ? { kind: "block", id: calendar.hashOf(slot) }
        : { kind: "absent" };
      expect(await oracle.truth(slot, quiet)).toEqual(expected);
    }
    expect(new Set(logger.at("error"))).toEqual(
      new Set(["an endpoint shows a block that is not the chain's"]),
    );
    expect(new Set(troubles)).toEqual(new Set([`${portOf(devnet, 2)} false-block`, "skipped"]));
  });

  test("tells which of two blocks is false", async () => {
    const { oracle, blocks, calendar, devnet, liar } = await lyingChain();
    let judged = 0;
    for (const slot of blocks.slice(1)) {
      const last = calendar.parentOf(slot);
      const shown = await liar.claim(last, quiet);
      if (shown === null || shown.id === calendar.hashOf(last)) continue;
      judged += 1;
      const next = factsOf(devnet, slot, calendar.hashOf(slot));
      expect(await oracle.judge({ slot: last, id: shown.id }, next, quiet)).toBe("last");
      const misplaced = { ...next, parentId: "nobody" };
      expect(await oracle.judge({ slot: last, id: calendar.hashOf(last) }, misplaced, quiet)).toBe("next");
      const lie = factsOf(devnet, last, shown.id);
      expect(await oracle.confirm(lie, quiet)).toBe(false);
      expect(await oracle.confirm(next, quiet)).toBe(true);
    }
    expect(judged).toBeGreaterThan(5);
  });

  test("takes a block with a wrong parent for wrong although the one before is wrong too", async () => {
    const devnet = await startChain({ endpoints: [{ faults: { wrongParent: 1 } }] });
    const { pool } = openPool(urlsOf(devnet));
    const oracle = new RpcOracle(pool, systemClock);
    const { calendar, options } = devnet.chain;
    const slots = Array.from({ length: 20 }, (_, i) => options.firstSlot + 20 + i);
    for (const slot of slots.filter((at) => calendar.hasBlock(at))) {
      const last = { slot: calendar.parentOf(slot), id: "nobody-knows" };
      // Of two endpoints each names another parent: only what is said of the slot before decides.
      const next = factsOf(devnet, slot, calendar.hashOf(slot));
      expect(await oracle.judge(last, next, quiet)).toBe("last");
      expect(await oracle.judge(last, { ...next, parentId: "nobody" }, quiet)).toBe("next");
    }
  });

  test("says that both may stand where most say so, and that it does not know where nobody answers", async () => {
    const devnet = await startChain({ endpoints: [{}] });
    const { calendar, options } = devnet.chain;
    const oracle = new RpcOracle(openPool(urlsOf(devnet)).pool, systemClock);
    const at = [...Array(20).keys()].map((i) => options.firstSlot + 20 + i).find((n) => calendar.hasBlock(n));
    if (at === undefined) throw new RangeError("none of these slots has a block");
    const next = factsOf(devnet, at, calendar.hashOf(at));
    const last = { slot: calendar.parentOf(at), id: calendar.hashOf(calendar.parentOf(at)) };
    expect(await oracle.judge(last, next, quiet)).toBe("both");
    expect(await oracle.judge({ ...last, id: null }, next, quiet)).toBe("last");
    const silent = await startNode(() => ({ status: 500 }));
    const clock = new JumpingClock();
    const ignorant = new RpcOracle(openPool([silent.url], { clock }).pool, clock);
    expect(await ignorant.judge(last, next, quiet)).toBe("unknown");
    expect(await ignorant.judge({ ...last, id: null }, next, quiet)).toBe("unknown");
  });

  test("asks no endpoint that rests, is of another chain, or has no calls left", async () => {
    const clock = new JumpingClock();
    const refusing = await startNode((method, params, request) =>
      method === "getGenesisHash"
        ? chainNode(chain)(method, params, request)
        : { status: 429, headers: { "retry-after": "3600" } },
    );
    const stranger = await startNode(chainNode(chain, "another"));
    const working = [await startNode(chainNode(chain)), await startNode(chainNode(chain))];
    const urls = [refusing, stranger, ...working].map(({ url }) => url);
    const { pool } = openPool(urls, { clock, genesis: keptGenesis(), requestsPerSecond: 2 });
    const oracle = new RpcOracle(pool, clock);
    for (let i = 0; i < 8; i++) {
      expect(await oracle.truth(101, quiet)).toMatchObject({ kind: "block" });
      expect(await oracle.truth(102, quiet)).toEqual({ kind: "absent" });
    }
    expect(stranger.count("getBlock")).toBe(0);
    // The list of slots may have been asked for at the same moment.
    expect(refusing.count("getBlock")).toBeLessThanOrEqual(1);
    const seconds = clock.monotonic() / 1000;
    expect(seconds).toBeGreaterThan(1);
    expect(seconds).toBeLessThan(60);
    // What waits for the same call to come free may take it twice.
    for (const node of working) expect(node.calls.length).toBeLessThanOrEqual(2 + 2 * seconds + 2);
  });

  test("waits for its only endpoint", async () => {
    const clock = new JumpingClock();
    let refusals = 0;
    const node = await startNode((method, params, request) =>
      refusals++ === 0
        ? { status: 429, headers: { "retry-after": "30" } }
        : chainNode(chain)(method, params, request),
    );
    const { pool } = openPool([node.url], { clock });
    expect(await new RpcOracle(pool, clock).truth(101, quiet)).toMatchObject({ kind: "block" });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(30_000);
  });

  test("tells final slots as far as finality goes", async () => {
    const { oracle, devnet, calendar } = await lyingChain();
    const first = devnet.chain.options.firstSlot;
    const { through, slots } = await oracle.finalized(first, first + 1_000, quiet);
    expect(through).toBeLessThanOrEqual(devnet.headSlot("finalized"));
    expect(through).toBeGreaterThan(first + 50);
    for (let slot = first + 1; slot <= through; slot++) {
      expect(slots.includes(slot)).toBe(calendar.hasBlock(slot));
    }
  });
});
