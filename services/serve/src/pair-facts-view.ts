import {
  type Asset,
  formatDecimal,
  knownSymbol,
  type PairFacts,
  parseDecimal,
  rawAmount,
  valueAtPrice,
} from "@candlewick/domain";
import type { AssetView, PairFactsView, PairView } from "./ports.ts";

/** A token with its symbol: the one that is known by its address, else what its maker claims. */
export function assetView({ mint, decimals }: Asset, claimed: string | null | undefined): AssetView {
  return { mint, symbol: knownSymbol(mint) ?? honestClaim(claimed ?? null), decimals };
}

/** What is known of a pair beside its trades, and what all of its token is worth at a price in dollars. */
export function pairFactsView(
  token: Asset,
  facts: PairFacts | undefined,
  priceUsd: number | null,
): PairFactsView {
  const supply = facts?.tokenSupply ?? null;
  const value = valueAtPrice(priceUsd, supply, token.decimals);
  return {
    token_name: facts?.tokenName ?? null,
    token_supply: supply === null ? null : formatDecimal(supply, token.decimals),
    created_slot: facts?.createdSlot ?? null,
    created_time: facts?.createdTime ?? null,
    fdv_usd: value,
    market_cap_usd: value,
  };
}

/** The same pair at another price. */
export function atPrice(pair: PairView, priceUsd: number | null): PairView {
  const { decimals } = pair.token;
  const supply = pair.token_supply === null ? null : rawAmount(parseDecimal(pair.token_supply, decimals));
  const value = valueAtPrice(priceUsd, supply, decimals);
  return { ...pair, price_usd: priceUsd, fdv_usd: value, market_cap_usd: value };
}

/** The name of a currency that another mint claims is a lie, and no symbol. */
function honestClaim(symbol: string | null): string | null {
  return symbol !== null && CURRENCIES.has(symbol.normalize("NFKC").trim().toUpperCase()) ? null : symbol;
}

const CURRENCIES: ReadonlySet<string> = new Set(["SOL", "WSOL", "USDC", "USDT"]);
