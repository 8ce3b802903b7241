import { formatDecimal, knownSymbol } from "@candlewick/domain";
import type { PairSummary } from "@candlewick/store";
import { Command, Option } from "commander";
import { note } from "../output.ts";
import { addStoreFlags, findSources, type SourceFlags, withStore } from "../sources.ts";
import { type Column, FORMATS, type Format, shortPrice, writeRows } from "../table.ts";
import { example, parseCount } from "../usage.ts";

interface PairsFlags extends SourceFlags {
  readonly search?: string;
  readonly sort: "volume" | "last-trade";
  readonly limit: number;
  readonly format: Format;
}

const COLUMNS: readonly Column<PairSummary>[] = [
  { name: "pair_addr", value: (pair) => pair.address },
  { name: "venue", value: (pair) => pair.venue },
  {
    name: "base_mint",
    value: ({ base }) => base.mint,
    text: ({ base }) => knownSymbol(base.mint) ?? base.mint,
  },
  {
    name: "token_mint",
    value: ({ token }) => token.mint,
    text: ({ token }) => knownSymbol(token.mint) ?? token.mint,
  },
  { name: "base_decimals", value: ({ base }) => base.decimals, inTable: false },
  { name: "token_decimals", value: ({ token }) => token.decimals, inTable: false },
  {
    name: "price_usd",
    align: "right",
    value: ({ lastTrade }) => lastTrade?.priceUsd ?? null,
    text: ({ lastTrade }) => shortPrice(lastTrade?.priceUsd ?? null),
  },
  {
    name: "price_base",
    align: "right",
    value: ({ lastTrade }) => lastTrade?.priceBase ?? null,
    text: ({ lastTrade }) => shortPrice(lastTrade?.priceBase ?? null),
  },
  {
    name: "volume_24h_usd",
    align: "right",
    value: ({ usdVolume24h, base }) => formatDecimal(usdVolume24h, base.decimals + 9),
    text: ({ usdVolume24h, base }) => Number(formatDecimal(usdVolume24h, base.decimals + 9)).toFixed(2),
  },
  { name: "trades_24h", align: "right", value: (pair) => pair.trades24h },
  { name: "slot", align: "right", value: ({ lastTrade }) => lastTrade?.slot ?? null },
  { name: "block_time", value: ({ lastTrade }) => lastTrade?.time ?? null, inTable: false },
];

/** `pairs`: the stored pairs and what they did lately. */
export function pairsCommand(): Command {
  const command = addStoreFlags(
    new Command("pairs")
      .option("--search <text>", "only pairs whose address or mint starts so, or with that symbol")
      .addOption(
        new Option("--sort <order>", "what comes first").choices(["volume", "last-trade"]).default("volume"),
      )
      .option("--limit <n>", "so many at most, up to 1000", parseCount, 100)
      .addOption(new Option("--format <format>", "how pairs are written").choices(FORMATS).default("table")),
  ).action(pairs);
  return example(command, "candlewick pairs", "candlewick pairs --search USDC --format json");
}

async function pairs(flags: PairsFlags): Promise<void> {
  const { sort, search } = flags;
  const limit = Math.min(flags.limit, 1_000);
  const found = await withStore(findSources(flags), (store) =>
    store.pairs({ sort, limit, ...(search === undefined ? {} : { search }) }),
  );
  await writeRows(found, COLUMNS, flags.format);
  if (found.length === 0)
    note(`candlewick: no pairs are stored${search === undefined ? "" : ` that match ${search}`}`);
}
