import { BarSeries, type Interval, type OrderKey } from "@candlewick/domain";
import { type ColumnFlags, TradeColumns, type TradeRow } from "./columns.ts";
import type { CsvTable } from "./csv-table.ts";
import { SeenIds } from "./seen-ids.ts";

/** The candles of a file and what was left out of them. */
export interface Aggregation {
  readonly series: BarSeries<bigint>;
  readonly rows: number;
  /** Rows whose id an earlier row had. */
  readonly duplicates: number;
}

/** Folds the rows of a table into candles, whatever their order: by time, then id, then row. */
export async function aggregateTable(
  table: CsvTable,
  interval: Interval,
  flags: ColumnFlags,
): Promise<Aggregation> {
  const columns = new TradeColumns(table, flags);
  const series = new BarSeries<bigint>(interval);
  const seen = new SeenIds();
  let rows = 0;
  let duplicates = 0;
  for await (const row of table.rows()) {
    rows++;
    const trade = columns.read(row);
    if (trade.id !== null && !seen.add(trade.id)) {
      duplicates++;
      continue;
    }
    const key = rowKey(trade, row.number);
    const { open, high, low, close } = trade;
    series.add(
      millisecondsOf(trade.timeNs),
      { openKey: key, open, high, low, closeKey: key, close },
      trade.amount,
      trade.count,
    );
  }
  return { series, rows, duplicates };
}

/** Down to the millisecond, also before 1970. */
function millisecondsOf(timeNs: bigint): number {
  const ms = timeNs / 1_000_000n;
  return Number(timeNs % 1_000_000n < 0n ? ms - 1n : ms);
}

/** A text that sorts as (time, id, row) does. */
export function rowKey(trade: Pick<TradeRow, "timeNs" | "id">, rowNumber: number): OrderKey {
  const time = (trade.timeNs + TIME_ORIGIN).toString(16).padStart(20, "0");
  return `${time}${trade.id === null ? "" : idKey(trade.id)}\u0000${rowNumber.toString().padStart(15, "0")}`;
}

/** Above all times that are allowed, so that the sum is positive. */
const TIME_ORIGIN = 1n << 76n;

/** Numbers sort by value and before all other ids, which sort by their characters. */
function idKey(id: string): string {
  if (!/^\d+$/.test(id)) return `~${id}`;
  const digits = id.replace(/^0+(?=\d)/, "");
  return digits.length.toString().padStart(7, "0") + digits;
}
