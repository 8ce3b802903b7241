import pg from "pg";
import type { Credentials } from "./cluster.ts";
import { processExists } from "./server-state.ts";

/** A server that is ready, as `postmaster.pid` tells it. */
export interface ServerAddress {
  readonly pid: number;
  readonly socketDir: string;
  readonly port: number;
}

/** Arbitrary, the same for all: the lock in the database `postgres` whose holder owns the server. */
const OWNER_LOCK = 0x63776f77;
const OWNER_NAME = "candlewick owner";

/** The lock of the server's owner: held by a connection of its own, freed by the server when that ends. */
export interface Ownership {
  readonly client: pg.Client;
  release(): Promise<void>;
}

export type OwnershipAnswer =
  | { readonly kind: "owned"; readonly ownership: Ownership }
  /** Another process holds it. */
  | { readonly kind: "taken"; readonly ownerPid: number | null }
  /** The holder died this moment, or the server is about to stop: ask again. */
  | { readonly kind: "unsettled" };

/** Asks the server for ownership. */
export async function askOwnership(
  address: ServerAddress,
  credentials: Credentials,
): Promise<OwnershipAnswer> {
  const client = new pg.Client({
    host: address.socketDir,
    port: address.port,
    ...credentials,
    database: "postgres",
    application_name: `${OWNER_NAME} ${process.pid}`,
    connectionTimeoutMillis: 10_000,
  });
  // A lost connection is seen by whoever waits for the client's end.
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ ok: boolean }>("SELECT pg_try_advisory_lock($1) AS ok", [
      OWNER_LOCK,
    ]);
    if (rows[0]?.ok === true) return { kind: "owned", ownership: { client, release: () => client.end() } };
    const ownerPid = await holder(client);
    await client.end();
    return ownerPid === null || processExists(ownerPid) ? { kind: "taken", ownerPid } : { kind: "unsettled" };
  } catch (error) {
    await client.end().catch(() => {});
    if (isPassing(error)) return { kind: "unsettled" };
    throw error;
  }
}

async function holder(client: pg.Client): Promise<number | null> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT a.application_name AS name FROM pg_stat_activity a JOIN pg_locks l USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.objid = $1 AND a.application_name LIKE $2`,
    [OWNER_LOCK, `${OWNER_NAME} %`],
  );
  const pid = Number(rows[0]?.name.slice(OWNER_NAME.length));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}

/** What a server that is starting or stopping answers: by SQLSTATE, or by having no socket any more. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return (
    ["57P01", "57P02", "57P03", "ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE"].includes(code) ||
    /Connection terminated/.test(error.message)
  );
}
