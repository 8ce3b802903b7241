import { afterEach, describe, expect, test } from "vitest";
import { parseRetryAfter, RpcClient } from "../src/sources/rpc-client.ts";
import { RpcError } from "../src/sources/rpc-error.ts";
import { rpcEndpoint } from "../src/sources/rpc-url.ts";
import { emptyBlock, LocalNode, type Reply } from "./local-node.ts";

const quiet = new AbortController().signal;
let node: LocalNode | null = null;
afterEach(async () => {
  await node?.stop();
  node = null;
});

async function client(reply: Reply, limits: { timeoutMs?: number; maxResponseBytes?: number } = {}) {
  node = await LocalNode.start(() => reply);
  return new RpcClient({
    endpoint: rpcEndpoint(node.url),
    timeoutMs: limits.timeoutMs ?? 10_000,
    maxResponseBytes: limits.maxResponseBytes ?? 1_000_000,
    now: () => Date.parse("2026-01-01T00:00:00Z"),
  });
}

async function trouble(call: Promise<unknown>): Promise<RpcError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RpcError)) throw new Error(`expected an RpcError, got ${String(error)}`);
  return error;
}

describe("what a node's answer means", () => {
  const codes: [number, string][] = [
    [-32001, "pruned"],
    [-32004, "not-yet"],
    [-32005, "not-yet"],
    [-32007, "skipped"],
    [-32009, "skipped"],
    [-32011, "unable"],
    [-32014, "not-yet"],
    [-32015, "unsupported-version"],
    [-32016, "not-yet"],
    [-32019, "not-yet"],
    [-32601, "unable"],
    [-32603, "rpc"],
  ];
  const replies: [string, Reply, string][] = [
    ...codes.map(([code, kind]): [string, Reply, string] => [
      `code ${code}`,
      { error: { code, message: "words of the node" } },
      kind,
    ]),
    ["an error with status 500", { error: { code: -32004, message: "later" }, status: 500 }, "not-yet"],
    ["too many requests", { status: 429, headers: { "retry-after": "3" } }, "rate-limited"],
    ["forbidden", { status: 403, body: "<html>no</html>" }, "forbidden"],
    ["a proxy's error", { status: 502, body: "bad gateway" }, "http"],
    ["content too large", { status: 413 }, "too-large"],
    ["a page", { raw: "<html></html>" }, "malformed"],
    ["no JSON-RPC", { raw: '{"hello":1}' }, "malformed"],
    ["an error without a code", { raw: '{"error":{}}' }, "malformed"],
    ["truncated JSON", { raw: '{"jsonrpc":"2.0","id":1,"err' }, "malformed"],
    ["a cut connection", { cut: "before" }, "network"],
    ["a connection cut within the body", { cut: "within" }, "network"],
    ["no block", { result: null }, "not-yet"],
    ["an answer that is too large", { result: { x: "x".repeat(2_000_000) } }, "too-large"],
  ];
  test.each(replies)("%s", async (_name, reply, kind) => {
    const rpc = await client(reply);
    expect((await trouble(rpc.callForBytes("getBlock", [1], quiet))).trouble).toBe(kind);
  });

  test("the node's words and what it asks to wait are kept", async () => {
    const said = await trouble(
      (await client({ error: { code: -32007, message: "Slot 5 was skipped" } })).call("x", [], quiet),
    );
    expect(said.message).toBe("Slot 5 was skipped (-32007)");
    await node?.stop();
    const limited = await trouble(
      (await client({ status: 429, headers: { "retry-after": "3" } })).call("x", [], quiet),
    );
    expect(limited.retryAfterMs).toBe(3_000);
  });

  test("an answer that does not come is a timeout", async () => {
    const rpc = await client({ hang: true }, { timeoutMs: 150 });
    expect((await trouble(rpc.call("getSlot", [], quiet))).trouble).toBe("timeout");
  });

  test("a call that the caller ends is no trouble of the node", async () => {
    const rpc = await client({ hang: true });
    const ending = new AbortController();
    const call = rpc.call("getSlot", [], ending.signal);
    ending.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
  });

  test("an inflated answer counts against the bound", async () => {
    const rpc = await client({ raw: JSON.stringify({ result: "x".repeat(5_000_000) }), gzip: true });
    expect((await trouble(rpc.call("getBlock", [], quiet))).trouble).toBe("too-large");
  });
});

describe("the bytes of a block", () => {
  const block = emptyBlock(5, 4);
  test.each([
    ["result first", `{"result":${JSON.stringify(block)},"id":1,"jsonrpc":"2.0"}`],
    ["result last", `{"jsonrpc":"2.0","id":1,"result":${JSON.stringify(block)}}`],
    ["spaced", ` {\n "jsonrpc" : "2.0", "id": "a", "result": ${JSON.stringify(block)} }`],
    ["unknown members first", `{"node":{"x":1},"result":${JSON.stringify(block)}}`],
  ])("%s", async (_name, raw) => {
    const rpc = await client({ raw, gzip: true });
    expect(Buffer.from(await rpc.callForBytes("getBlock", [5], quiet)).toString()).toBe(raw);
    expect(node?.calls[0]?.headers["accept-encoding"]).toBe("gzip");
  });

  test("user and password go into a header", async () => {
    node = await LocalNode.start(() => ({ result: 1 }));
    const endpoint = rpcEndpoint(node.url.replace("//", "//me:se%40cret@"));
    const rpc = new RpcClient({ endpoint, timeoutMs: 5_000, maxResponseBytes: 1_000, now: () => 0 });
    await rpc.call("getSlot", [], quiet);
    expect(node.calls[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from("me:se@cret").toString("base64")}`,
    );
  });
});

test.each([
  ["7", 7_000],
  ["0.5", 500],
  ["Thu, 01 Jan 2026 00:00:20 GMT", 20_000],
  ["Thu, 01 Jan 2025 00:00:00 GMT", 0],
  ["999999", 600_000],
  ["soon", null],
  [null, null],
])("Retry-After %s", (value, ms) => {
  expect(parseRetryAfter(value, Date.parse("2026-01-01T00:00:00Z"))).toBe(ms);
});

describe("a node's URL", () => {
  test.each([
    ["http://127.0.0.1:8899", "http://127.0.0.1:8899", ["ws://127.0.0.1:8899/", "ws://127.0.0.1:8900/"]],
    [
      "https://me:secret@rpc.example/v2/0123456789abcdef01?api-key=secret",
      "https://***@rpc.example/v2/***?api-key=***",
      ["wss://rpc.example/v2/0123456789abcdef01?api-key=secret"],
    ],
  ])("%s", (url, shown, wsUrls) => {
    const endpoint = rpcEndpoint(url);
    expect(endpoint.shown).toBe(shown);
    expect(endpoint.wsUrls).toEqual(wsUrls);
    expect(endpoint.url).not.toContain("secret@");
  });

  test("given subscriptions are used alone", () => {
    expect(rpcEndpoint("https://a.example", "wss://b.example/x").wsUrls).toEqual(["wss://b.example/x"]);
  });

  test.each([
    ["localhost:8899", null],
    ["ftp://a.example", null],
    ["http://a.example", "http://b.example"],
  ])("%s and %s is refused in one sentence", (url, ws) => {
    expect(() => rpcEndpoint(url, ws)).toThrow(/^ingest\.(rpc|ws)Url is not a URL that begins with/);
  });
});
