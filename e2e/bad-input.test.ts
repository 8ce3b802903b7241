import { once } from "node:events";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Complaint, expectComplaint } from "./kit/complaint.ts";
import { runToEnd } from "./kit/process.ts";
import { writeSimulatedBlocks } from "./kit/simulated-blocks.ts";
import { verifiedTrades } from "./kit/stored.ts";
import { temporaryFolder } from "./kit/temporary.ts";

/** Arguments of a replay of a folder into a data folder, to its end. */
function replay(blocks: string, data: string): string[] {
  return ["up", "--source", "replay", "--blocks", blocks, "--data", data, "--port", "0", "--exit-when-done"];
}

describe("arguments", () => {
  const cases: [name: string, args: string[], says: Complaint["says"]][] = [
    ["an unknown flag", ["up", "--prot", "1"], ['unknown option "--prot"', "--port"]],
    ["an unknown command", ["verifi"], ['unknown command "verifi"', "verify"]],
    ["a source that is not offered", ["up", "--source", "evm"], ["evm", "devnet, replay, solana"]],
    ["a port out of range", ["up", "--port", "65536"], ["--port", "65535"]],
    ["a port that is no number", ["up", "--port", "80a"], ["--port"]],
    ["blocks for another source", ["up", "--source", "solana", "--blocks", "x"], ["--blocks", "replay"]],
    ["a node for another source", ["up", "--source", "devnet", "--rpc", "http://x"], ["--rpc", "solana"]],
    ["an end for a source without one", ["up", "--exit-when-done"], ["--exit-when-done", "replay"]],
    ["a replay of nothing", ["up", "--source", "replay"], ["--blocks"]],
    ["a Kafka that is no address", ["up", "--brokers", "kafka"], ["HOST:PORT"]],
    ["a database that is no URL", ["up", "--database-url", "mysql://u:hidden@h/d"], ["postgres://"]],
    ["an address to listen on that is none", ["broker", "--data", "x", "--listen", "9092"], ["HOST:PORT"]],
  ];
  test.each(cases)("%s", async (_name, args, says) => {
    const ended = await runToEnd(args);
    expectComplaint(ended, { code: 1, says });
    expect(ended.stderr).not.toContain("hidden");
  });
});

describe("configuration", () => {
  test.each<[name: string, yaml: string, says: Complaint["says"]]>([
    ["an unknown key", "dataflow:\n  grup: x\n", ["dataflow.grup", "did you mean group"]],
    ["an unknown section", "datafow:\n  group: x\n", ["datafow"]],
    ["a value of the wrong kind", "serve:\n  port: eighty\n", ["serve.port"]],
    [
      "several problems, told together",
      "dataflow:\n  grup: x\n  intervals: [1q]\nserve:\n  port: 70000\n",
      ["3 problems", "dataflow.grup", "dataflow.intervals.0", "serve.port"],
    ],
    ["a damaged file", "serve:\n  port: [80\nkafka: {}\n", ["not YAML", /line \d/]],
  ])("%s", async (_name, yaml, says) => {
    const folder = temporaryFolder("configuration");
    const file = join(folder, "candlewick.yaml");
    writeFileSync(file, yaml);
    const ended = await runToEnd(["up", "--config", file, "--data", join(folder, "data")]);
    expectComplaint(ended, { code: 1, says: [...says, file] });
    expect(readdirSync(folder)).toEqual(["candlewick.yaml"]);
  });

  test("an unknown variable of the environment", async () => {
    const ended = await runToEnd(["up"], { CANDLEWICK_DATAFLOW__GRUP: "x" });
    const says = ["CANDLEWICK_DATAFLOW__GRUP", "did you mean CANDLEWICK_DATAFLOW__GROUP"];
    expectComplaint(ended, { code: 1, says });
  });

  test("a file that is not there", async () => {
    const ended = await runToEnd(["up", "--config", "/nowhere/candlewick.yaml"]);
    expectComplaint(ended, { code: 1, says: ["/nowhere/candlewick.yaml"] });
  });
});

/** Blocks of a simulated chain, and the path of one in their middle. */
function simulatedBlocks(name: string) {
  const folder = temporaryFolder(name);
  const trades = writeSimulatedBlocks(folder, 12, name);
  const files = readdirSync(folder)
    .sort()
    .map((file) => join(folder, file));
  const middle = files[Math.floor(files.length / 2)];
  if (middle === undefined) throw new Error("no blocks");
  return { folder, trades, files, middle };
}

