import { slot } from "@candlewick/domain";
import { CandlewickError, type Clock, systemClock } from "@candlewick/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { openDecoder } from "../src/main.ts";
import { IngestRun, type RunSettings } from "../src/run.ts";
import { type SolanaRpcOptions, SolanaRpcSource } from "../src/sources/solana-rpc.ts";
import { linkedRules } from "./chain-model.ts";
import { type Answer, chainNode, emptyBlock, LocalNode, type Reply } from "./local-node.ts";
import { JumpingClock, MemoryLedger, MemoryLog, MemoryLogger, memoryPorts } from "./memory-ports.ts";

const quiet = new AbortController().signal;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startNode(answer: Answer, options?: { sockets?: boolean; port?: number }): Promise<LocalNode> {
  const node = await LocalNode.start(answer, options);
  closers.push(() => node.stop());
  return node;
}

function openSource(url: string, changed: Partial<SolanaRpcOptions> = {}) {
  const logger = new MemoryLogger();
  const errors: string[] = [];
  const source = new SolanaRpcSource({
    rpcUrl: url,
    wsUrl: null,
    commitment: "confirmed",
    startSlot: "first",
    lookbackSlots: 0,
    maxTransactionVersion: 0,
    timeoutMs: 5_000,
    maxResponseBytes: 1_000_000,
    pollMs: 400,
    watchdogMs: 10_000,
    blockAttempts: 3,
    notYetTimeoutMs: 60_000,
    clock: new JumpingClock(),
    random: () => 0.5,
    logger,
    onRpcError: (trouble) => errors.push(trouble),
    ...changed,
  });
  closers.push(() => source.close());
  return { source, logger, errors };
}

/** Gives the replies one after the other and then what `then` says. */
function first(replies: readonly Reply[], then: Answer): Answer {
  const left = [...replies];
  return (method, params, request) =>
    (method === "getBlock" ? left.shift() : undefined) ?? then(method, params, request);
}

const chain = new Map([
  [100, 99],
  [101, 100],
  [104, 101],
]);

describe("a block", () => {
  const later: [string, readonly Reply[], readonly string[]][] = [
    ["comes at once", [], []],
    [
      "is not there yet",
      [{ error: { code: -32004, message: "not yet" } }, { result: null }],
      ["not-yet", "not-yet"],
    ],
    [
      "comes from a node that was away",
      [{ cut: "before" }, { status: 503 }, { cut: "within" }],
      ["network", "http", "network"],
    ],
    ["was asked for too often", [{ status: 429, headers: { "retry-after": "120" } }], ["rate-limited"]],
    [
      "comes damaged twice",
      [{ raw: "{" }, { error: { code: -32603, message: "oops" } }],
      ["malformed", "rpc"],
    ],
  ];
  test.each(later)("%s", async (_name, replies, kinds) => {
    const node = await startNode(first(replies, chainNode(chain)));
    const clock = new JumpingClock();
    const { source, errors } = openSource(node.url, { clock });
    const fetched = await source.fetch(slot(101), quiet);
    expect(fetched).toMatchObject({ kind: "block", attempts: replies.length + 1 });
    expect(errors).toEqual(kinds);
    if (kinds[0] === "rate-limited") expect(clock.monotonic()).toBeGreaterThanOrEqual(120_000);
  });

  test("is asked for in the form that the decoder reads", async () => {
    const node = await startNode(chainNode(chain));
    await openSource(node.url).source.fetch(slot(100), quiet);
    expect(node.calls.at(-1)).toMatchObject({
      method: "getBlock",
      params: [
        100,
        {
          encoding: "json",
          transactionDetails: "full",
          maxSupportedTransactionVersion: 0,
          rewards: false,
          commitment: "confirmed",
        },
      ],
    });
  });

  test("is given up when it stays damaged", async () => {
    const node = await startNode(() => ({ raw: "no json" }));
    expect(await openSource(node.url).source.fetch(slot(5), quiet)).toEqual({
      kind: "failed",
      reason: 'the answer is not JSON-RPC (7 bytes, "no json")',
      attempts: 3,
    });
  });

  test("is given up when it does not come for long", async () => {
    const node = await startNode(() => ({ error: { code: -32014, message: "no status yet" } }));
    const fetched = await openSource(node.url).source.fetch(slot(5), quiet);
    expect(fetched).toMatchObject({ kind: "failed", reason: "no status yet (-32014)" });
  });

  test.each([-32007, -32009])("is absent with code %i when the node lists a later one", async (code) => {
    const node = await startNode((method, params, request) =>
      method === "getBlock"
        ? { error: { code, message: "skipped" } }
        : chainNode(chain)(method, params, request),
    );
    expect(await openSource(node.url).source.fetch(slot(102), quiet)).toEqual({ kind: "absent" });
  });

  test("is waited for when the node calls it skipped but knows no later one", async () => {
    let lists = 0;
    const node = await startNode((method) => {
      if (method === "getBlocks") {
        lists += 1;
        return { result: lists < 3 ? [] : [105] };
      }
      return lists < 3 ? { error: { code: -32007, message: "skipped" } } : { result: emptyBlock(105, 104) };
    });
    expect(await openSource(node.url).source.fetch(slot(105), quiet)).toMatchObject({ kind: "block" });
  });

  test.each([
    [-32001, /no longer has a block that ingest needs: .*First available block: 900/, "BAD_INPUT"],
    [-32011, /cannot serve blocks/, "CONFIGURATION"],
  ])("that needs a person ends ingest: %i", async (code, what, kind) => {
    const message = "Block 5 cleaned up, does not exist on node. First available block: 900";
    const node = await startNode(() => ({ error: { code, message } }));
    const error = await openSource(node.url)
      .source.fetch(slot(5), quiet)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CandlewickError);
    expect(error).toMatchObject({ message: expect.stringMatching(what), code: kind });
  });
});

