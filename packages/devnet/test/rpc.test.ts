import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Devnet, startDevnet } from "../src/index.ts";
import { type Answer, call, FULL, post } from "./rpc-client.ts";
import { TestClock } from "./test-clock.ts";

const NOW = 1_760_000_000_000;
const clock = new TestClock(NOW);
let node: Devnet;
let skipped: number;
let present: number;

beforeAll(async () => {
  node = await startDevnet({ clock, historySlots: 400, keepSlots: 300, chain: { tradesPerSlot: 4 } });
  const { calendar, options } = node.chain;
  const old = Array.from({ length: 150 }, (_, i) => options.firstSlot + 150 + i);
  skipped = old.find((slot) => !calendar.hasBlock(slot)) ?? 0;
  present = old.find((slot) => calendar.hasBlock(slot)) ?? 0;
});

afterAll(() => node.stop());

describe("getBlock", () => {
  test("gives the chain's block, with and without rewards and transactions", async () => {
    const { rewards, transactions, ...facts } = node.chain.blockAt(present);
    expect(await call(node.url, "getBlock", present, FULL)).toEqual({
      jsonrpc: "2.0",
      result: { ...facts, transactions },
      id: 7,
    });
    const signatures = transactions.map(({ transaction }) => transaction.signatures[0]);
    const short = await call(node.url, "getBlock", present, { transactionDetails: "signatures" });
    expect(short.result).toEqual({ ...facts, rewards, signatures });
    const none = await call(node.url, "getBlock", present, { transactionDetails: "none", rewards: false });
    expect(none.result).toEqual(facts);
  });

  test("tells a slot that was skipped from one that is to come and one that is gone", async () => {
    const { firstSlot } = node.chain.options;
    const errorOf = async (slot: number, config: unknown = FULL) =>
      (await call(node.url, "getBlock", slot, config)).error;
    expect(await errorOf(skipped)).toEqual({
      code: -32007,
      message: `Slot ${skipped} was skipped, or missing due to ledger jump to recent snapshot`,
    });
    const future = node.headSlot() + 1;
    expect(await errorOf(future)).toEqual({
      code: -32004,
      message: `Block not available for slot ${future}`,
    });
    const first = (await call(node.url, "getFirstAvailableBlock")).result;
    expect(await errorOf(firstSlot)).toEqual({
      code: -32001,
      message: `Block ${firstSlot} cleaned up, does not exist on node. First available block: ${first}`,
    });
    const confirmed = node.headSlot("confirmed");
    expect(await errorOf(confirmed)).toBeUndefined();
    expect((await errorOf(confirmed, { ...FULL, commitment: "finalized" }))?.code).toBe(-32004);
  });

  test.each([
    ["no slot", [], -32602],
    ["a slot that is text", ["1"], -32602],
    ["a negative slot", [-1, FULL], -32602],
    ["processed", [() => present, { ...FULL, commitment: "processed" }], -32602],
    ["an unknown commitment", [() => present, { ...FULL, commitment: "maybe" }], -32602],
    ["an unknown encoding", [() => present, { ...FULL, encoding: "base64" }], -32602],
    ["unknown details", [() => present, { ...FULL, transactionDetails: "some" }], -32602],
    [
      "a version that is no number",
      [() => present, { ...FULL, maxSupportedTransactionVersion: "0" }],
      -32602,
    ],
    ["rewards that are no boolean", [() => present, { ...FULL, rewards: 1 }], -32602],
  ])("refuses %s", async (_, params, code) => {
    const given = params.map((value) => (typeof value === "function" ? value() : value));
    expect((await call(node.url, "getBlock", ...given)).error?.code).toBe(code);
  });

  test("asks for maxSupportedTransactionVersion where a block has versioned transactions", async () => {
    const answer = await call(node.url, "getBlock", present, { commitment: "confirmed" });
    expect(answer.error?.code).toBe(-32015);
    expect(answer.error?.message).toContain('"maxSupportedTransactionVersion": 0');
  });
});

