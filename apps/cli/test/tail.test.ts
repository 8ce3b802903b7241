import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createAdmin, createProducer } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { Producer, stringSerializers } from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordLine } from "../src/read/record-line.ts";
import { runCli, startCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-tail-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts `candlewick broker` and resolves with its address once it accepts connections. */
async function startBroker(dataDir: string, listen = "127.0.0.1:0") {
  const child = startCli(["broker", "--data", dataDir, "--listen", listen, "--partitions", "2"]);
  const exit = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^candlewick broker: accepting connections on (\S+)$/.exec(line)?.[1];
    if (address === undefined) throw new Error(`another line came first: ${line}`);
    const stop = () => {
      child.kill("SIGTERM");
      return exit;
    };
    return { address, stop };
  }
  throw new Error("the broker ended");
}

describe("broker and tail", () => {
  const dataDir = join(folder, "data");
  let broker: Awaited<ReturnType<typeof startBroker>>;

  beforeAll(async () => {
    broker = await startBroker(dataDir);
    const connection = { brokers: [broker.address], clientId: "test", logger: silentLogger };
    const admin = await createAdmin(connection);
    await admin.createTopics([
      // The records are of 1970, so that their lines are known: no retention may take them for old.
      { name: "sol-trades", partitions: 2, config: { "retention.ms": "-1" } },
      { name: "sol-blocks", partitions: 1, config: {} },
      { name: "transacted", partitions: 1, config: {} },
    ]);
    await admin.close();
    const producer = await createProducer(connection);
    for (let i = 0; i < 6; i++) {
      const value = Buffer.from(`{"n":${i},"big":12345678901234567890}`);
      await producer.send({
        topic: "sol-trades",
        partition: i % 2,
        key: Buffer.from(`k${i}`),
        value,
        timestampMs: 1_000 + i,
      });
    }
    await producer.close();
  });

  test("prints each record as one line of JSON, and stops after --max", async () => {
    const flags = ["--brokers", broker.address, "--from", "first"];
    const { stdout, stderr, code } = await runCli(["tail", "sol-trades", ...flags, "--max", "6"]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const lines = stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).key).sort()).toEqual(["k0", "k1", "k2", "k3", "k4", "k5"]);
    const first = lines.find((line) => line.includes('"key":"k0"'));
    expect(first).toBe(
      '{"topic":"sol-trades","partition":0,"offset":0,"timestamp_ms":1000,"key":"k0","headers":{},' +
        '"value":{"n":0,"big":12345678901234567890}}',
    );
    const three = await runCli(["tail", "sol-trades", ...flags, "--max", "3", "--format", "value"]);
    expect(three.stdout.trim().split("\n")).toHaveLength(3);
    expect(three.stdout).toMatch(/^\{"n":\d,"big":12345678901234567890\}\n/);
  });

  test("prints the last ones of each partition", async () => {
    const flags = ["--brokers", broker.address, "--from", "-1", "--until-end"];
    const { stdout, stderr, code } = await runCli(["tail", "sol-trades", ...flags]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const keys = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).key);
    expect(keys.sort()).toEqual(["k4", "k5"]);
  });

  test("leaves out what was aborted where that is wanted, and ends behind its mark", async () => {
    const producer = new Producer({
      clientId: "writer",
      bootstrapBrokers: [broker.address],
      serializers: stringSerializers,
      acks: -1,
      idempotent: true,
      // Without these the producer asks to go on as producer 0.
      producerId: -1n,
      producerEpoch: -1,
      transactionalId: "writer",
    });
    for (const value of ["kept", "void"]) {
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages: [{ topic: "transacted", partition: 0, key: "k", value }] });
      if (value === "kept") await transaction.commit();
      else await transaction.abort();
    }
    await producer.close();
    const flags = ["--brokers", broker.address, "--from", "first", "--until-end", "--format", "value"];
    const all = await runCli(["tail", "transacted", ...flags]);
    expect(all).toMatchObject({ stdout: "kept\nvoid\n", stderr: "", code: 0 });
    const committed = await runCli(["tail", "transacted", ...flags, "--isolation", "read_committed"]);
    expect(committed).toMatchObject({ stdout: "kept\n", stderr: "", code: 0 });
  });

  test("begins at an offset, in each partition", async () => {
    const flags = ["--brokers", broker.address, "--from", "2", "--max", "2"];
    const { stdout } = await runCli(["tail", "sol-trades", ...flags]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).key)
        .sort(),
    ).toEqual(["k4", "k5"]);
  });

  test("follows what comes", async () => {
    const child = startCli([
      "tail",
      "sol-blocks",
      "--brokers",
      broker.address,
      "--from",
      "first",
      "--max",
      "2",
    ]);
    const producer = await createProducer({
      brokers: [broker.address],
      clientId: "test",
      logger: silentLogger,
    });
    const send = (text: string) =>
      producer.send({ topic: "sol-blocks", key: null, value: Buffer.from(text) });
    await send("1");
    const seen: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(line);
      if (seen.length === 1) await send("2");
    }
    await producer.close();
    expect(seen.map((line) => JSON.parse(line).value)).toEqual([1, 2]);
  });

  test("an unknown topic has a suggestion", async () => {
    const { stderr, code } = await runCli(["tail", "sol-trade", "--brokers", broker.address]);
    expect(stderr).toBe("candlewick: there is no topic sol-trade. Did you mean sol-trades?\n");
    expect(code).toBe(1);
  });

  test("a second broker on the folder, or on the port, is one sentence", async () => {
    const second = await runCli(["broker", "--data", dataDir, "--listen", "127.0.0.1:0"]);
    expect(second.stderr).toMatch(/^candlewick: another broker[^\n]+\n$/);
    expect([second.stdout, second.code]).toEqual(["", 1]);
    const samePort = await runCli(["broker", "--data", join(folder, "other"), "--listen", broker.address]);
    expect(samePort.stderr).toMatch(/^candlewick: port \d+ on 127\.0\.0\.1 is in use\. [^\n]+\n$/);
    expect(samePort.code).toBe(1);
  });

  test("stopped, its records are still there: tail starts it for a moment and ends with the last one", async () => {
    expect(await broker.stop()).toBe(0);
    const tail = ["tail", "sol-trades", "--data", dataDir, "--from", "first"];
    for (const { stdout, stderr, code } of await Promise.all([runCli(tail), runCli(tail)])) {
      expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
      expect(stdout.trim().split("\n")).toHaveLength(6);
    }
    const last = await runCli(["tail", "sol-trades", "--data", dataDir]);
    expect(last).toMatchObject({
      stdout: "",
      stderr: "candlewick: sol-trades has no records from there on\n",
      code: 0,
    });
  });
});

