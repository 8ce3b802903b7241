import type { ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { silentLogger } from "@candlewick/runtime";
import { startEmbeddedPostgres } from "@candlewick/store";
import { afterAll, describe, expect, test } from "vitest";
import { startBrokerService } from "../src/broker-service.ts";
import { dataDirAt } from "../src/data-dir.ts";
import { writeRunning } from "../src/running-up.ts";
import { runCli, startCli } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-services-"));
chmodSync(folder, 0o755);
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function emptyBlock(slot: number): string {
  return JSON.stringify({
    blockhash: `4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHir${slot}`,
    previousBlockhash: `4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZAMdL4VZHir${slot - 1}`,
    parentSlot: slot - 1,
    blockHeight: slot - 1,
    blockTime: 1_700_000_000 + slot,
    transactions: [],
  });
}

/** Starts a service and resolves with what its first matching line of log or output holds. */
async function startService(args: readonly string[], stream: "stdout" | "stderr", pattern: RegExp) {
  const environment = { CANDLEWICK_HEALTH__PORT: "0", CANDLEWICK_SERVE__PORT: "0" };
  const child = startCli(args, { environment });
  children.push(child);
  const exit = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const said: string[] = [];
  child[stream === "stdout" ? "stderr" : "stdout"].on("data", (chunk) => said.push(String(chunk)));
  for await (const line of createInterface({ input: child[stream] })) {
    said.push(line);
    const found = pattern.exec(line)?.[1];
    if (found === undefined) continue;
    child[stream].resume();
    const stop = () => {
      child.kill("SIGTERM");
      return exit;
    };
    return { found, stop };
  }
  throw new Error(`${args.join(" ")} ended: ${said.join("\n")}`);
}

/** Asks again until the answer is as wanted. */
async function until<Answer>(
  ask: () => Promise<Answer>,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("services, each in a process of its own", () => {
  test("a block goes from ingest through dataflow to serve; each tells its health and stops in order", async () => {
    const dataDir = dataDirAt(join(folder, "data"));
    mkdirSync(dataDir.root);
    const blocks = join(folder, "blocks");
    mkdirSync(blocks);
    for (const slot of [42, 43]) writeFileSync(join(blocks, `${slot}.json`), emptyBlock(slot));
    const server = await startEmbeddedPostgres({ dataDir: dataDir.postgres, logger: silentLogger });
    const broker = await startBrokerService({ dataDir: dataDir.broker, port: 0 }, silentLogger);
    writeRunning(dataDir.root, {
      brokers: [broker.address],
      http: "http://127.0.0.1:1",
      postgres: server.connection,
    });
    const config = join(folder, "candlewick.yaml");
    writeFileSync(config, `ingest:\n  source: replay\n  blocks: ${blocks}\n`);
    const flags = ["--data", dataDir.root, "--config", config];
    const healthUrl = /"url":"(http:[^"]+)"/;
    const dataflow = await startService(["dataflow", ...flags], "stderr", healthUrl);
    const market = await startService(["market", ...flags], "stderr", healthUrl);
    const serve = await startService(["serve", ...flags], "stdout", /^candlewick serve: listening on (\S+)$/);
    for (const { found } of [dataflow, market]) {
      expect((await fetch(`${found}/livez`)).status).toBe(200);
      await until(
        () => fetch(`${found}/readyz`),
        ({ status }) => status === 200,
      );
      expect(await (await fetch(`${found}/metrics`)).text()).toContain("process_cpu_seconds_total");
    }
    const ingest = await runCli(["ingest", ...flags]);
    expect(ingest.code).toBe(0);
    const status = await until(
      async () => (await fetch(`${serve.found}/api/status`)).text(),
      (text) => /"slot":43\b/.test(text),
    );
    expect(status).toContain("blocks");
    expect(await Promise.all([serve.stop(), market.stop(), dataflow.stop()])).toEqual([0, 0, 0]);
    await broker.stop(5_000);
    await server.stop();
  });

  test("a configuration that is wrong is told before anything starts", async () => {
    const { stderr, code } = await runCli(["dataflow"], { environment: { CANDLEWICK_DATAFLOW__GRUP: "x" } });
    expect(stderr).toContain("did you mean CANDLEWICK_DATAFLOW__GROUP?");
    expect(code).toBe(1);
  });

  test("without Kafka it says so, and that it can be tried again", async () => {
    const { stderr, code } = await runCli([
      "dataflow",
      "--brokers",
      "127.0.0.1:1",
      "--database-url",
      "postgres://x@127.0.0.1:1/x",
    ]);
    expect(stderr).toMatch(/^candlewick: [^\n]+127\.0\.0\.1:1[^\n]*\n$/);
    expect(code).toBe(75);
  });
});
