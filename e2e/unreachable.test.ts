import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, onTestFinished, test } from "vitest";
import { type Complaint, expectComplaint } from "./kit/complaint.ts";
import { runToEnd } from "./kit/process.ts";
import { temporaryFolder } from "./kit/temporary.ts";

/** Nothing listens there. */
const NOBODY = "127.0.0.1:1";
const LIMIT_MS = 20_000;
/** Starting what is embedded before the other side is asked may take a while on a machine that is busy. */
const START_MS = 25_000;

/** An address where connections are taken and nothing is ever said. */
async function silentAddress(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => sockets.delete(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return `127.0.0.1:${address.port}`;
}

interface Case {
  readonly name: string;
  readonly flags: (address: string) => string[];
  readonly says: Complaint["says"];
}

const UP: readonly Case[] = [
  {
    name: "a node",
    flags: (address) => ["--source", "solana", "--rpc", `http://${address}`],
    says: ["RPC node", "Check ingest.rpcUrl"],
  },
  {
    name: "a Kafka",
    flags: (address) => ["--brokers", address],
    says: ["Kafka does not answer", "Start it"],
  },
  {
    name: "a database",
    flags: (address) => ["--database-url", `postgres://someone:hidden@${address}/market`],
    says: ["PostgreSQL", "/market", "--database-url", "nothing that was stored is lost"],
  },
];

describe.each([
  { where: "where nobody listens", address: async () => NOBODY },
  { where: "that is silent", address: silentAddress },
])("up with an other side $where ends soon, and says that it can be tried again", ({ address }) => {
  test.each(UP)(
    "$name",
    async ({ flags, says }) => {
      const at = await address();
      const args = ["up", "--port", "0", "--data", temporaryFolder("unreachable"), ...flags(at)];
      expectComplaint(await within(LIMIT_MS + START_MS, args), { code: 75, says: [at, ...says] });
    },
    LIMIT_MS + START_MS + 5_000,
  );
});

describe("commands that read", () => {
  test.each<[name: string, args: string[], says: string]>([
    ["pairs", ["pairs", "--database-url", `postgres://someone:hidden@${NOBODY}/market`], "PostgreSQL"],
    ["verify", ["verify", "--database-url", `postgres://someone:hidden@${NOBODY}/market`], "PostgreSQL"],
    ["tail", ["tail", "sol-trades", "--brokers", NOBODY], "Kafka"],
  ])("%s", async (_name, args, says) => {
    expectComplaint(await within(LIMIT_MS, args), { code: 75, says: [NOBODY, says] });
  });
});

/** Runs a command that must end within that time, and must not tell the password. */
async function within(limitMs: number, args: string[]) {
  const began = performance.now();
  const ended = await runToEnd(args);
  const tookMs = performance.now() - began;
  if (tookMs > limitMs) throw new Error(`took ${Math.round(tookMs)} ms: ${ended.stderr}`);
  if (ended.stderr.includes("hidden")) throw new Error("the password is shown");
  return ended;
}
