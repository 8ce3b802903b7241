import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Broker, startBroker } from "@candlewick/broker";
import {
  type ConsumedRecord,
  createProducer,
  deadLetter,
  type GroupConsumer,
  startGroupConsumer,
} from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type RunOptions, runCli, startCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-commands-"));
let broker: Broker;

// Each test starts up to a dozen processes, which take their time on a machine with other work.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(async () => {
  broker = await startBroker({ autoCreateTopics: false, groupInitialRebalanceDelayMs: 0 });
});
afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true });
});

/** Runs a command against the broker; fails with what it printed where it does not succeed. */
async function run(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const finished = await runCli([...args, "--brokers", broker.address], options);
  expect({
    args,
    code: finished.code,
    stderr: finished.stderr.replace(/^candlewick: nothing was .*\n/, ""),
  }).toEqual({
    args,
    code: 0,
    stderr: "",
  });
  return finished.stdout;
}

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([...args, "--brokers", broker.address]);
  expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: "" });
  return stderr;
}

const json = async (args: readonly string[]): Promise<unknown> =>
  JSON.parse(await run([...args, "--format", "json"]));

describe("topics", () => {
  test("are created, listed, described, changed and deleted", async () => {
    const made = await run(["topics", "create", "a", "b", "--partitions", "3", "--set", "retention.ms=1000"]);
    expect(made).toBe("created a\ncreated b\n");
    expect(await run(["topics", "create", "a", "--partitions", "1"])).toBe("exists  a\n");
    expect(await json(["topics", "list"])).toEqual([
      { topic: "a", partitions: 3, replicas: 1, records: 0, out_of_sync: 0 },
      { topic: "b", partitions: 3, replicas: 1, records: 0, out_of_sync: 0 },
    ]);
    await run(["topics", "configure", "a", "--set", "retention.ms=2000", "--partitions", "4", "--yes"]);
    expect(await json(["topics", "describe", "a"])).toMatchObject([
      {
        topic: "a",
        settings: { "retention.ms": "2000" },
        partitions: [{}, {}, {}, { partition: 3, end: 0 }],
      },
    ]);
    const table = await run(["topics", "describe", "b"]);
    expect(table).toMatch(
      /^b: 3 partitions, 0 records, all in sync\n {2}retention\.ms = 1000\npartition +leader/,
    );
    expect(await run(["topics", "delete", "b", "--yes"])).toBe("deleted b\n");
    expect(await run(["topics", "list", "--format", "csv"])).toBe(
      "topic,partitions,replicas,records,out_of_sync\na,4,1,0,0\n",
    );
  });

  test("dangerous changes want --yes, and mistakes get a suggestion", async () => {
    await run(["topics", "create", "kept"]);
    expect(await refused(["topics", "delete", "kept"])).toMatch(/this would delete kept .* Add --yes/);
    expect(await refused(["topics", "delete", "kpt", "--yes"])).toMatch(
      /there is no topic kpt. Did you mean kept\?/,
    );
    expect(await refused(["topics", "configure", "kept"])).toMatch(/nothing to change was named/);
    expect(await refused(["topics", "configure", "kept", "--set", "retention.ms=soon"])).toMatch(
      /^candlewick: Kafka does not accept it \([^\n]*retention\.ms[^\n]*\n$/,
    );
    expect(await run(["topics", "configure", "kept", "--set", "retention.ms=5", "--dry-run"])).toBe(
      "would change kept\n",
    );
  });

  test("changes are told as JSON as well", async () => {
    const make = ["topics", "create", "told", "kept"];
    expect(await json([...make, "--dry-run"])).toEqual([
      { topic: "told", outcome: "would create" },
      { topic: "kept", outcome: "exists" },
    ]);
    await json(make);
    const set = ["topics", "configure", "told", "--set", "retention.ms=5"];
    expect(await json(set)).toEqual([{ topic: "told", outcome: "changed" }]);
    const remove = ["topics", "delete", "told", "--yes"];
    expect(await json(remove)).toEqual([{ topic: "told", outcome: "deleted" }]);
  });

  test("without saying what is to be done with them, the help is printed and no more", async () => {
    const { code, stderr } = await runCli(["topics"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Usage: candlewick topics .*topics describe sol-trades\n$/s);
    expect(await refused(["topics", "create", "--formt", "json"])).toMatch(
      /see "candlewick topics create --help"/,
    );
  });
});

describe("produce and tail", () => {
  test("lines with keys and headers are written, filtered and copied byte for byte", async () => {
    await run(["topics", "create", "lines", "copy", "--partitions", "2", "--set", "retention.ms=-1"]);
    const input = 'k1:{"n":12345678901234567890}\nk2:plain: text\nk1:GONE\nk3:\n';
    const flags = ["--key-separator", ":", "--null", "GONE", "--header", "by=test"];
    const told = await run(["produce", "lines", ...flags, "--compression", "zstd"], { input });
    expect(told).toMatch(/^4 messages, \d+ bytes to lines \(0@0\.\.\d 1@0\.\.\d\)\n$/);
    const all = await run(["tail", "lines", "--from", "first", "--until-end"]);
    const records = all.trim().split("\n");
    expect(records).toHaveLength(4);
    expect(all).toContain('"key":"k1","headers":{"by":"test"},"value":{"n":12345678901234567890}}');
    expect(all).toContain('"key":"k2","headers":{"by":"test"},"value":"plain: text"}');
    expect(all).toContain('"value":null}');
    const filter = ["--from", "1h", "--until-end", "--key", "k1", "--header", "by=test", "--filter", "123"];
    expect(await run(["tail", "lines", ...filter, "--format", "value"])).toBe('{"n":12345678901234567890}\n');
    await run(["produce", "copy", "--records"], { input: all });
    const copied = await run(["tail", "copy", "--from", "first", "--until-end"]);
    const withoutPlace = (text: string) =>
      text
        .trim()
        .split("\n")
        .map((line) => line.replace(/^.*"timestamp_ms"/, ""))
        .sort();
    expect(withoutPlace(copied)).toEqual(withoutPlace(all));
  });

  test("a whole file is one message, for people as well", async () => {
    await run(["topics", "create", "files", "--partitions", "1"]);
    const file = join(folder, "block.bin");
    writeFileSync(file, "two\nlines");
    await run(["produce", "files", file, "--whole", "--key", "block", "--partition", "0"]);
    const shown = await run(["tail", "files", "--from", "first", "--until-end", "--format", "text"]);
    expect(shown).toMatch(/^0@0 {2}\d{4}-\d\d-\d\dT[^ ]+Z {2}block {2}two\nlines\n$/);
  });

  test("Ctrl-C ends the input of produce, and what was read before is written and told", async () => {
    await run(["topics", "create", "typed", "--partitions", "1"]);
    const child = startCli(["produce", "typed", "--format", "json", "--brokers", broker.address]);
    const told = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    child.stdin.write("one\ntwo\nhalf a li");
    const wait = ["tail", "typed", "--from", "first", "--max", "2", "--format", "value"];
    expect(await run(wait)).toBe("one\ntwo\n");
    child.kill("SIGINT");
    const [stdout, stderr, [code]] = await told;
    expect(JSON.parse(stdout)).toMatchObject({ messages: 2, partitions: [{ first: 0, last: 1 }] });
    expect({ stderr, code }).toEqual({
      stderr: "candlewick: interrupted; what was read before is written\n",
      code: 130,
    });
    expect(await run(["tail", "typed", "--from", "first", "--until-end", "--format", "value"])).toBe(
      "one\ntwo\n",
    );
  });

  test("a line that cannot be written is named", async () => {
    await run(["topics", "create", "named"]);
    const { stderr, code } = await runCli(
      ["produce", "named", "--codec", "json", "--brokers", broker.address],
      { input: "{}\n{oops\n" },
    );
    expect(stderr).toMatch(/^candlewick: standard input, line 2: it is no JSON [^\n]+\n$/);
    expect(code).toBe(1);
  });

  test("Avro goes through a schema registry, and is decoded by what the registry says", async () => {
    const registry = await startRegistry();
    const environment = { CANDLEWICK_KAFKA__SCHEMA_REGISTRY__URL: registry.url };
    await run(["topics", "create", "avro", "--partitions", "1"]);
    const schema = join(folder, "click.avsc");
    writeFileSync(
      schema,
      JSON.stringify({ type: "record", name: "Click", fields: [{ name: "at", type: "long" }] }),
    );
    const flags = ["--codec", "avro", "--schema", schema];
    await run(["produce", "avro", ...flags], { input: '{"at":17}\n', environment });
    const read = [
      "tail",
      "avro",
      "--from",
      "first",
      "--until-end",
      "--codec",
      "registry",
      "--format",
      "value",
    ];
    expect(await run(read, { environment })).toBe('{"at":17}\n');
    await registry.stop();
  });
});

describe("groups", () => {
  let consumer: GroupConsumer | undefined;
  afterAll(() => consumer?.stop(10_000));

  test("are listed, described, moved and deleted", async () => {
    await run(["topics", "create", "read", "--partitions", "2"]);
    const handled = Promise.withResolvers<void>();
    let seen = 0;
    consumer = await startGroupConsumer(
      { brokers: [broker.address], clientId: "watched", logger: silentLogger },
      {
        groupId: "readers",
        topics: ["read"],
        resume: async () => new Map(),
        start: "first",
        maxBatchRecords: 100,
        maxBatchBytes: 1 << 20,
        async onBatch(records) {
          seen += records.length;
          if (seen === 6) handled.resolve();
        },
      },
    );
    await run(["produce", "read", "--partition", "0"], { input: "1\n2\n3\n4\n" });
    await run(["produce", "read", "--partition", "1"], { input: "5\n6\n" });
    await handled.promise;
    expect(await json(["groups", "list"])).toEqual([
      { group: "readers", state: "Stable", protocol: "classic" },
    ]);
    expect(await json(["groups", "describe", "readers"])).toMatchObject([
      { group: "readers", members: [{ client: "watched", partitions: ["read:0", "read:1"] }] },
    ]);
    const move = ["groups", "reset", "readers", "--topic", "read", "--to-earliest", "--execute", "--yes"];
    const { stderr, code } = await runCli([...move, "--brokers", broker.address]);
    expect([stderr, code]).toEqual([expect.stringContaining("The group readers has members"), 1]);
    await consumer.stop(10_000);
    consumer = undefined;
    const plan = ["groups", "reset", "readers", "--topic", "read:0", "--shift-by", "-3"];
    expect(await json(plan)).toEqual([{ topic: "read", partition: 0, before: 4, after: 1, wanted: null }]);
    expect(await run(plan)).toMatch(/^topic +partition +before +after +wanted\nread +0 +4 +1 +-\n$/);
    expect(await run(["groups", "describe", "readers"])).toMatch(
      /^readers: Empty, 0 members, 0 records behind/,
    );
    await run(["groups", "reset", "readers", "--topic", "read:0", "--shift-by", "-3", "--execute", "--yes"]);
    expect(await json(["groups", "describe", "readers"])).toMatchObject([
      { state: "Empty", lag: 3, partitions: [{ partition: 0, committed: 1, end: 4, lag: 3 }, { lag: 0 }] },
    ]);
    expect(await json(["groups", "delete", "readers", "--yes"])).toEqual([
      { group: "readers", outcome: "deleted" },
    ]);
    expect(await refused(["groups", "describe", "readers"])).toMatch(/there is no group readers/);
  });

  test("a reset says what it lacks", async () => {
    expect(await refused(["groups", "reset", "g", "--topic", "read"])).toMatch(/no target was named/);
    const unknown = ["groups", "reset", "g", "--topic", "read", "--to-latest", "--brokers", broker.address];
    expect((await runCli(unknown)).stderr).toContain("there is no group g yet; this makes one\n");
    expect(await refused(["groups", "reset", "g", "--to-latest"])).toMatch(/no topic was named/);
  });
});

describe("a cluster that wants a user", () => {
  test("is reached with a password of a file, and refuses another one in a sentence without it", async () => {
    const users = { ada: "pencil" };
    const secured = await startBroker({ sasl: { mechanisms: ["SCRAM-SHA-512"], users } });
    const list = ["topics", "list", "--brokers", `127.0.0.1:${secured.port}`];
    const passwordFile = join(folder, "password");
    const environment = {
      CANDLEWICK_KAFKA__SECURITY__SASL__MECHANISM: "SCRAM-SHA-512",
      CANDLEWICK_KAFKA__SECURITY__SASL__USERNAME: "ada",
      CANDLEWICK_KAFKA__SECURITY__SASL__PASSWORD_FILE: passwordFile,
    };
    writeFileSync(passwordFile, "pencil\n");
    expect(await runCli(list, { environment })).toMatchObject({
      code: 0,
      stderr: "candlewick: there are no topics\n",
    });
    writeFileSync(passwordFile, "crayon\n");
    const { code, stderr } = await runCli(list, { environment });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^candlewick: Kafka at [\d.:]+ refused the user ada \([^\n]+\)\. Check [^\n]+\n$/);
    expect(stderr).not.toContain("crayon");
    await secured.stop();
  });
});

describe("dead letters", () => {
  test("are listed, shown, replayed once, dropped and audited", async () => {
    await run(["topics", "create", "orders", "--partitions", "1", "--retries", "1"]);
    await run(["produce", "orders"], { input: '{"n":1}\n{broken\n' });
    const connection = { brokers: [broker.address], clientId: "test", logger: silentLogger };
    const producer = await createProducer(connection);
    const record = (offset: bigint, value: string): ConsumedRecord => ({
      topic: "orders",
      partition: 0,
      offset,
      timestampMs: 1_700_000_000_000,
      key: Buffer.from(`k${offset}`),
      value: Buffer.from(value),
      headers: new Map(),
    });
    await deadLetter(producer, record(0n, '{"n":1}'), new RangeError("took too long"), 3);
    await deadLetter(producer, record(1n, "{broken"), new SyntaxError("is not JSON"), 1);
    await producer.close();
    expect(await json(["dlq", "ls"])).toEqual([
      { topic: "orders", dead: 2, replaying: 0, replayed: 0, dropped: 0 },
    ]);
    expect(await json(["dlq", "ls", "orders", "--error", "json"])).toMatchObject([
      { id: "0:1", state: "dead", origin: "orders:0@1", key: "k1", attempts: 1, error: "SyntaxError" },
    ]);
    expect(await run(["dlq", "show", "orders", "0:1"])).toMatch(
      /origin {4}orders:0@1\n.*message {3}is not JSON\n.*payload {3}\{broken\n/s,
    );
    expect(await refused(["dlq", "replay", "orders"])).toMatch(
      /this would send again 2 dead letters of orders/,
    );
    const replay = ["dlq", "replay", "orders", "0:0", "--yes"];
    expect(await run(replay)).toBe("sent again 1 dead letter of 1 that match\n");
    expect(await json(replay)).toMatchObject({ dry_run: false, done: 0, matched: 0 });
    const drop = ["dlq", "drop", "orders", "--error", "SyntaxError", "--reason", "test data", "--yes"];
    expect(await run(drop)).toBe("dropped 1 dead letter of 1 that match\n");
    expect(await json(["dlq", "ls"])).toMatchObject([{ dead: 0, replayed: 1, dropped: 1 }]);
    const audit = await run(["dlq", "audit", "orders", "--format", "csv"]);
    expect(audit).toMatch(/,replayed,0:0,.*orders:0@2,\n/);
    expect(audit).toMatch(/,dropped,0:1,.*,test data\n/);
    expect(await refused(["dlq", "show", "orders", "0:99"])).toMatch(/orders\.dlq has no record at 0:99/);
    expect(await refused(["dlq", "ls", "order"])).toMatch(
      /there is no topic order\.dlq. Did you mean orders\.dlq\?/,
    );
  });
});

/** The part of a schema registry that the commands use. */
async function startRegistry(): Promise<{ url: string; stop(): Promise<void> }> {
  const schemas: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("content-type", "application/vnd.schemaregistry.v1+json");
      if (request.method === "POST") {
        const id = schemas.push(Buffer.concat(chunks).toString());
        response.end(JSON.stringify({ id }));
      } else response.end(schemas[Number(request.url?.split("/").at(-1)) - 1]);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the registry has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
