import { locale, text } from "./language.ts";
import { amountText, UNKNOWN } from "./number-text.ts";
import type { PairView, PriceChange } from "./wire.ts";

/** A pair at another price: what all of its token is worth moves with it. */
export function atPrice(pair: PairView, change: PriceChange): PairView {
  const { price_usd } = change;
  const value =
    pair.token_supply === null || price_usd === null ? null : Number(pair.token_supply) * price_usd;
  return { ...pair, ...change, fdv_usd: value, market_cap_usd: value };
}

/** An amount of dollars in few characters; a dash where it is not known. */
export function dollarText(value: number | null): string {
  return value === null ? UNKNOWN : `$${amountText(value, locale())}`;
}

/** How a pair's market capitalisation comes about, or why there is none. */
export function marketCapTitle({ token_supply, price_usd }: PairView): string {
  if (token_supply === null) return text("noSupply");
  if (price_usd === null) return text("noUsdPrice");
  return text("marketCapTitle", { supply: amountText(Number(token_supply), locale()) });
}

/** The same for the value of all that exists of the token. */
export function fdvTitle(pair: PairView): string {
  if (pair.token_supply === null || pair.price_usd === null) return marketCapTitle(pair);
  return text("fdvTitle", { supply: amountText(Number(pair.token_supply), locale()) });
}
