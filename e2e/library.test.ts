import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const build = join(root, "scripts", "library-build.mjs");
const PACKAGES = ["domain", "contracts", "runtime", "broker", "kafka"];

/** What a stranger writes after reading the page on delivery. */
const PROGRAM = `
import { startBroker } from "@candlewick/broker";
import {
  CandlewickError, createAdmin, createProducer, startConsumer, type ConsumedRecord, type KafkaConnection,
} from "@candlewick/kafka";

const broker = await startBroker();
const connection: KafkaConnection = { brokers: [broker.address] };
const admin = await createAdmin(connection);
await admin.createTopics([{ name: "orders", partitions: 1, config: {} }]);
await admin.close();
const producer = await createProducer(connection);
await producer.send({ topic: "orders", key: "ann", value: "5" });
await producer.close();
const handled = Promise.withResolvers<string>();
const consumer = await startConsumer(connection, {
  groupId: "billing",
  topics: ["orders"],
  handler: (record: ConsumedRecord) => handled.resolve(\`\${record.key}=\${record.value}\`),
});
console.log(await handled.promise);
await consumer.stop(5_000);
const inThreads = await startConsumer(connection, {
  groupId: "threads",
  topics: ["orders"],
  handler: { module: new URL("data:text/javascript,export default () => {}"), threads: 1 },
});
await inThreads.stop(5_000);
const error = await createProducer({ brokers: ["127.0.0.1:1"] }).catch((cause: unknown) => cause);
console.log(error instanceof CandlewickError ? error.code : error);
await broker.stop();
`;

describe("the packed libraries, in a program of somebody else's", () => {
  // Inside of this tree, where what the packages depend on is found.
  mkdirSync(join(root, "dist"), { recursive: true });
  const folder = mkdtempSync(join(root, "dist", "program-"));
  const archives = join(folder, "archives");

  beforeAll(() => {
    const pack = `import(${JSON.stringify(build)}).then((it) => it.packLibraries(${JSON.stringify(archives)}))`;
    execFileSync(process.execPath, ["-e", pack], { stdio: "pipe" });
    for (const name of PACKAGES) {
      const installed = join(folder, "node_modules", "@candlewick", name);
      mkdirSync(installed, { recursive: true });
      const archive = join(archives, `candlewick-${name}-0.1.0.tgz`);
      execFileSync("tar", ["-xzf", archive, "-C", installed, "--strip-components=1"]);
    }
    // The one that npm does not put at the top of this tree, for another version is there.
    const nested = join("node_modules", "protobufjs");
    const kafka = join(folder, "node_modules", "@candlewick", "kafka");
    mkdirSync(join(kafka, "node_modules"));
    symlinkSync(join(root, "packages", "kafka", nested), join(kafka, nested), "junction");
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "program.ts"), PROGRAM);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("run without sources and flags", () => {
    const told = execFileSync(process.execPath, ["program.ts"], { cwd: folder, encoding: "utf8" });
    expect(told).toBe("ann=5\nKAFKA_UNREACHABLE\n");
  });

  it("carry their types, and hold a caller to them", () => {
    const compilerOptions = {
      ...{ strict: true, noEmit: true, skipLibCheck: true },
      ...{ module: "nodenext", target: "es2024", types: ["node"] },
    };
    writeFileSync(join(folder, "wrong.ts"), PROGRAM.replace('value: "5"', "value: 5"));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: folder, encoding: "utf8" });
    expect(
      stdout
        .trim()
        .split("\n")
        .filter((line) => line.includes("error TS")),
    ).toEqual([expect.stringMatching(/^wrong\.ts\(.*Type 'number' is not assignable/)]);
  });
});
