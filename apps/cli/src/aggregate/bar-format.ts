import { type Bar, formatDecimal } from "@candlewick/domain";
import { output } from "../output.ts";
import { SCALE } from "./columns.ts";

/** How candles are written: CSV with a header, or one JSON array. */
export type BarFormat = "csv" | "json";

/** Writes candles to standard output, prices and volumes as exact decimals. */
export async function writeBars(bars: readonly Bar<bigint>[], format: BarFormat): Promise<void> {
  if (format === "json") return writeJson(bars);
  await output.line("open_time_ms,open,high,low,close,volume,count");
  for (const bar of bars) await output.line([bar.openMs, ...decimals(bar), bar.count].join(","));
}

/** Prices are JSON numbers with all their digits; the volume is a text, as no reader of numbers would keep it exact. */
async function writeJson(bars: readonly Bar<bigint>[]): Promise<void> {
  await output.write("[");
  for (const [index, bar] of bars.entries()) {
    const [open, high, low, close, volume] = decimals(bar);
    await output.write(
      `${index === 0 ? "\n" : ",\n"}{"open_time_ms":${bar.openMs},"open":${open},"high":${high},"low":${low},` +
        `"close":${close},"volume":"${volume}","count":${bar.count}}`,
    );
  }
  await output.line(bars.length === 0 ? "]" : "\n]");
}

function decimals(bar: Bar<bigint>): string[] {
  return [bar.open, bar.high, bar.low, bar.close, bar.volume].map((value) => formatDecimal(value, SCALE));
}
