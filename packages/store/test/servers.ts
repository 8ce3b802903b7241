import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { silentLogger } from "@candlewick/runtime";
import pg from "pg";
import type { Account } from "../src/embedded/account.ts";
import { type ConnectionOptions, openStore, type Store, startEmbeddedPostgres } from "../src/index.ts";

/** A throw-away server: its databases live as long as the tests. */
export interface TestServer {
  readonly connection: Exclude<ConnectionOptions, { url: string }>;
  stop(): Promise<void>;
}

const DEBIAN_15 = "/usr/lib/postgresql/15/bin";

/** The servers that the store must work on: the embedded one, and the oldest supported where the machine has it. */
export const SERVERS: readonly { readonly name: string; readonly start: () => Promise<TestServer> }[] = [
  { name: "embedded PostgreSQL", start: startEmbedded },
  ...(existsSync(DEBIAN_15) ? [{ name: "PostgreSQL 15", start: startDebian }] : []),
];

export function temporaryFolder(): string {
  const dir = mkdtempSync("/tmp/candlewick-store-");
  // Servers do not run as root, and the folder that mkdtemp makes is closed to others.
  chmodSync(dir, 0o755);
  return dir;
}

async function startEmbedded(): Promise<TestServer> {
  const dir = temporaryFolder();
  const server = await startEmbeddedPostgres({ dataDir: path.join(dir, "db"), logger: silentLogger });
  const { connection } = server;
  if ("url" in connection) throw new Error("an embedded server has no URL");
  return {
    connection,
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function startDebian(): Promise<TestServer> {
  const dir = temporaryFolder();
  const account: Account = process.getuid?.() === 0 ? accountOf("postgres") : {};
  if (account.uid !== undefined) chownSync(dir, account.uid, account.gid);
  const data = path.join(dir, "data");
  const init = ["-D", data, "-U", "candlewick", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
  const made = spawnSync(`${DEBIAN_15}/initdb`, init, { ...account, cwd: "/", encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  const settings = ["listen_addresses=", `unix_socket_directories=${dir}`, "fsync=off", "max_connections=60"];
  const child = spawn(`${DEBIAN_15}/postgres`, ["-D", data, ...settings.flatMap((set) => ["-c", set])], {
    ...account,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (text: Buffer) => {
      if (text.includes("ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error("PostgreSQL 15 did not start")));
  });
  return {
    connection: { host: dir, port: 5432, user: "candlewick", password: "", database: "postgres" },
    async stop() {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function accountOf(name: string): { uid: number; gid: number } {
  const ids = spawnSync("id", ["-u", name], { encoding: "utf8" }).stdout;
  const groups = spawnSync("id", ["-g", name], { encoding: "utf8" }).stdout;
  return { uid: Number(ids), gid: Number(groups) };
}

let databases = 0;

/** A new database on a server. */
export async function freshDatabase(server: TestServer): Promise<TestServer["connection"]> {
  databases += 1;
  const database = `test_${process.pid}_${databases}`;
  await sql({ ...server.connection, database: "postgres" }, `CREATE DATABASE ${database} TEMPLATE template0`);
  return { ...server.connection, database };
}

/** A store on a new database, with its connection for looking behind it. */
export async function freshStore(
  server: TestServer,
): Promise<{ store: Store; connection: TestServer["connection"] }> {
  const connection = await freshDatabase(server);
  return { store: await openStore({ connection, logger: silentLogger }), connection };
}

/** One statement on a connection of its own. */
export async function sql(
  connection: TestServer["connection"],
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end();
  }
}