describe("the other methods", () => {
  test("getSlot knows three commitments", async () => {
    const slotOf = async (commitment: string) =>
      Number((await call(node.url, "getSlot", { commitment })).result);
    const [processed, confirmed, finalized] = [
      await slotOf("processed"),
      await slotOf("confirmed"),
      await slotOf("finalized"),
    ];
    expect(processed - confirmed).toBeGreaterThanOrEqual(1);
    expect(processed - confirmed).toBeLessThan(8);
    expect(processed - finalized).toBeGreaterThanOrEqual(32);
    expect((await call(node.url, "getSlot")).result).toBe(finalized);
    for (const slot of [processed, confirmed, finalized])
      expect(node.chain.calendar.hasBlock(slot)).toBe(true);
  });

  test("getBlocks and getBlocksWithLimit list the slots with blocks", async () => {
    const { calendar } = node.chain;
    const end = present + 60;
    const expected = Array.from({ length: 61 }, (_, i) => present + i).filter((slot) =>
      calendar.hasBlock(slot),
    );
    expect((await call(node.url, "getBlocks", present, end)).result).toEqual(expected);
    expect((await call(node.url, "getBlocksWithLimit", present, 10)).result).toEqual(expected.slice(0, 10));
    expect((await call(node.url, "getBlocks", end, present)).result).toEqual([]);
    const confirmed = { commitment: "confirmed" };
    const open = (await call(node.url, "getBlocks", present, confirmed)).result as number[];
    expect(open.at(-1)).toBe(node.headSlot("confirmed"));
    expect((await call(node.url, "getBlocks", present, null, confirmed)).result).toEqual(open);
    expect((await call(node.url, "getBlocks", 0, 500_001)).error?.code).toBe(-32602);
    expect((await call(node.url, "getBlocksWithLimit", 0, 500_001)).error?.code).toBe(-32602);
    expect((await call(node.url, "getBlocks", present, { commitment: "processed" })).error?.code).toBe(
      -32602,
    );
  });

  test("facts of blocks and of the node", async () => {
    const { calendar } = node.chain;
    expect((await call(node.url, "getBlockTime", present)).result).toBe(calendar.timeOf(present));
    expect((await call(node.url, "getBlockTime", skipped)).error?.code).toBe(-32007);
    const finalized = node.headSlot("finalized");
    expect((await call(node.url, "getBlockHeight")).result).toBe(calendar.heightOf(finalized));
    expect((await call(node.url, "getHealth")).result).toBe("ok");
    expect((await call(node.url, "getGenesisHash")).result).toEqual(expect.stringMatching(/^\w{40,44}$/));
    expect((await call(node.url, "getVersion")).result).toHaveProperty("solana-core");
    expect((await fetch(`${node.url}/health`)).status).toBe(200);
  });

  test("getTokenSupply knows the tokens that trade", async () => {
    for (const { assetIn } of node.truthOf(node.headSlot("finalized"))) {
      const { result } = await call(node.url, "getTokenSupply", assetIn.mint);
      expect(result).toMatchObject({ value: { decimals: assetIn.decimals } });
    }
    expect((await call(node.url, "getTokenSupply", "nobody")).error?.code).toBe(-32602);
  });
});

describe("JSON-RPC", () => {
  test.each([
    ["{", -32700],
    ["[]", -32600],
    ["3", -32600],
    ['{"method":"getSlot","id":1}', -32600],
    ['{"jsonrpc":"2.0","method":"getMoon","id":1}', -32601],
    ['{"jsonrpc":"2.0","method":"getSlot","params":{"a":1},"id":1}', -32602],
  ])("answers %s with error %d", async (body, code) => {
    const answer = (await (await post(node.url, body)).json()) as Answer;
    expect(answer.error?.code).toBe(code);
  });

  test("answers a batch in order, and no notification", async () => {
    const batch = [
      { jsonrpc: "2.0", id: "a", method: "getHealth" },
      { jsonrpc: "2.0", method: "getHealth" },
      { jsonrpc: "2.0", id: "b", method: "getNothing" },
    ];
    const answers = (await (await post(node.url, JSON.stringify(batch))).json()) as Answer[];
    expect(answers.map(({ id }) => id)).toEqual(["a", "b"]);
    const notification = await post(node.url, '{"jsonrpc":"2.0","method":"getHealth"}');
    expect(notification.status).toBe(204);
  });

  test("compresses for those who ask", async () => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getBlock", params: [present, FULL] });
    const plain = await raw(body, {});
    const zipped = await raw(body, { "accept-encoding": "gzip, deflate" });
    const refused = await raw(body, { "accept-encoding": "gzip;q=0" });
    expect(plain.encoding).toBeUndefined();
    expect(refused.encoding).toBeUndefined();
    expect(zipped.encoding).toBe("gzip");
    expect(zipped.bytes.length).toBeLessThan(plain.bytes.length / 2);
    expect(gunzipSync(zipped.bytes)).toEqual(plain.bytes);
  });

  test("turns away what is no JSON, no POST, or too long", async () => {
    expect((await fetch(node.url)).status).toBe(405);
    expect((await post(node.url, "{}", { "content-type": "text/plain" })).status).toBe(415);
    expect((await post(node.url, " ".repeat(60_000))).status).toBe(413);
  });
});

/** The bytes as they come, which fetch would unpack. */
function raw(
  body: string,
  headers: Record<string, string>,
): Promise<{ encoding: string | undefined; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const options = { method: "POST", headers: { "content-type": "application/json", ...headers } };
    const sent = request(node.url, options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => {
        resolve({ encoding: response.headers["content-encoding"], bytes: Buffer.concat(parts) });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
