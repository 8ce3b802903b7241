import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { silentLogger } from "@candlewick/runtime";
import pg from "pg";
import { serverAccount } from "../src/embedded/account.ts";
import { prepareRuntime } from "../src/embedded/server-runtime.ts";
import { type ConnectionOptions, openStore, type Store } from "../src/index.ts";

/** A throw-away server: its databases live as long as the tests, and it does not wait for the disk. */
export interface TestServer {
  readonly connection: Exclude<ConnectionOptions, { url: string }>;
  stop(): Promise<void>;
}

const DEBIAN_15 = "/usr/lib/postgresql/15/bin";

/** The servers that the store must work on: the embedded one, and the oldest supported where the machine has it. */
export const SERVERS: readonly { readonly name: string; readonly start: () => Promise<TestServer> }[] = [
  { name: "the embedded PostgreSQL", start: startEmbedded },
  ...(existsSync(DEBIAN_15) ? [{ name: "PostgreSQL 15", start: () => startServer(DEBIAN_15) }] : []),
];

/** A new folder that the server's user can enter. */
export function temporaryFolder(): string {
  const dir = mkdtempSync("/tmp/candlewick-store-");
  // The folder that mkdtemp makes is closed to others.
  chmodSync(dir, 0o755);
  return dir;
}

async function startEmbedded(): Promise<TestServer> {
  const copies = temporaryFolder();
  const runtime = await prepareRuntime(copies, serverAccount(copies));
  const server = await startServer(path.join(runtime.dir, "bin"));
  return {
    connection: server.connection,
    async stop() {
      await server.stop();
      rmSync(copies, { recursive: true, force: true });
    },
  };
}

async function startServer(bin: string): Promise<TestServer> {
  const dir = temporaryFolder();
  const account = serverAccount(dir);
  if (account.uid !== undefined) chownSync(dir, account.uid, account.gid);
  const data = path.join(dir, "data");
  const init = ["-D", data, "-U", "candlewick", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
  const made = spawnSync(path.join(bin, "initdb"), init, { ...account, cwd: "/", encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  const settings = ["listen_addresses=", `unix_socket_directories=${dir}`, "fsync=off", "max_connections=60"];
  const child = spawn(path.join(bin, "postgres"), ["-D", data, ...settings.flatMap((set) => ["-c", set])], {
    ...account,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (text: Buffer) => {
      if (text.includes("ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error("the test server did not start")));
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

let databases = 0;

/** A new database on a server. */
export async function freshDatabase(server: TestServer): Promise<TestServer["connection"]> {
  databases += 1;
  const database = `test_${process.pid}_${databases}`;
  await sql({ ...server.connection, database: "postgres" }, `CREATE DATABASE ${database}`);
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
