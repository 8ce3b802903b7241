import type { Database } from "../database.ts";

/** Arbitrary, the same for all: whoever makes partitions holds it. */
const PARTITION_LOCK = 0x63777074;

/** The months of the table of trades, made when the first trade of one comes. Retention is a drop of old ones. */
export class TradePartitions {
  readonly #database: Database;
  readonly #known = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Makes the partitions of these times (unix seconds) where they are missing, before the transaction that needs them. */
  async ensure(times: Iterable<number>): Promise<void> {
    const missing = new Map<string, number>();
    for (const time of times) {
      const name = monthName(time);
      if (!this.#known.has(name)) missing.set(name, time);
    }
    for (const [name, time] of [...missing].sort()) {
      await this.#make(name, time);
      this.#known.add(name);
    }
  }

  /** Forgets what is known: a partition may have been dropped meanwhile. */
  forget(): void {
    this.#known.clear();
  }

  /**
   * A table of its own that is then attached: that lets the writers of other partitions go on, which
   * CREATE TABLE ... PARTITION OF would not.
   */
  async #make(name: string, time: number): Promise<void> {
    const { from, to } = monthBounds(time);
    await this.#database.transaction("read-write", async (transaction) => {
      await transaction.execute(`SELECT pg_advisory_xact_lock(${PARTITION_LOCK})`);
      const found = await transaction.query<{ found: boolean }>(
        {
          name: "find-partition",
          text: `SELECT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'trades'::regclass
          AND inhrelid = to_regclass($1)) AS found`,
        },
        [name],
      );
      if (found[0]?.found === true) return;
      await transaction.execute(
        `CREATE TABLE ${name} (LIKE trades INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES);
         ALTER TABLE trades ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to})`,
      );
    });
  }
}

/** The partition of a time: `trades_2025_04`. */
export function monthName(time: number): string {
  const date = new Date(time * 1000);
  return `trades_${date.getUTCFullYear()}_${String(date.getUTCMonth() + 1).padStart(2, "0")}`;
}

function monthBounds(time: number): { from: number; to: number } {
  const date = new Date(time * 1000);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { from: Date.UTC(year, month, 1) / 1000, to: Date.UTC(year, month + 1, 1) / 1000 };
}
