import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:http2";
import { decodeSolanaBlock, decodeYellowstoneBlock } from "@candlewick/decode";
import { slot } from "@candlewick/domain";
import imported, {
  CommitmentLevel,
  type SubscribeRequest,
  type SubscribeUpdate,
} from "@triton-one/yellowstone-grpc";
import { afterEach, describe, expect, test } from "vitest";
import { ProtobufWriter } from "../src/encoding/protobuf.ts";
import {
  ChainFeed,
  createChain,
  RecordedFeed,
  startYellowstone,
  type YellowstoneServer,
  type YellowstoneServerOptions,
  yellowstoneBlock,
} from "../src/index.ts";
import { TestClock } from "./test-clock.ts";

/** Its types describe the CommonJS form of the package, in which the class is one level deeper. */
const Client = imported as unknown as typeof imported.default;

const NOW = 1_760_000_000_000;
const RECORDED = "../shared/data/solana/slots/slot_events.jsonl";
const chain = createChain({
  genesisUnixMs: NOW - 400 * 200,
  tradesPerSlot: 3,
  votesPerBlock: 1,
  pairs: 16,
  skippedSlotRate: 0.2,
  forkedSlotRate: 0.1,
});
let server: YellowstoneServer | null = null;

afterEach(async () => {
  await server?.stop();
  server = null;
});

async function start(options: Partial<YellowstoneServerOptions> = {}): Promise<YellowstoneServer> {
  const clock = new TestClock(NOW);
  server = await startYellowstone({ feed: new ChainFeed(chain, clock, 100), clock, ...options });
  return server;
}

const NOTHING: SubscribeRequest = {
  accounts: {},
  slots: {},
  transactions: {},
  transactionsStatus: {},
  blocks: {},
  blocksMeta: {},
  entry: {},
  accountsDataSlice: [],
} as unknown as SubscribeRequest;

/** Subscribes with the official client and gives what comes until `enough`. */
async function subscribe(
  url: string,
  request: Partial<SubscribeRequest>,
  enough: (updates: readonly SubscribeUpdate[]) => boolean,
): Promise<SubscribeUpdate[]> {
  const client = new Client(url, undefined, undefined, { enabled: false });
  await client.connect();
  const stream = await client.subscribe();
  const updates: SubscribeUpdate[] = [];
  const done = Promise.withResolvers<void>();
  stream.on("data", (update: SubscribeUpdate) => {
    updates.push(update);
    if (enough(updates)) done.resolve();
  });
  stream.on("error", (error: Error) => done.reject(error));
  stream.write({ ...NOTHING, ...request });
  try {
    await done.promise;
    return updates;
  } finally {
    stream.destroy();
  }
}

describe("a block in Yellowstone's protobuf", () => {
  test("holds the same trades as in JSON", () => {
    const { firstSlot } = chain.options;
    let trades = 0;
    for (let at = firstSlot; at < firstSlot + 60; at++) {
      if (!chain.calendar.hasBlock(at)) continue;
      const block = chain.blockAt(at);
      const json = decodeSolanaBlock(Buffer.from(JSON.stringify(block)), slot(at));
      const protobuf = decodeYellowstoneBlock(yellowstoneBlock(at, block));
      expect(protobuf.block).toEqual(json.block);
      expect(protobuf.swaps).toEqual(json.swaps);
      trades += json.swaps.length;
    }
    expect(trades).toBeGreaterThan(50);
  });
});