test("a block with transactions of an unknown version is left to the ledger", async () => {
  const message = "Transaction version (1) is not supported by the requesting client";
  const node = await startNode(() => ({ error: { code: -32015, message } }));
  const { source, errors } = openSource(node.url);
  expect(await source.fetch(slot(5), quiet)).toEqual({
    kind: "failed",
    reason: `${message} (-32015): raise ingest.maxTransactionVersion`,
    attempts: 1,
  });
  expect(errors).toEqual(["unsupported-version"]);
});

describe("an outage", () => {
  test("is said once, and once when it is over", async () => {
    let away = 6;
    const node = await startNode((method, params, request) => {
      away -= 1;
      return away >= 0 ? { cut: "before" } : chainNode(chain)(method, params, request);
    });
    const { source, logger } = openSource(node.url);
    await source.fetch(slot(100), quiet);
    expect(logger.at("warn")).toEqual([
      expect.stringMatching(/^the RPC node at http:.* fails: .*; trying again/),
    ]);
    expect(logger.at("info")).toEqual([expect.stringMatching(/works again after/)]);
  });

  test("at the start is an error that names the node without its secrets", async () => {
    const node = await LocalNode.start(() => ({ hang: true }));
    const { port } = node;
    await node.stop();
    const { source } = openSource(`http://me:secret@127.0.0.1:${port}/key?api-key=secret`, {
      clock: systemClock,
    });
    const error = await source.probe(300, quiet).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "RPC_UNREACHABLE", exitCode: 75 });
    expect(String(error)).toContain(
      `The RPC node at http://***@127.0.0.1:${port}/key?api-key=*** cannot be reached`,
    );
    expect(String(error)).not.toContain("secret");
  });

  test("that ends within the patience is none", async () => {
    let calls = 0;
    const node = await startNode(() => (calls++ < 2 ? { status: 503 } : { result: 5 }));
    await openSource(node.url, { clock: systemClock }).source.probe(10_000, quiet);
    expect(calls).toBe(3);
  });
});

