import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultDataDir } from "../src/data-dir.ts";
import { readRunning, writeRunning } from "../src/running-up.ts";
import { runCli } from "./cli-process.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "candlewick-data-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const RUNNING = {
  brokers: ["127.0.0.1:9092"],
  http: "http://127.0.0.1:8080",
  postgres: {
    host: "/tmp/socket",
    port: 5432,
    user: "candlewick",
    password: "secret",
    database: "candlewick",
  },
};

describe("what runs on a data folder", () => {
  test("nothing, then this process, then nothing", () => {
    expect(readRunning(folder)).toBeNull();
    const remove = writeRunning(folder, RUNNING);
    expect(readRunning(folder)).toMatchObject({ pid: process.pid, ...RUNNING });
    remove();
    expect(readRunning(folder)).toBeNull();
    remove();
  });

  test.skipIf(process.platform === "win32")(
    "only its user can read it: it has the database's password",
    () => {
      writeFileSync(join(folder, "up.json"), "old", { mode: 0o644 });
      writeRunning(folder, RUNNING);
      expect(statSync(join(folder, "up.json")).mode & 0o777).toBe(0o600);
    },
  );

  test("what a killed process left behind counts as nothing", async () => {
    writeRunning(folder, RUNNING);
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    change({ pid: child.pid });
    expect(readRunning(folder)).toBeNull();
  });

  test.skipIf(process.platform !== "linux")(
    "a pid that was used again is not the process that wrote it",
    () => {
      writeRunning(folder, RUNNING);
      change({ processStart: "1" });
      expect(readRunning(folder)).toBeNull();
      change({ processStart: null });
      expect(readRunning(folder)).not.toBeNull();
    },
  );

  test.each(["", "{", "null", '{"pid":"x"}'])("a file that holds %j counts as nothing", (text) => {
    writeFileSync(join(folder, "up.json"), text);
    expect(readRunning(folder)).toBeNull();
  });

  test("another process that took over is not taken back by the first", () => {
    const remove = writeRunning(folder, RUNNING);
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    try {
      change({ pid: other.pid, processStart: null });
      remove();
      expect(readRunning(folder)?.pid).toBe(other.pid);
    } finally {
      other.kill("SIGKILL");
    }
  });
});

function change(fields: Record<string, unknown>): void {
  const file = join(folder, "up.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...fields }));
}

test("the default folder can be named by the environment", () => {
  expect(defaultDataDir({ CANDLEWICK_DATA: "/srv/data" })).toBe("/srv/data");
  expect(defaultDataDir({ CANDLEWICK_DATA: "" })).toMatch(/candlewick$/);
});

describe("doctor", () => {
  test("a table of what it found, and exit code 0 where all is there", async () => {
    const { stdout, code } = await runCli(["doctor", "--data", join(folder, "new"), "--port", "0"]);
    expect(stdout).toMatch(/^check +status +found +advice\nnode +ok +Node 24/);
    expect(stdout).toMatch(/data folder +ok +\S+ \(to be made\)/);
    expect(code).toBe(0);
  });

  test("a port in use and a folder that cannot be one fail with advice and exit code 1", async () => {
    const { createServer } = await import("node:net");
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    writeFileSync(join(folder, "file"), "");
    const flags = ["--data", join(folder, "file", "data"), "--port", String(port), "--format", "json"];
    const { stdout, code } = await runCli(["doctor", ...flags]);
    server.close();
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(
      expect.arrayContaining([
        { check: `port ${port}`, status: "fail", found: "in use", advice: expect.stringContaining("--port") },
        expect.objectContaining({
          check: "data folder",
          status: "fail",
          advice: expect.stringContaining("--data"),
        }),
      ]),
    );
  });
});