describe("bad input", () => {
  test.each([
    [
      "no data",
      ["tail", "t", "--data", join(folder, "nothing")],
      /^candlewick: there are no data in \S+nothing\. Run [^\n]+\n$/,
      1,
    ],
    [
      "no broker",
      ["tail", "t", "--brokers", "127.0.0.1:1"],
      /^candlewick: [^\n]*127\.0\.0\.1:1[^\n]*\n$/,
      75,
    ],
    ["address", ["tail", "t", "--brokers", "nowhere"], /kafka\.brokers\.0: expected HOST:PORT/, 1],
    [
      "offset",
      ["tail", "t", "--from", "middle"],
      /Write first, last, an offset, -10 for the last ten, a time/,
      1,
    ],
    ["listen", ["broker", "--data", folder, "--listen", "9092"], /Write HOST:PORT/, 1],
    [
      "file as folder",
      ["broker", "--data", "/dev/null", "--listen", "127.0.0.1:0"],
      /^candlewick: [^\n]*\/dev\/null[^\n]*\n$/,
      1,
    ],
  ])("%s", async (_name, args, says, exitCode) => {
    const { stderr, code } = await runCli(args);
    expect(stderr).toMatch(says);
    expect(code).toBe(exitCode);
  });
});

test.each([
  ["text", Buffer.from("plain\ttext"), '"plain\\ttext"'],
  ["bytes", Buffer.from([0xff, 0x00]), '{"base64":"/wA="}'],
  ["JSON on several lines", Buffer.from('{\n "a": 1\n}'), '{"a":1}'],
  ["a tombstone", null, "null"],
  ["an empty value", Buffer.alloc(0), '""'],
])("a record with %s", (_name, value, text) => {
  const headers = new Map([["h", Buffer.from([0xfe])]]);
  const line = recordLine({
    topic: "t",
    partition: 1,
    offset: 2n ** 60n,
    timestampMs: 5,
    key: null,
    headers,
    value,
  });
  expect(line).toBe(
    `{"topic":"t","partition":1,"offset":1152921504606846976,"timestamp_ms":5,"key":null,"headers":{"h":{"base64":"/g=="}},"value":${text}}`,
  );
  expect(() => JSON.parse(line)).not.toThrow();
});
