import { element } from "./element.ts";
import { type TextKey, text } from "./language.ts";
import type { TradeMessage } from "./wire.ts";

/** What is remarkable of a trade: it clamps another's, it undoes itself, or one side of it is nothing. */
export type TradeMark = "sandwich" | "self-trade" | "zero";

export const TRADE_MARKS: readonly TradeMark[] = ["sandwich", "self-trade", "zero"];

/** The marks of one pair's trades; those without any are left out. */
export function tradeMarks(trades: readonly TradeMessage[]): ReadonlyMap<TradeMessage, readonly TradeMark[]> {
  const directions = new Map<string, Set<string>>();
  for (const trade of trades) {
    const key = actorOf(trade);
    const known = directions.get(key);
    if (known === undefined) directions.set(key, new Set([trade.type]));
    else known.add(trade.type);
  }
  const marks = new Map<TradeMessage, readonly TradeMark[]>();
  for (const trade of trades) {
    const own: TradeMark[] = [];
    if (trade.clamp === true) own.push("sandwich");
    // The same account trades back at the same pool in the same transaction.
    if ((directions.get(actorOf(trade))?.size ?? 0) > 1) own.push("self-trade");
    if (trade.token_amount === 0 || trade.base_token_amount === 0) own.push("zero");
    if (own.length > 0) marks.set(trade, own);
  }
  return marks;
}

function actorOf({ block_id, tx_hash, maker }: TradeMessage): string {
  return `${block_id} ${tx_hash} ${maker}`;
}

const NAMES: Readonly<Record<TradeMark, readonly [name: TextKey, title: TextKey]>> = {
  sandwich: ["sandwich", "sandwichTitle"],
  "self-trade": ["selfTrade", "selfTradeTitle"],
  zero: ["zeroTrade", "zeroTradeTitle"],
};

/** The sign of a mark, with its name for who cannot see it and its meaning for who points at it. */
export function markSign(mark: TradeMark): HTMLElement {
  const [name, title] = NAMES[mark];
  return element("span", {
    class: `mark ${mark}`,
    role: "img",
    "aria-label": text(name),
    title: `${text(name)}: ${text(title)}`,
  });
}

/** What the signs mean. */
export function markLegend(): HTMLElement[] {
  return TRADE_MARKS.map((mark) => {
    const [name, title] = NAMES[mark];
    const sign = element("span", { class: `mark ${mark}`, "aria-hidden": "true" });
    return element("li", { title: text(title) }, sign, text(name));
  });
}
