import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../src/command-list.ts";
import { buildProgram } from "../src/program.ts";
import { BIN } from "./cli-process.ts";

const folder = mkdtempSync(join(tmpdir(), "candlewick-loading-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes the addresses of all modules that were loaded to standard error, one a line, when the process ends. */
const LISTING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const urls = new Set();
  registerHooks({
    load(url, context, next) {
      urls.add(url);
      return next(url, context);
    },
  });
  process.on("exit", () => process.stderr.write([...urls].map((url) => \`loaded \${url}\\n\`).join("")));
`)}`;

const SOURCES = ["--conditions=candlewick-src"];
const BROKER = ["broker", "--data", join(folder, "data"), "--listen", "127.0.0.1:0"];

/** The modules that a command loads until a line that matches is printed, where it is told to stop. */
async function loadedBy(
  args: readonly string[],
  ready: RegExp,
  flags: readonly string[] = SOURCES,
): Promise<string[]> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("CANDLEWICK_"));
  const child = spawn(process.execPath, ["--import", LISTING, ...flags, BIN, ...args], {
    env: Object.fromEntries(inherited),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors = text(child.stderr);
  const exit = new Promise((resolve) => child.on("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    if (ready.test(line)) child.kill("SIGTERM");
  }
  expect({ code: await exit, args }).toEqual({ code: 0, args });
  const lines = (await errors).split("\n").filter((line) => line.startsWith("loaded "));
  return lines.map((line) => line.slice("loaded ".length)).filter((url) => !url.startsWith("node:"));
}

/** The package of the repository or of node_modules that a module belongs to. */
function packageOf(url: string): string {
  const dependency = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(url)?.[1];
  return dependency ?? /\/((?:packages|services|apps)\/[^/]+)\//.exec(url)?.[1] ?? url;
}

describe("what is loaded, from sources", () => {
  test("the broker: itself, the logger and the command line", async () => {
    const loaded = await loadedBy(BROKER, /accepting connections/);
    const packages = [...new Set(loaded.map(packageOf))];
    expect(packages).toEqual(
      expect.arrayContaining(["packages/broker", "packages/runtime", "pino", "commander"]),
    );
    const heavy = ["zod", "prom-client", "@opentelemetry/api", "fastify", "jose", "yaml", "pino-pretty"];
    expect(packages.filter((name) => heavy.includes(name))).toEqual([]);
    const ours = packages.filter((name) => /^(packages|services|apps)\//.test(name)).sort();
    expect(ours).toEqual(["apps/cli", "packages/broker", "packages/runtime"]);
    // It was 540 once, and a start took twice as long.
    expect(loaded.filter((url) => packageOf(url) !== "packages/broker").length).toBeLessThan(80);
  });

  test("the help: no command at all", async () => {
    const loaded = await loadedBy(["--help"], /no such line/);
    expect(loaded.filter((url) => url.includes("/commands/"))).toEqual([]);
    expect(loaded.length).toBeLessThan(80);
  });
});

describe("what is loaded, built", () => {
  const scripts = join(import.meta.dirname, "..", "..", "..", "scripts");

  test("a few files, none of them a source", async () => {
    // It says nothing where there is a build of these sources, as after itself.
    const build = () => spawnSync(process.execPath, [join(scripts, "command-build.mjs")]).stderr.toString();
    build();
    expect(build()).toBe("");
    const loaded = await loadedBy(BROKER, /accepting connections/, []);
    const [bin, ...built] = loaded.filter((url) => !url.startsWith("data:"));
    expect(bin).toMatch(/\/apps\/cli\/bin\/candlewick\.js$/);
    expect(built.filter((url) => /\/apps\/cli\/dist\/[\w-]+\.js$/.test(url)).length).toBeGreaterThan(5);
    expect(built.filter((url) => url.endsWith(".ts"))).toEqual([]);
    expect(built.length).toBeLessThan(30);
  });
});

test("the help shows each command with the arguments that it takes", async () => {
  const argumentsOf = async (args: readonly string[], name: string) => {
    const command = (await buildProgram(args)).commands.find((candidate) => candidate.name() === name);
    return command?.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
    }));
  };
  for (const { name } of COMMANDS)
    expect(await argumentsOf([], name)).toEqual(await argumentsOf([name], name));
});
