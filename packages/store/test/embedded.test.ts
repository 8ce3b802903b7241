import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { silentLogger } from "@candlewick/runtime";
import { afterEach, describe, expect, test } from "vitest";
import { canEnter } from "../src/embedded/account.ts";
import { GUARD_NAME } from "../src/embedded/guard.ts";
import { guardsOf, isServerOf, processesIn, readPidFile } from "../src/embedded/server-state.ts";
import { startEmbeddedPostgres } from "../src/index.ts";
import { sql, type TestServer, temporaryFolder } from "./servers.ts";

const root = process.getuid?.() === 0;
const folders: string[] = [];

function dataFolder(): string {
  const dir = temporaryFolder();
  folders.push(dir);
  return path.join(dir, "db");
}

afterEach(() => {
  for (const dir of folders.splice(0)) {
    const cluster = path.join(dir, "db", "cluster");
    if (existsSync(cluster)) for (const pid of processesIn(cluster)) killWhatIsLeft(pid);
    rmSync(dir, { recursive: true, force: true });
  }
});

/** A process may end by itself between the look and the signal. */
function killWhatIsLeft(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function start(dataDir: string) {
  return startEmbeddedPostgres({ dataDir, logger: silentLogger });
}

function connectionOf(server: { connection: unknown }): TestServer["connection"] {
  return server.connection as TestServer["connection"];
}

/** A process of its own that owns the database (see owner.ts). */
class Owner {
  readonly child: ChildProcess;
  readonly #messages: AsyncIterator<string>;

  constructor(dataDir: string, user?: { uid: number; gid: number }) {
    this.child = spawn(
      process.execPath,
      ["--conditions=candlewick-src", path.join(import.meta.dirname, "owner.ts"), dataDir],
      { stdio: ["pipe", "pipe", "inherit"], ...user },
    );
    if (this.child.stdout === null) throw new Error("no output");
    this.#messages = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async message(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#messages.next();
    if (done === true) return { ended: true };
    return JSON.parse(value) as Record<string, unknown>;
  }

  tell(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const gone = once(this.child, "exit");
    this.child.kill(signal);
    await gone;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 3000) throw new Error("the condition was not met in 30 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("the embedded PostgreSQL", () => {
  test("first start, warm start: data stay, checksums and fsync are on, nothing is left running", async () => {
    const dir = dataFolder();
    const first = await start(dir);
    expect(first.mode).toBe("started");
    await sql(connectionOf(first), "CREATE TABLE t AS SELECT 7 AS n");
    expect(
      await sql(
        connectionOf(first),
        "SELECT current_setting('data_checksums') c, current_setting('fsync') f",
      ),
    ).toEqual([{ c: "on", f: "on" }]);
    const { pid = 0 } = readPidFile(path.join(dir, "cluster")) ?? {};
    await first.stop();
    await first.done;
    expect(isServerOf(pid, path.join(dir, "cluster"))).toBe(false);
    const second = await start(dir);
    expect(await sql(connectionOf(second), "SELECT n FROM t")).toEqual([{ n: 7 }]);
    await second.stop();
    expect(readdirSync(dir).sort()).toEqual(["cluster", "credentials.json", "run", "server.log"]);
  });

  test("a second owner is refused in one sentence and may join", async () => {
    const dir = dataFolder();
    const owner = new Owner(dir);
    expect(await owner.message()).toMatchObject({ up: "started" });
    await expect(start(dir)).rejects.toMatchObject({
      code: "DATA_DIR_LOCKED",
      message: `another candlewick (process ${owner.child.pid}) already uses the database in ${dir}`,
    });
    const joined = await startEmbeddedPostgres({ dataDir: dir, logger: silentLogger, whenOwned: "join" });
    expect(joined.mode).toBe("joined");
    await joined.stop();
    owner.tell("stop");
    expect(await owner.message()).toEqual({ stopped: true });
  });

  test("four at once: one owns it, three are refused", async () => {
    const dir = dataFolder();
    const owners = [1, 2, 3, 4].map(() => new Owner(dir));
    const answers = await Promise.all(owners.map((owner) => owner.message()));
    expect(answers.filter(({ up }) => up === "started")).toHaveLength(1);
    expect(answers.filter(({ code }) => code === "DATA_DIR_LOCKED")).toHaveLength(3);
    await Promise.all(
      owners.filter((_, i) => answers[i]?.up !== undefined).map((owner) => owner.kill("SIGKILL")),
    );
  });

  test("kill -9 of the owner under load: the guard stops the server, and nothing acknowledged is lost", async () => {
    const dir = dataFolder();
    const owner = new Owner(dir);
    await owner.message();
    owner.tell("write");
    let last = 0;
    while (last < 200) last = Number((await owner.message()).written);
    await owner.kill();
    const next = await start(dir);
    const [row] = await sql(connectionOf(next), "SELECT max(n) AS n, count(*)::int AS c FROM written");
    expect(Number(row?.n)).toBeGreaterThanOrEqual(last);
    expect(row?.c).toBe(row?.n);
    await next.stop();
  });

  test("kill -9 of the owner and its guard: the server runs on and is adopted", async () => {
    const dir = dataFolder();
    const owner = new Owner(dir);
    await owner.message();
    const { pid = 0 } = readPidFile(path.join(dir, "cluster")) ?? {};
    for (const guard of guardsOf(pid, GUARD_NAME)) process.kill(guard, "SIGKILL");
    await until(() => guardsOf(pid, GUARD_NAME).length === 0);
    await owner.kill();
    const next = await start(dir);
    expect(next.mode).toBe("adopted");
    expect(readPidFile(path.join(dir, "cluster"))?.pid).toBe(pid);
    await next.stop();
  });

  test("kill -9 of the server: its owner is told, and the next start tidies up and recovers", async () => {
    const dir = dataFolder();
    const first = await start(dir);
    await sql(connectionOf(first), "CREATE TABLE t AS SELECT 7 AS n");
    const { pid = 0 } = readPidFile(path.join(dir, "cluster")) ?? {};
    process.kill(pid, "SIGKILL");
    await expect(first.done).rejects.toMatchObject({ code: "DATABASE_UNREACHABLE" });
    const second = await start(dir);
    expect(second.mode).toBe("started");
    expect(await sql(connectionOf(second), "SELECT n FROM t")).toEqual([{ n: 7 }]);
    await second.stop();
    await first.stop();
  });

  test("a number in postmaster.pid that belongs to another program now does not hold up a start", async () => {
    const dir = dataFolder();
    await (await start(dir)).stop();
    const file = path.join(dir, "cluster", "postmaster.pid");
    writeFileSync(file, `${process.pid}\n${dir}\n1\n5432\n${dir}/run\n\n0 0\nready\n`);
    const next = await start(dir);
    expect(next.mode).toBe("started");
    await next.stop();
  });

  test("what a killed initialisation left is removed", async () => {
    const dir = dataFolder();
    mkdirSync(path.join(dir, ".cluster-init-999999999"), { recursive: true });
    const server = await start(dir);
    expect(readdirSync(dir).filter((name) => name.startsWith(".cluster-init"))).toEqual([]);
    await server.stop();
  });

  test("a folder with a long name: the socket lies elsewhere and goes with the server", async () => {
    const dir = path.join(dataFolder(), "long-".repeat(20));
    const server = await start(dir);
    const { host } = connectionOf(server);
    expect(host).toMatch(/^\/tmp\/candlewick-pg-/);
    expect(await sql(connectionOf(server), "SELECT 1 AS n")).toEqual([{ n: 1 }]);
    await server.stop();
    expect(existsSync(host)).toBe(false);
  });

  test("a lost password file and a newer cluster are told in a sentence", async () => {
    const dir = dataFolder();
    await (await start(dir)).stop();
    const version = path.join(dir, "cluster", "PG_VERSION");
    writeFileSync(version, "99\n");
    await expect(start(dir)).rejects.toMatchObject({
      code: "DATA_DIR_UNUSABLE",
      message: expect.stringContaining("was made by PostgreSQL 99"),
    });
    writeFileSync(version, "18\n");
    rmSync(path.join(dir, "credentials.json"));
    await expect(start(dir)).rejects.toMatchObject({ code: "DATA_DIR_UNUSABLE" });
  });

  test("a file where the folder should be", async () => {
    const file = dataFolder();
    writeFileSync(file, "");
    await expect(start(file)).rejects.toMatchObject({ code: "DATA_DIR_UNUSABLE" });
  });
});

test.skipIf(!root)("a folder below one that other users cannot enter is refused with advice", async () => {
  const dir = dataFolder();
  chmodSync(path.dirname(dir), 0o700);
  await expect(start(dir)).rejects.toMatchObject({
    code: "DATA_DIR_UNUSABLE",
    advice: expect.stringContaining("/var/lib/candlewick"),
  });
});

/** Mounting needs rights that a container may not give even to root. */
function canMount(): boolean {
  const dir = temporaryFolder();
  const done = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", dir]).status === 0;
  if (done) spawnSync("umount", [dir]);
  rmSync(dir, { recursive: true });
  return done;
}

describe.skipIf(!canMount())("the embedded PostgreSQL on a disk of its own", () => {
  test.each([
    { name: "full", options: "size=12m", code: "DISK_FULL" },
    { name: "read-only", options: "ro,size=1m", code: "DATA_DIR_UNUSABLE" },
  ])("that is $name", async ({ options, code }) => {
    const dir = dataFolder();
    mkdirSync(dir, { recursive: true });
    spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", dir]);
    try {
      await expect(start(dir)).rejects.toMatchObject({ code });
      expect(readdirSync(dir).filter((name) => name.startsWith(".cluster-init"))).toEqual([]);
    } finally {
      spawnSync("umount", [dir]);
    }
  });
});

const nobody = { uid: 65534, gid: 65534 };

test.skipIf(!root || !canEnter(import.meta.dirname, nobody))(
  "an ordinary user starts it as himself",
  async () => {
    const dir = dataFolder();
    chmodSync(path.dirname(dir), 0o777);
    const owner = new Owner(dir, nobody);
    expect(await owner.message()).toMatchObject({ up: "started" });
    const { pid = 0 } = readPidFile(path.join(dir, "cluster")) ?? {};
    expect(readFileSync(`/proc/${pid}/status`, "utf8")).toMatch(/^Uid:\s+65534/m);
    owner.tell("stop");
    expect(await owner.message()).toEqual({ stopped: true });
  },
);
