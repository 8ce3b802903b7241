import { type TradeWithPair, tradeWithPair } from "@candlewick/contracts";
import { formatDecimal } from "@candlewick/domain";
import type { StoredTrade } from "@candlewick/store";
import { Command, Option } from "commander";
import { note } from "../output.ts";
import { readTrades, requirePair } from "../read/pair-reads.ts";
import { addStoreFlags, findSources, type SourceFlags, withStore } from "../sources.ts";
import { type Column, FORMATS, type Format, shortPrice, writeJson, writeRows } from "../table.ts";
import { example, parseCount } from "../usage.ts";

interface TradesFlags extends SourceFlags {
  readonly pair: string;
  readonly limit: number;
  readonly format: Format;
}

/** `trades`: the stored trades of a pair. */
export function tradesCommand(): Command {
  const command = addStoreFlags(
    new Command("trades")
      .requiredOption("--pair <address>", "address of the pair")
      .option("--limit <n>", "so many at most", parseCount, 100)
      .addOption(new Option("--format <format>", "how trades are written").choices(FORMATS).default("table")),
  ).action(trades);
  return example(command, "candlewick trades --pair 8sLb..pump --limit 20");
}

async function trades(flags: TradesFlags): Promise<void> {
  const found = await withStore(findSources(flags), async (store) => {
    await requirePair(store, flags.pair);
    return readTrades(store, flags.pair, flags.limit);
  });
  if (flags.format === "json") await writeJson(found.map(({ trade }) => tradeWithPair(trade)));
  else await writeRows(found.map(viewOf), COLUMNS, flags.format);
  if (found.length === 0) note("candlewick: no trades of that pair count");
}

/** A trade as it is read and as its message says it. */
interface TradeView extends StoredTrade {
  readonly message: TradeWithPair;
}

function viewOf(stored: StoredTrade): TradeView {
  return { ...stored, message: tradeWithPair(stored.trade) };
}

const COLUMNS: readonly Column<TradeView>[] = [
  {
    name: "block_time",
    value: ({ trade }) => trade.block.time,
    text: ({ trade }) =>
      trade.block.time === null ? "-" : new Date(trade.block.time * 1000).toISOString().replace(".000Z", "Z"),
  },
  { name: "slot", align: "right", value: ({ trade }) => trade.block.slot },
  { name: "transaction_index", value: ({ trade }) => trade.position.txIndex, inTable: false },
  { name: "outer_index", value: ({ trade }) => trade.position.outer, inTable: false },
  { name: "inner_index", value: ({ trade }) => trade.position.inner, inTable: false },
  { name: "type", value: ({ trade }) => trade.side },
  {
    name: "price_usd",
    align: "right",
    value: ({ priceUsd }) => priceUsd,
    text: ({ priceUsd }) => shortPrice(priceUsd),
  },
  {
    name: "price_base",
    align: "right",
    value: ({ priceBase }) => priceBase,
    text: ({ priceBase }) => shortPrice(priceBase),
  },
  {
    name: "token_amount",
    align: "right",
    value: ({ trade }) => formatDecimal(trade.tokenAmount, trade.token.decimals),
  },
  {
    name: "base_amount",
    align: "right",
    value: ({ trade }) => formatDecimal(trade.baseAmount, trade.base.decimals),
  },
  {
    name: "total_usd",
    align: "right",
    value: ({ message }) => message.total_usd,
    text: ({ message }) => shortPrice(message.total_usd),
  },
  { name: "maker", value: ({ trade }) => trade.maker },
  { name: "tx_hash", value: ({ trade }) => trade.tx },
];
