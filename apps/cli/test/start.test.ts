import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../src/program.ts";
import { BIN, runCli, startCli } from "./cli-process.ts";

/** Nodes older than 24 that are on this machine. */
const OLD_NODES = ["/usr/bin/node", "/usr/local/bin/node"].filter((path) => {
  try {
    return Number(execFileSync(path, ["-p", "process.versions.node.split('.')[0]"]).toString()) < 24;
  } catch {
    return false;
  }
});
const NODES = [undefined, ...OLD_NODES.slice(0, 1)];

/** Reads standard input for ever: stays until it is told to stop. */
const WAITING = ["aggregate", "-", "--interval", "1m", "--time", "t", "--price", "p", "--amount", "q"];

describe.each(NODES.map((node) => ({ name: node ?? "this Node", node })))("started by $name", ({ node }) => {
  const options = node === undefined ? {} : { node };

  test("it runs on Node 24 and gives output, input and exit code through", async () => {
    expect(await runCli(["--version"], options)).toEqual({
      stdout: "0.1.0\n",
      stderr: "",
      code: 0,
      signal: null,
    });
    const aggregated = await runCli(WAITING, { ...options, input: "t,p,q\n0,1,1\n" });
    expect(aggregated.stdout).toContain("0,1,1,1,1,1,1");
    expect((await runCli(["nonsense"], options)).code).toBe(1);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it", async (signal) => {
    const child = startCli(WAITING, options);
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.on("exit", (_code, by) => resolve(by)),
    );
    // A first row, so that the command is known to run; a malformed second one would end it.
    child.stdin.write("t,p,q\n");
    await untilRunning(child.pid ?? 0, node !== undefined);
    child.kill(signal);
    expect(await ended).toBe(signal);
  });
});

