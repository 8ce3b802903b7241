import { type Kline, type KlinePrices, klineOf } from "@candlewick/contracts";
import { Command, Option } from "commander";
import { parseIntervalFlag } from "../interval-flag.ts";
import { note } from "../output.ts";
import { readCandles, requirePair } from "../read/pair-reads.ts";
import { addStoreFlags, findSources, type SourceFlags, withStore } from "../sources.ts";
import { type Column, FORMATS, type Format, shortPrice, writeRows } from "../table.ts";
import { parseTime } from "../time-flag.ts";
import { example, parseCount } from "../usage.ts";

type Currency = "usd" | "base";

interface CandlesFlags extends SourceFlags {
  readonly pair: string;
  readonly interval: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
  readonly currency: Currency;
  readonly format: Format;
}

/** A candle that has prices in the currency asked for. */
interface PricedKline {
  readonly kline: Kline;
  readonly prices: KlinePrices;
}

/** `candles`: the stored candles of a pair. */
export function candlesCommand(): Command {
  const command = addStoreFlags(
    new Command("candles")
      .requiredOption("--pair <address>", "address of the pair")
      .requiredOption(
        "--interval <interval>",
        "one of the stored intervals, such as 1m, 1h, 1d",
        (text) => parseIntervalFlag(text).name,
      )
      .option("--from <time>", "the first opening time: ISO 8601, or milliseconds since 1970", parseTime)
      .option("--to <time>", "the opening time to stop before", parseTime)
      .option("--limit <n>", "only the last so many", parseCount)
      .addOption(
        new Option("--currency <currency>", "dollars, or the pair's base token")
          .choices(["usd", "base"])
          .default("usd"),
      )
      .addOption(
        new Option("--format <format>", "how candles are written").choices(FORMATS).default("table"),
      ),
  ).action(candles);
  return example(
    command,
    "candlewick candles --pair 8sLb..pump --interval 1m --from 2026-01-31T12:00 --format csv",
  );
}

async function candles(flags: CandlesFlags): Promise<void> {
  const { pair, interval, currency, limit } = flags;
  const stored = await withStore(findSources(flags), async (store) => {
    await requirePair(store, pair);
    return readCandles(store, { pair, interval, fromMs: flags.from, toMs: flags.to, limit });
  });
  const klines = stored.map(({ candle, assets, revision }) => klineOf(candle, assets, revision));
  const priced = klines.flatMap((kline) => {
    const prices = kline[currency];
    return prices === null ? [] : [{ kline, prices }];
  });
  await writeRows(priced, columns(currency), flags.format);
  const unpriced = klines.length - priced.length;
  if (unpriced > 0 && currency === "usd") {
    note(`candlewick: ${unpriced} candles have no known price in dollars; --currency base shows them`);
  } else if (klines.length === 0) note(`candlewick: no candles of ${interval} are stored in that range`);
}

function columns(currency: Currency): Column<PricedKline>[] {
  const price = (name: keyof KlinePrices): Column<PricedKline> => ({
    name,
    align: "right",
    value: ({ prices }) => prices[name],
    text: ({ prices }) => shortPrice(prices[name]),
  });
  const inCurrency: Column<PricedKline> = {
    name: `${currency}_volume`,
    align: "right",
    value: ({ kline }) => (currency === "usd" ? kline.usd_volume : kline.base_volume),
  };
  return [
    {
      name: "open_time",
      value: ({ kline }) => kline.open_time,
      text: ({ kline }) => new Date(kline.open_time).toISOString().replace(".000Z", "Z"),
    },
    ...(["open", "high", "low", "close"] as const).map(price),
    { name: "volume", align: "right", value: ({ kline }) => kline.token_volume },
    inCurrency,
    { name: "trades", align: "right", value: ({ kline }) => kline.trades },
  ];
}
