import {
  applyOpenRule,
  type Bar,
  type FillRule,
  fillGaps,
  type Interval,
  type OpenRule,
} from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { Command, Option } from "commander";
import { aggregateTable } from "../aggregate/aggregation.ts";
import type { BarFormat } from "../aggregate/bar-format.ts";
import { writeBars } from "../aggregate/bar-format.ts";
import type { ColumnFlags } from "../aggregate/columns.ts";
import { CsvTable } from "../aggregate/csv-table.ts";
import { inputName } from "../input-file.ts";
import { parseIntervalFlag } from "../interval-flag.ts";
import { note } from "../output.ts";
import { example } from "../usage.ts";

interface AggregateFlags extends ColumnFlags {
  readonly interval: Interval;
  readonly open: OpenRule;
  readonly fill: FillRule;
  readonly format: BarFormat;
}

/** `aggregate`: candles of any file of trades, or longer candles of shorter ones. */
export function aggregateCommand(): Command {
  const command = new Command("aggregate")
    .argument("<file>", 'CSV with a header, plain or gzip, or "-"')
    .requiredOption(
      "--interval <interval>",
      "a count and s, m, h, d or w, such as 1m, 4h, 1w",
      parseIntervalFlag,
    )
    .requiredOption(
      "--time <column[:unit]>",
      "column of the time, in s, ms, us or ns since 1970 (ms without a unit)",
    )
    .requiredOption("--price <column>", "column of the price; candles as input: open,high,low,close")
    .requiredOption("--amount <column>", "column of the amount, which adds up to the volume")
    .option("--id <column>", "column that names a trade: orders trades of one time, and drops repeated ones")
    .option(
      "--count <column>",
      "column with the count of trades of a row (candles as input); a row counts as 1 without it",
    )
    .addOption(
      new Option("--open <rule>", "the open of a candle: its first trade, or where the last one ended")
        .choices(["first-trade", "previous-close"])
        .default("first-trade"),
    )
    .addOption(
      new Option("--fill <rule>", "intervals without trades: left out, or flat candles")
        .choices(["none", "flat"])
        .default("none"),
    )
    .addOption(
      new Option("--format <format>", "how candles are written").choices(["csv", "json"]).default("csv"),
    )
    .action(aggregate);
  return example(
    command,
    "candlewick aggregate trades.csv.gz --interval 1m --time trade_ms --price price --amount qty --id trade_id",
    "candlewick aggregate seconds.csv --interval 1h --time time:s --price open,high,low,close --amount volume",
  );
}

async function aggregate(file: string, flags: AggregateFlags): Promise<void> {
  const { series, rows, duplicates } = await aggregateTable(await CsvTable.open(file), flags.interval, flags);
  if (rows === 0) note(`candlewick: ${inputName(file)} has a header and no rows`);
  if (duplicates > 0)
    note(`candlewick: ${duplicates} of ${rows} rows left out, as an earlier row had their id`);
  await writeBars(filled(applyOpenRule(series.bars(), flags.open), flags), flags.format);
}

function filled(bars: readonly Bar<bigint>[], flags: AggregateFlags): readonly Bar<bigint>[] {
  if (flags.fill === "none") return bars;
  try {
    return fillGaps(bars, flags.interval);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CandlewickError(
      ERRORS.badInput,
      `the gaps are too long: ${cause.message}`,
      "Use a longer --interval or --fill none",
      {
        cause,
      },
    );
  }
}