/** Resolves once the command runs: in the process itself, or in the one that it starts under another Node. */
async function untilRunning(pid: number, inChild: boolean): Promise<void> {
  for (;;) {
    const listing = execFileSync("ps", ["-eo", "pid,ppid,args"]).toString().split("\n");
    const isIt = (line: string) => line.trim().split(/\s+/)[inChild ? 1 : 0] === String(pid);
    if (listing.some((line) => isIt(line) && line.includes("aggregate"))) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.skipIf(OLD_NODES.length === 0)("killed, it takes along what it started", async () => {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-killed-"));
  const options = { node: OLD_NODES[0] ?? "" };
  const child = startCli(["broker", "--data", folder, "--listen", "127.0.0.1:0"], options);
  const [line] = await once(child.stdout, "data");
  const port = Number(/:(\d+)\n$/.exec(String(line))?.[1]);
  child.kill("SIGKILL");
  while (await accepts(port)) await new Promise((resolve) => setImmediate(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe("where no Node 24 is found", () => {
  test.skipIf(OLD_NODES.length === 0)("one clear sentence", () => {
    const folder = mkdtempSync(join(tmpdir(), "candlewick-alone-"));
    try {
      cpSync(dirname(BIN), join(folder, "bin"), { recursive: true });
      writeFileSync(join(folder, "package.json"), '{"type":"module"}');
      const run = () =>
        execFileSync(OLD_NODES[0] ?? "", [join(folder, "bin", "candlewick.js")], { stdio: "pipe" });
      expect(run).toThrow(/candlewick: Node 24 is needed, this is v\d+[^\n]*\. Install Node 24/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.skipIf(OLD_NODES.length === 0)(
    "a Node that claims to be the right one does not start itself for ever",
    async () => {
      const options = { node: OLD_NODES[0] ?? "", environment: { CANDLEWICK_STARTED: "1" } };
      const { stderr, code } = await runCli(["--version"], options);
      expect(stderr).toMatch(/^candlewick: Node 24 is needed[^\n]+\n$/);
      expect(code).toBe(1);
    },
  );
});

/** The help of one command, as it is printed. */
async function helpOf(name: string): Promise<string> {
  const command = (await buildProgram([name])).commands.find((candidate) => candidate.name() === name);
  const parts: string[] = [];
  command?.configureOutput({ writeOut: (text) => parts.push(text), getOutHelpWidth: () => 80 }).outputHelp();
  return parts.join("");
}

describe("usage", () => {
  test("help names every command, and each has an example", async () => {
    const { stdout, code } = await runCli(["--help"]);
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "help");
    expect(commands).toEqual(
      expect.arrayContaining([
        "up",
        "candles",
        "tail",
        "decode",
        "aggregate",
        "broker",
        "serve",
        "doctor",
        "config",
      ]),
    );
    for (const name of commands)
      expect(await helpOf(name)).toMatch(new RegExp(`Example:\\n {2}\\$ .*candlewick ${name}`));
    const printed = await runCli(["candles", "--help"]);
    expect(printed).toMatchObject({ stdout: await helpOf("candles"), code: 0 });
  });

  test("without arguments it prints help", async () => {
    const { stdout, code } = await runCli([]);
    expect(stdout).toContain("Usage: candlewick");
    expect(code).toBe(0);
  });

  test.each([
    [["decod"], 'candlewick: unknown command "decod". Did you mean decode? Else see "candlewick --help".\n'],
    [["qqq"], 'candlewick: unknown command "qqq". See "candlewick --help".\n'],
    [
      ["--versoin"],
      'candlewick: unknown option "--versoin". Did you mean --version? Else see "candlewick --help".\n',
    ],
    [["decode"], 'candlewick: missing required argument "file". See "candlewick decode --help".\n'],
    [
      ["decode", "x", "--slut", "3"],
      'candlewick: unknown option "--slut". Did you mean --slot? Else see "candlewick decode --help".\n',
    ],
    [
      ["config", "prnt"],
      'candlewick: unknown command "prnt". Did you mean print? Else see "candlewick config --help".\n',
    ],
    [["config", "print", "more"], /^candlewick: too many arguments[^\n]+\n$/],
    [
      ["decode", "x", "--slot", "-3"],
      /^candlewick: option "--slot <n>" argument "-3" is invalid\. It is not a slot number\. [^\n]+\n$/,
    ],
  ])("%j", async (args, says) => {
    const { stdout, stderr, code } = await runCli(args);
    expect([stdout, code]).toEqual(["", 1]);
    if (typeof says === "string") expect(stderr).toBe(says);
    else expect(stderr).toMatch(says);
  });
});

describe("config", () => {
  test("print shows the file, the environment and the defaults without secrets", async () => {
    const folder = mkdtempSync(join(tmpdir(), "candlewick-config-"));
    const file = join(folder, "candlewick.yaml");
    writeFileSync(file, "kafka:\n  brokers: [kafka1:9092]\ndatabase:\n  url: postgres://me:hunter2@db/x\n");
    const environment = {
      CANDLEWICK_LOG__LEVEL: "debug",
      CANDLEWICK_KAFKA__SECURITY__SASL: '{"mechanism":"PLAIN","username":"u","password":"p4ss"}',
    };
    const { stdout, code } = await runCli(["config", "print", "--config", file], { environment });
    rmSync(folder, { recursive: true });
    expect(code).toBe(0);
    expect(stdout).toContain("- kafka1:9092");
    expect(stdout).toContain("level: debug");
    expect(stdout).toContain("partitions: 8");
    expect(stdout).not.toMatch(/hunter2|p4ss/);
  });

  test("all problems are told together", async () => {
    const environment = { CANDLEWICK_LOG__LEVL: "debug", CANDLEWICK_KAFKA__PARTITIONS: "none" };
    const { stderr, code } = await runCli(["config", "print"], { environment });
    expect(code).toBe(1);
    expect(stderr).toContain("has 2 problems");
    expect(stderr).toContain(
      "CANDLEWICK_LOG__LEVL: names no key of the configuration, did you mean CANDLEWICK_LOG__LEVEL?",
    );
    expect(stderr).toContain(
      "kafka.partitions (from CANDLEWICK_KAFKA__PARTITIONS): expected number, received string",
    );
  });

  test("an absent file is one sentence", async () => {
    const { stderr, code } = await runCli(["config", "print", "--config", "/nowhere/candlewick.yaml"]);
    expect(stderr).toMatch(
      /^candlewick: the configuration file \/nowhere\/candlewick\.yaml cannot be read\. Check[^\n]+\n$/,
    );
    expect(code).toBe(1);
  });
});

test("a reader that has seen enough is no error", async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) => `${i * 1000},${i + 1},1`).join("\n");
  const child = startCli(["aggregate", "-", "--interval", "1s", ...WAITING.slice(4)]);
  const chunks: string[] = [];
  child.stderr.on("data", (chunk) => chunks.push(String(chunk)));
  child.stdin.end(`t,p,q\n${rows}\n`);
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect({ code, stderr: chunks.join("") }).toEqual({ code: 0, stderr: "" });
});