describe("what comes next", () => {
  const plans: [string, number | null, number, number[]][] = [
    ["from the first block", null, 10, [100, 101, 104]],
    ["after the cursor", 100, 10, [101, 104]],
    ["the head alone", 103, 10, [104]],
    ["no more than is asked for", 99, 2, [100, 101]],
  ];
  test.each(plans)("%s", async (_name, after, limit, slots) => {
    const node = await startNode(chainNode(chain));
    const { source } = openSource(node.url, { startSlot: 100 });
    const from = after ?? (await source.origin(quiet));
    expect(await source.plan(from, limit, quiet)).toEqual({ slots, ended: false });
  });

  test.each([
    ["head", 0, 103],
    ["head", 2, 101],
    ["head", 50, 99],
    ["first", 0, 99],
    [77, 0, 76],
    [0, 0, null],
  ] as const)(
    "a first run that starts with %s, %i before, begins after %s",
    async (startSlot, lookbackSlots, after) => {
      const node = await startNode(chainNode(chain));
      const { source } = openSource(node.url, { startSlot, lookbackSlots });
      expect(await source.origin(quiet)).toBe(after);
    },
  );

  test("a long stretch without blocks is passed", async () => {
    const far = new Map([
      [100, 99],
      [50_000, 100],
    ]);
    const node = await startNode(chainNode(far));
    expect((await openSource(node.url).source.plan(100, 8, quiet)).slots).toEqual([50_000]);
    expect(node.count("getBlocks")).toBeLessThan(8);
  });

  test("a server that is behind its own head is asked again", async () => {
    let lists = 0;
    const node = await startNode((method, params, request) => {
      if (method === "getBlocks" && lists++ < 2) return { result: [] };
      return chainNode(chain)(method, params, request);
    });
    expect((await openSource(node.url).source.plan(99, 8, quiet)).slots).toEqual([100, 101, 104]);
  });

  test("a gap that the node has pruned is an error", async () => {
    const node = await startNode(chainNode(chain));
    await expect(openSource(node.url).source.plan(50, 8, quiet)).rejects.toThrow(
      /has blocks from slot 100 on, but ingest must go on with slot 51/,
    );
  });

  test("a head before the cursor is waited for, with a warning", async () => {
    let heads = 0;
    const node = await startNode((method, params, request) => {
      if (method === "getSlot" && heads++ < 3) return { result: 50 };
      return chainNode(chain)(method, params, request);
    });
    const { source, logger } = openSource(node.url);
    expect((await source.plan(103, 8, quiet)).slots).toEqual([104]);
    expect(logger.at("warn")).toContainEqual(expect.stringMatching(/head is before the slot to go on with/));
  });
});

