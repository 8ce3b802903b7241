import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BIN = "/usr/lib/postgresql/15/bin";

/** Why an ordinary PostgreSQL 15 server cannot be started here; null where it can. */
export function postgres15Available(): string | null {
  return existsSync(join(BIN, "postgres")) ? null : `needs Debian's postgresql-15 (${BIN})`;
}

/** Starts an ordinary PostgreSQL 15 server on a free port of 127.0.0.1, with an empty database. */
export async function startPostgres15(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-pg15-"));
  const account = unprivileged();
  if (account !== undefined) spawnSync("chown", [String(account.uid), folder]);
  chmodSync(folder, 0o700);
  const run = (program: string, args: string[]) => {
    const result = spawnSync(join(BIN, program), args, { ...account, cwd: "/", encoding: "utf8" });
    if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`);
  };
  const data = join(folder, "data");
  run("initdb", [
    "-D",
    data,
    "-U",
    "candlewick",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
  ]);
  const port = await freePort();
  const server = spawn(
    join(BIN, "postgres"),
    [
      "-D",
      data,
      "-p",
      String(port),
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      `unix_socket_directories=${folder}`,
    ],
    { ...account, cwd: "/", stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await ready(server.stderr, ended);
  return {
    url: `postgres://candlewick@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server says that it accepts connections. */
function ready(log: NodeJS.ReadableStream, ended: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    log.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      if (text.includes("ready to accept connections")) resolve();
    });
    void ended.then(() => reject(new Error(`PostgreSQL did not start: ${text}`)));
  });
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => /^(postgres|nobody):/.test(entry));
  const [, , uid, gid] = line?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
