import { CandlewickError, ERRORS, type Logger } from "@candlewick/runtime";
import pg from "pg";
import type { ConnectionOptions } from "./connection.ts";
import { databaseError } from "./database-error.ts";

/** A prepared statement: planned once per connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A query inside a transaction. Rows come as objects of texts, numbers and nulls, as the driver reads them. */
export interface Transaction {
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
  /** Several statements without values. */
  execute(sql: string): Promise<void>;
}

export type TransactionMode = "read-write" | "snapshot";

const BEGIN: Readonly<Record<TransactionMode, string>> = {
  // Each statement sees what was committed before it: after waiting for a lock, all that its holder wrote. No
  // wait is without end: a holder that hangs makes the others fail, and they try again.
  "read-write": "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'",
  // All statements see one state.
  snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};

/**
 * Whatever the server is set to: float64 in the shortest form that reads back the same, byte strings in
 * hexadecimal, and no compilation of queries, which takes longer than ours run.
 */
const SESSION = "SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = hex; SET LOCAL jit = off";

/** A bounded pool of connections to one database. */
export class Database {
  /** Host and database, never the password. */
  readonly where: string;
  readonly #pool: pg.Pool;
  #isClosing = false;

  constructor(connection: ConnectionOptions, poolSize: number, logger: Logger) {
    this.where = placeOf(connection);
    this.#pool = new pg.Pool({
      ...("url" in connection ? { connectionString: connection.url } : connection),
      max: poolSize,
      application_name: "candlewick",
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
    });
    this.#pool.on("error", (error) => {
      // The pool does not wait for its connections to end: a server that stops right after it cuts them off.
      if (this.#isClosing) return;
      logger.warn("an idle database connection was lost", { database: this.where, reason: error.message });
    });
  }

  /** Runs `work` in a transaction and commits, or rolls back and rejects with a CandlewickError. */
  async transaction<Result>(
    mode: TransactionMode,
    work: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    return await this.withClient(async (client) => {
      await client.query(`${BEGIN[mode]}; ${SESSION}`);
      try {
        const result = await work(transactionOn(client));
        const { command } = await client.query("COMMIT");
        if (command !== "COMMIT") throw new Error("the transaction had failed and was rolled back");
        return result;
      } catch (error) {
        // Where this fails too, the connection is gone, and with it the transaction.
        await client.query("ROLLBACK").catch(() => {});
        throw error;
      }
    });
  }

  /** Lends a connection; one that fails outside of SQL is thrown away. */
  async withClient<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw databaseError(error, this.where);
    }
    let lost: Error | undefined;
    const onError = (error: Error): void => {
      lost = error;
    };
    client.on("error", onError);
    try {
      return await work(client);
    } catch (error) {
      const translated = databaseError(error, this.where);
      if (translated.code !== ERRORS.fenced.code) lost ??= translated;
      throw translated;
    } finally {
      client.off("error", onError);
      client.release(lost);
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#pool.end();
  }
}

function transactionOn(client: pg.PoolClient): Transaction {
  return {
    async query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
      const result = await client.query<Row>({ ...statement, values: [...values] });
      return result.rows;
    },
    async execute(sql) {
      await client.query(sql);
    },
  };
}

function placeOf(connection: ConnectionOptions): string {
  if (!("url" in connection)) return `${connection.host}:${connection.port}/${connection.database}`;
  try {
    const url = new URL(connection.url);
    if (!/^postgres(ql)?:$/.test(url.protocol)) throw new Error("another protocol");
    return `${url.hostname}${url.port === "" ? "" : `:${url.port}`}${url.pathname}`;
  } catch (cause) {
    throw new CandlewickError(
      ERRORS.configuration,
      "the database address is not a PostgreSQL URL",
      "write DATABASE_URL (--database-url) as postgresql://user:password@host:5432/database",
      { cause },
    );
  }
}