describe("a stream", () => {
  test("sends what waits in common DATA frames: its client counts small ones that it has not read", async () => {
    const { url } = await start();
    const from = chain.calendar.slotAt(NOW) - 100;
    const filter = new ProtobufWriter().uint(2, 1).finish();
    const entry = new ProtobufWriter().presentBytes(1, Buffer.from("all")).presentBytes(2, filter).finish();
    const message = new ProtobufWriter().presentBytes(2, entry).uint(11, from).finish();
    const header = Buffer.alloc(5);
    header.writeUInt32BE(message.length, 1);
    const session = connect(url);
    const stream = session.request({
      ":method": "POST",
      ":path": "/geyser.Geyser/Subscribe",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.write(Buffer.concat([header, message]));
    const frames: Buffer[] = [];
    let updates = 0;
    let rest = Buffer.alloc(0);
    const enough = Promise.withResolvers<void>();
    stream.on("data", (frame: Buffer) => {
      frames.push(frame);
      rest = Buffer.concat([rest, frame]);
      for (; rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1); updates++)
        rest = rest.subarray(5 + rest.readUInt32BE(1));
      if (updates >= 300) enough.resolve();
    });
    stream.on("error", enough.reject);
    await enough.promise;
    session.destroy();
    expect(frames.filter(({ length }) => length < 256).length).toBeLessThan(10);
  });
});

describe("the official client", () => {
  test("reads the blocks and the statuses of the simulated chain from a slot on", async () => {
    const { url } = await start();
    const head = chain.calendar.lastBlockAt(chain.calendar.slotAt(NOW) - 2);
    const from = head - 30;
    const request = {
      slots: { all: { interslotUpdates: true } },
      blocks: { all: { accountInclude: [], includeTransactions: true } },
      commitment: CommitmentLevel.CONFIRMED,
      fromSlot: String(from),
    } as Partial<SubscribeRequest>;
    const updates = await subscribe(url, request, (all) =>
      all.some(({ slot: told }) => told?.slot === String(head) && Number(told.status) === 1),
    );
    const blocks = updates.flatMap(({ block }) => (block === undefined ? [] : [block]));
    const expected = Array.from({ length: 31 }, (_, i) => from + i).filter((at) =>
      chain.calendar.hasBlock(at),
    );
    expect(blocks.map((block) => Number(block.slot))).toEqual(expected);
    for (const block of blocks) {
      const at = Number(block.slot);
      expect(block.blockhash).toBe(chain.calendar.hashOf(at));
      expect(Number(block.parentSlot)).toBe(chain.calendar.parentOf(at));
      expect(block.transactions).toHaveLength(chain.blockAt(at).transactions.length);
      expect(Number(block.blockTime?.timestamp)).toBe(chain.calendar.timeOf(at));
      const [first] = block.transactions;
      expect(first?.meta?.logMessages).toEqual(chain.blockAt(at).transactions[0]?.meta.logMessages);
    }
    const forked = updates.filter(({ slot: told }) => chain.calendar.hasOrphan(Number(told?.slot ?? 0)));
    expect(forked.length).toBeGreaterThan(0);
    expect(forked.every(({ slot: told }) => Number(told?.status) !== 1)).toBe(true);
    expect(updates.some(({ slot: told }) => Number(told?.status) === 6)).toBe(true);
  });

  test("is told which slots are still to be had", async () => {
    const { url } = await start();
    const client = new Client(url, undefined, undefined, { enabled: false });
    await client.connect();
    const head = chain.calendar.slotAt(NOW);
    expect(Number((await client.subscribeReplayInfo()).firstAvailable)).toBe(head - 100);
    const request = { slots: { all: {} }, fromSlot: String(head - 101) } as Partial<SubscribeRequest>;
    const refused = await subscribe(url, request, () => false).catch((error: Error) => error);
    expect(String((refused as Error).cause)).toMatch(/is not available, last available/);
  });

  test.skipIf(!existsSync(RECORDED))(
    "reads a recorded stream in its order (needs ../shared/data)",
    async () => {
      const lines = readFileSync(RECORDED, "utf8").trim().split("\n");
      const { url } = await start({ feed: new RecordedFeed(lines) });
      const recorded = lines.map((line) => JSON.parse(line));
      const request = {
        slots: { all: { interslotUpdates: true } },
        blocksMeta: { all: {} },
        commitment: CommitmentLevel.PROCESSED,
        fromSlot: String(Math.min(...recorded.map((event) => event.slot))),
      } as Partial<SubscribeRequest>;
      const updates = await subscribe(url, request, (all) => all.length >= recorded.length);
      expect(
        updates.map(({ slot: told, blockMeta }) =>
          told === undefined
            ? `meta ${blockMeta?.slot} ${blockMeta?.blockhash} ${blockMeta?.parentSlot}`
            : `slot ${told.slot} ${told.parent ?? null}`,
        ),
      ).toEqual(
        recorded.map((event) =>
          event.type === "slot"
            ? `slot ${event.slot} ${event.parent}`
            : `meta ${event.slot} ${event.blockhash} ${event.parent_slot}`,
        ),
      );
    },
  );
});
