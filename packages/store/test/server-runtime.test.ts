import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, lstatSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serverAccount } from "../src/embedded/account.ts";
import { prepareRuntime } from "../src/embedded/server-runtime.ts";
import { temporaryFolder } from "./servers.ts";

let dir: string;
beforeEach(() => {
  dir = temporaryFolder();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("the installed server is used in place, with the links between its libraries", async () => {
  const runtime = await prepareRuntime(dir, serverAccount(dir));
  expect(runtime.majorVersion).toBe(18);
  expect(lstatSync(path.join(runtime.dir, "lib", "libicuuc.so.60")).isSymbolicLink()).toBe(true);
  expect(readdirSync(dir)).toEqual([]);
});

test.skipIf(process.getuid?.() !== 0)(
  "a server that its user cannot enter is copied, once, also by two at the same time",
  async () => {
    const account = serverAccount(dir);
    const installed = path.dirname((await prepareRuntime(dir, account)).dir);
    const hidden = path.join(temporaryFolder(), "package");
    cpSync(installed, hidden, { recursive: true, verbatimSymlinks: true });
    chmodSync(path.dirname(hidden), 0o700);
    try {
      const runtimes = await Promise.all([1, 2].map(() => prepareRuntime(dir, account, hidden)));
      const [copy, ...rest] = readdirSync(dir);
      expect(rest).toEqual([]);
      for (const runtime of runtimes) expect(runtime.dir).toBe(path.join(dir, copy ?? ""));
      const version = spawnSync(path.join(dir, copy ?? "", "bin/initdb"), ["--version"], {
        ...account,
        cwd: "/",
        encoding: "utf8",
      });
      expect(version.stdout).toContain("18.");
    } finally {
      rmSync(path.dirname(hidden), { recursive: true });
    }
  },
);

test("a machine that the package does not serve is told of DATABASE_URL", async () => {
  const { arch } = process;
  Object.defineProperty(process, "arch", { value: "riscv64" });
  try {
    await expect(async () => await prepareRuntime(dir, {})).rejects.toMatchObject({
      code: "UNSUPPORTED_PLATFORM",
      advice: expect.stringContaining("DATABASE_URL"),
    });
  } finally {
    Object.defineProperty(process, "arch", { value: arch });
  }
});
