import { parseDecimal } from "@candlewick/domain";
import { usageError } from "../usage.ts";
import type { CsvRow, CsvTable } from "./csv-table.ts";

/** How `aggregate` is told which columns hold what. */
export interface ColumnFlags {
  /** COLUMN or COLUMN:UNIT. */
  readonly time: string;
  /** COLUMN, or four of them: open,high,low,close. */
  readonly price: string;
  readonly amount: string;
  readonly id?: string;
  readonly count?: string;
}

/** Digits after the point that prices and amounts may have. */
export const SCALE = 30;

/** What one row says, exactly. */
export interface TradeRow {
  readonly timeNs: bigint;
  /** A trade has one price four times. In units of 10^-SCALE. */
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly amount: bigint;
  readonly count: number;
  readonly id: string | null;
}

/** A unit of time by the power of ten of its nanoseconds. */
const UNIT_SCALES: Readonly<Record<string, number>> = { s: 9, ms: 6, us: 3, ns: 0 };

/** The last instant that a date can have, in nanoseconds. */
const MAX_TIME_NS = 8_640_000_000_000_000n * 1_000_000n;

/** Reads the rows of a table as its columns are named. Its constructor throws where a column is missing. */
export class TradeColumns {
  readonly #table: CsvTable;
  readonly #time: number;
  readonly #timeScale: number;
  readonly #prices: readonly number[];
  readonly #amount: number;
  readonly #id: number | null;
  readonly #count: number | null;

  constructor(table: CsvTable, flags: ColumnFlags) {
    this.#table = table;
    const { column, unit } = splitTime(flags.time);
    this.#timeScale = UNIT_SCALES[unit] ?? 0;
    this.#time = table.column(column);
    const prices = flags.price.split(",").map((name) => name.trim());
    if (prices.length !== 1 && prices.length !== 4) {
      throw usageError(
        `--price takes one column or four (open,high,low,close), not ${prices.length}`,
        "aggregate",
      );
    }
    this.#prices = prices.map((name) => table.column(name));
    this.#amount = table.column(flags.amount);
    this.#id = flags.id === undefined ? null : table.column(flags.id);
    this.#count = flags.count === undefined ? null : table.column(flags.count);
  }

  /** Reads one row. Throws CandlewickError(BAD_INPUT) that names row, column and value. */
  read(row: CsvRow): TradeRow {
    const timeNs = this.#decimal(row, this.#time, this.#timeScale);
    if (timeNs > MAX_TIME_NS || timeNs < -MAX_TIME_NS) {
      throw this.#table.rowError(
        row,
        `${this.#cell(row, this.#time)} is no time: is its unit right (COLUMN:s|ms|us|ns)?`,
      );
    }
    const [open = 0n, high = open, low = open, close = open] = this.#prices.map((price) =>
      this.#decimal(row, price, SCALE),
    );
    if (high < low || open > high || open < low || close > high || close < low) {
      throw this.#table.rowError(row, "open and close are not between low and high");
    }
    const amount = this.#decimal(row, this.#amount, SCALE);
    if (amount < 0n)
      throw this.#table.rowError(row, `the amount ${this.#cell(row, this.#amount)} is negative`);
    const id = this.#id === null ? null : this.#cell(row, this.#id);
    if (id === "") throw this.#table.rowError(row, "the id is empty");
    return { timeNs, open, high, low, close, amount, id, count: this.#countOf(row) };
  }

  #countOf(row: CsvRow): number {
    if (this.#count === null) return 1;
    const count = Number(this.#cell(row, this.#count));
    if (Number.isSafeInteger(count) && count >= 0) return count;
    throw this.#table.rowError(row, `the count ${this.#cell(row, this.#count)} is not a whole number`);
  }

  #decimal(row: CsvRow, column: number, scale: number): bigint {
    const text = this.#cell(row, column);
    try {
      return parseDecimal(text, scale);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
      const problem = /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(text)
        ? `cannot be held with ${scale} decimals`
        : "is not a number";
      throw this.#table.rowError(row, `"${shown}" ${problem}`);
    }
  }

  #cell(row: CsvRow, column: number): string {
    return row.cells[column] ?? "";
  }
}

/** Splits `timestamp:us`; without a unit it is milliseconds. */
function splitTime(text: string): { column: string; unit: string } {
  const at = text.lastIndexOf(":");
  if (at < 0) return { column: text, unit: "ms" };
  const unit = text.slice(at + 1);
  if (UNIT_SCALES[unit] !== undefined) return { column: text.slice(0, at), unit };
  throw usageError(`"${unit}" is not a unit of time: write --time COLUMN:s, :ms, :us or :ns`, "aggregate");
}
