import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Counter, Registry, startHealthServer } from "../src/index.ts";

const index = fileURLToPath(new URL("../src/index.ts", import.meta.url));

/** Runs a program that has the package's exports in a process of its own. */
async function run(program: string) {
  const source = `import * as runtime from ${JSON.stringify(index)};\n${program}`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", source]);
  const exit = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { stdout, stderr, code };
}

test("the log is JSON lines on standard error, without secrets, and a child adds its fields", async () => {
  const { stdout, stderr } = await run(`
    const logger = runtime.createLogger({ level: "info", format: "auto" });
    logger.debug("not shown");
    logger.child({ topic: "sol-trades" }).warn("retry of postgres://u:p@h/d", { offset: 7n, password: "x", error: new Error("boom") });
  `);
  expect(stdout).toBe("");
  const lines = stderr.trim().split("\n");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "warn",
    message: "retry of postgres://[redacted]@h/d",
    topic: "sol-trades",
    offset: 7,
    password: "[redacted]",
    error: { message: "boom" },
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
});

test("pretty lines are for a person", async () => {
  const { stderr } = await run(`
    runtime.createLogger({ level: "info", format: "pretty" }).info("ready", { port: 80 });
  `);
  expect(stderr).toMatch(/INFO: ready/);
});

test.each(["throw new TypeError('boom')", "Promise.reject(new TypeError('boom'))"])(
  "an error that reached nobody ends with a report and 70: %s",
  async (statement) => {
    const { stderr, code } = await run(
      `runtime.guardProcess(); setTimeout(() => { ${statement} }, 0); setInterval(() => {}, 1000);`,
    );
    expect(code).toBe(70);
    expect(stderr).toContain("this is a bug in Candlewick");
    expect(stderr).toContain("TypeError: boom");
  },
);

test("the health server tells life, readiness and metrics", async () => {
  const metrics = new Registry();
  new Counter({ name: "candlewick_things_total", help: "Things", registers: [metrics] }).inc(3);
  let ready = false;
  const server = await startHealthServer({
    host: "127.0.0.1",
    port: 0,
    metrics,
    readiness: () => [{ name: "kafka", ready, ...(ready ? {} : { reason: "connecting" }) }],
  });
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  const before = await fetch(`${server.url}/readyz`);
  expect(before.status).toBe(503);
  expect(await before.json()).toEqual({
    ready: false,
    parts: [{ name: "kafka", ready: false, reason: "connecting" }],
  });
  ready = true;
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain("candlewick_things_total 3");
  const port = Number(new URL(server.url).port);
  await expect(
    startHealthServer({ host: "127.0.0.1", port, metrics, readiness: () => [] }),
  ).rejects.toMatchObject({ code: "PORT_IN_USE" });
  await server.stop(1_000);
  await server.done;
});