describe("the announcement of slots", () => {
  test("wakes at once what waits for the head", async () => {
    let head = 104;
    const node = await startNode(
      (method, params, request) =>
        method === "getSlot" ? { result: head } : chainNode(chain)(method, params, request),
      { sockets: true },
    );
    const { source } = openSource(node.url, { pollMs: 3_000_000, clock: systemClock });
    await source.plan(103, 1, quiet);
    await node.untilSubscribed();
    const next = source.plan(104, 1, quiet);
    while (node.count("getSlot") < 3) await new Promise((resolve) => setImmediate(resolve));
    head = 105;
    node.announce(105);
    expect((await next).slots).toEqual([105]);
  });

  test("that is refused costs a warning and nothing else", async () => {
    const node = await startNode(chainNode(chain));
    let head = 106;
    node.answer = (method, params, request) =>
      method === "getSlot" ? { result: head++ } : chainNode(chain)(method, params, request);
    const { source, logger } = openSource(node.url, {
      clock: systemClock,
      pollMs: 10,
      wsUrl: node.url.replace("http", "ws"),
    });
    for (let at = 106; at < 109; at++) await source.plan(at, 8, quiet);
    while (logger.at("warn").length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(logger.at("warn")).toEqual(["the node offers no slot subscription here; polling instead"]);
  });

  test("that falls silent is opened anew", async () => {
    const node = await startNode(
      (method, params, request) =>
        method === "getSlot" ? { result: 104 } : chainNode(chain)(method, params, request),
      { sockets: true },
    );
    const { source } = openSource(node.url, { clock: systemClock, pollMs: 50, watchdogMs: 100 });
    const ending = new AbortController();
    const waiting = source.plan(104, 1, ending.signal);
    await node.untilSubscribed();
    const [silent] = node.subscribed;
    await new Promise<void>((resolve) => silent?.on("close", () => resolve()));
    await node.untilSubscribed();
    ending.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("following a node", () => {
  const settings: RunSettings = {
    rules: linkedRules,
    window: 4,
    onBadBlock: "skip",
    cursorName: "solana",
    format: {},
    late: { when: "rounds", everyMs: 60_000, perRound: 4 },
  };

  async function follow(node: LocalNode, until: number, ledger: MemoryLedger, clock: Clock = systemClock) {
    const { source, logger } = openSource(node.url, { clock, pollMs: 10 });
    const log = new MemoryLog();
    const reached = Promise.withResolvers<void>();
    const save = ledger.saveCursor.bind(ledger);
    ledger.saveCursor = async (name, cursor) => {
      await save(name, cursor);
      if (cursor.slot >= until) reached.resolve();
    };
    const ports = memoryPorts(
      { first: 0, slots: new Map() },
      {
        source,
        logger,
        ledger,
        clock,
        publisher: log,
        decode: openDecoder(0).decode,
      },
    );
    const run = new IngestRun(ports, settings);
    await run.start();
    await Promise.race([reached.promise, run.done]);
    await run.stop(5_000);
    return { log, logger };
  }

  test("publishes every slot, skipped ones too, and fills the gap after a stop", async () => {
    const growing = new Map(chain);
    const node = await startNode(chainNode(growing));
    const ledger = new MemoryLedger();
    const before = await follow(node, 104, ledger);
    const records = before.log.messages.map((message) => JSON.parse(String(message.value)));
    expect(records.map((record) => [record.slot, record.status])).toEqual([
      [100, "confirmed"],
      [101, "confirmed"],
      [102, "skipped"],
      [103, "skipped"],
      [104, "confirmed"],
    ]);
    for (const at of [105, 106, 108, 109]) growing.set(at, at === 108 ? 106 : at - 1);
    const after = await follow(node, 109, ledger);
    expect(after.log.messages.map((message) => String(message.key))).toEqual([
      "105",
      "106",
      "107",
      "108",
      "109",
    ]);
    expect(
      [...ledger.slots.values()].filter((entry) => entry.status === "skipped").map((entry) => entry.slot),
    ).toEqual([102, 103, 107]);
    expect(after.logger.at("error")).toEqual([]);
  });

  test("says loudly where a block does not follow the stored one", async () => {
    const node = await startNode(chainNode(chain));
    const ledger = new MemoryLedger();
    ledger.cursors.set("solana", { slot: 101, blockId: "anotherBlock", blockTime: null, solPrice: null });
    const { logger } = await follow(node, 104, ledger);
    expect(logger.at("error")).toEqual([
      expect.stringMatching(/parent in slot 101 is .* but anotherBlock is stored/),
    ]);
    expect(ledger.slots.get(104)?.reason).toMatch(/parent mismatch/);
  });

  test("goes on past a block that stays damaged, and finds a block that a list left out", async () => {
    const node = await startNode(chainNode(new Map()));
    const whole = new Map([
      [100, 99],
      [101, 100],
      [102, 101],
      [103, 102],
      [104, 103],
    ]);
    node.answer = (method, params, request) => {
      if (method === "getBlocks") return { result: [100, 101, 104] };
      if (method === "getBlock" && params[0] === 101) return { result: { blockhash: "only this" } };
      return chainNode(whole)(method, params, request);
    };
    const ledger = new MemoryLedger();
    const { log, logger } = await follow(node, 104, ledger, new JumpingClock());
    const status = new Map([...ledger.slots].map(([at, entry]) => [at, entry.status]));
    expect(Object.fromEntries(status)).toEqual({
      100: "processed",
      101: "failed",
      102: "processed",
      103: "processed",
      104: "processed",
    });
    expect(log.messages.map((message) => String(message.key))).toEqual(["100", "101", "102", "103", "104"]);
    expect(logger.at("warn").filter((message) => message.includes("taken for skipped"))).toHaveLength(2);
  });
});
