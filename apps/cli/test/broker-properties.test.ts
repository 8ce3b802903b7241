import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createAdmin } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { afterAll, expect, test } from "vitest";
import { runCli, startCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-properties-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

function properties(name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  chmodSync(file, 0o644);
  return file;
}

/** Runs a broker until `use` has seen it. Resolves with what it said. */
async function withBroker(args: readonly string[], use: (brokers: [string]) => Promise<void>) {
  const child = startCli(["broker", ...args]);
  const exit = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const errors = text(child.stderr);
  const seen: string[] = [];
  let address: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    seen.push(line);
    address = /^candlewick broker: accepting connections on (\S+)$/.exec(line)?.[1];
    if (address !== undefined) break;
  }
  if (address === undefined) throw new Error(`the broker ended: ${await errors}`);
  await use([address]);
  child.kill("SIGTERM");
  expect(await exit).toBe(0);
  return `${seen.join("\n")}\n${await errors}`;
}

/** How many partitions a topic gets that is created without a number. */
async function partitionsWithoutNumber(brokers: [string]): Promise<number | undefined> {
  const admin = await createAdmin({ brokers, clientId: "test", logger: silentLogger });
  await admin.createTopics([{ name: "t", partitions: -1, config: {} }]);
  const [topic] = await admin.describeTopics(["t"]);
  await admin.close();
  return topic?.partitions;
}

test("the broker takes Kafka's own properties, and names those that mean nothing to it", async () => {
  const lines = ["listeners=PLAINTEXT://127.0.0.1:0", "log.retention.hours=5", "num.io.threads=8"];
  const file = properties("server.properties", [...lines, "num.partitions=3"]);
  const output = await withBroker(
    ["--data", join(folder, "data"), "--config", file],
    async (brokers) => void expect(await partitionsWithoutNumber(brokers)).toBe(3),
  );
  expect(output).toContain("num.io.threads");
  expect(output).not.toContain("log.retention.hours");
});

test.each([
  ["Kafka's default", [], 1],
  ["as the flag says", ["--partitions", "2"], 2],
])(
  "a topic that is created without a number has as many partitions: %s",
  async (_name, flags, partitions) => {
    const args = ["--data", join(folder, `partitions-${partitions}`), "--listen", "127.0.0.1:0", ...flags];
    await withBroker(
      args,
      async (brokers) => void expect(await partitionsWithoutNumber(brokers)).toBe(partitions),
    );
  },
);

test("the broker takes variables of the environment", async () => {
  const args = ["broker", "--data", join(folder, "quiet"), "--listen", "127.0.0.1:0"];
  const child = startCli(args, { environment: { CANDLEWICK_LOG__LEVEL: "error" } });
  const exit = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const errors = text(child.stderr);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes("accepting connections")) child.kill("SIGTERM");
  }
  expect({ code: await exit, errors: await errors }).toEqual({ code: 0, errors: "" });
});

test.each([
  ["a value without sense", properties("odd.properties", ["num.partitions=many"]), /num\.partitions/],
  ["a file that is not there", join(folder, "none.properties"), /cannot read/],
])("%s ends it with one sentence", async (_name, file, message) => {
  const ended = await runCli(["broker", "--data", join(folder, "data"), "--config", file]);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
});