/** What a block file can wrongly hold, made of what it should. */
const DAMAGES: readonly [name: string, bytes: (whole: Buffer) => Buffer, says: string | RegExp][] = [
  ["truncated gzip data", (whole) => whole.subarray(0, whole.length / 2), /ends? too early/],
  ["truncated JSON", (whole) => gzipSync(gunzipSync(whole).subarray(0, 9_000)), /JSON|ends/],
  ["no JSON", () => gzipSync("<html>Bad gateway</html>"), /JSON/],
  ["JSON that is no block", () => gzipSync('{"slot": 1}'), /./],
  ["nothing at all", () => Buffer.alloc(0), /./],
];

describe("a block file", () => {
  test("decode names it and prints nothing of it", async () => {
    const { middle } = simulatedBlocks("decode");
    const whole = readFileSync(middle);
    for (const [, bytes, says] of DAMAGES) {
      writeFileSync(middle, bytes(whole));
      expectComplaint(await runToEnd(["decode", middle]), { code: 1, says: [basename(middle), says] });
    }
  }, 120_000);

  test("a replay stops at it, and goes on once it is whole: nothing is lost", async () => {
    const { folder, middle, trades } = simulatedBlocks("replay");
    const data = temporaryFolder("bad-block");
    const whole = readFileSync(middle);
    for (const [, bytes, says] of DAMAGES) {
      writeFileSync(middle, bytes(whole));
      const ended = await runToEnd(replay(folder, data));
      expectComplaint(withoutBanner(ended), { code: 1, says: [middle, says] });
    }
    writeFileSync(middle, whole);
    const last = await runToEnd(replay(folder, data));
    expect(last.code, last.stderr).toBe(0);
    expect(await verifiedTrades(data)).toBe(trades);
  }, 240_000);

  test("without a time, or without a transaction, is no mistake: what has no price is left out and counted", async () => {
    const { folder, files, trades } = simulatedBlocks("timeless");
    const [timeless = "", empty = ""] = files;
    const untimed = await tradesOf(timeless);
    const left = untimed + (await tradesOf(empty));
    rewrite(timeless, (block) => ({ ...block, blockTime: null }));
    rewrite(empty, (block) => ({ ...block, transactions: [] }));

    const data = temporaryFolder("timeless-data");
    const ended = await runToEnd(replay(folder, data));
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain(`no-block-time ${untimed}`);
    expect(ended.stderr).toContain(`${files.length} blocks and ${trades - left} trades`);
    expect(await verifiedTrades(data)).toBe(trades - left);

    const decoded = await runToEnd(["decode", empty]);
    expect(decoded).toEqual({ code: 0, stdout: "", stderr: "" });
  }, 120_000);

  test("of the same slot as another is refused", async () => {
    const { folder, middle } = simulatedBlocks("twice");
    const twin = join(folder, basename(middle).replace(".getBlock", ""));
    copyFileSync(middle, twin);
    const ended = await runToEnd(replay(folder, temporaryFolder("twice-data")));
    expectComplaint(ended, { code: 1, says: [middle, twin, "both"] });
  });

  test("of a folder that is not there is refused", async () => {
    const ended = await runToEnd(replay("/nowhere/blocks", temporaryFolder("absent-data")));
    expectComplaint(ended, { code: 1, says: ["/nowhere/blocks", "does not exist"] });
  });

  test("none in the folder is refused", async () => {
    const folder = temporaryFolder("none");
    mkdirSync(join(folder, "deeper"));
    const ended = await runToEnd(replay(folder, temporaryFolder("none-data")));
    expectComplaint(ended, { code: 1, says: [folder, "<slot>.json"] });
  });
});

describe("a port in use", () => {
  test.each<[name: string, args: (port: number, data: string) => string[], says: string]>([
    ["the page's", (port, data) => ["up", "--data", data, "--port", String(port)], "--port"],
    ["the broker's", (port, data) => ["broker", "--data", data, "--listen", `127.0.0.1:${port}`], "another"],
  ])("%s", async (_name, args, says) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const ended = await runToEnd(args(port, temporaryFolder("port")));
    expectComplaint(ended, { code: 1, says: [`port ${port}`, "in use", says] });
  });
});

/** Leaves out what `up` prints once it runs. */
function withoutBanner<Printed extends { stderr: string }>(ended: Printed): Printed {
  return { ...ended, stderr: ended.stderr.replace(/^\n {2}Candlewick [\s\S]*?with these data\.\n$/m, "") };
}

async function tradesOf(file: string): Promise<number> {
  const { code, stdout, stderr } = await runToEnd(["decode", file]);
  expect(code, stderr).toBe(0);
  return stdout.split("\n").length - 1;
}

function rewrite(file: string, change: (block: Record<string, unknown>) => object): void {
  const block: unknown = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"));
  writeFileSync(file, gzipSync(JSON.stringify(change(Object(block)))));
}
