import { byId, element, notice } from "./element.ts";
import { locale, text } from "./language.ts";
import { amountText, plainText, priceText } from "./number-text.ts";
import { assetName } from "./pair-name.ts";
import { clockText, dateText } from "./time-text.ts";
import { markLegend, markSign, type TradeMark, tradeMarks } from "./trade-mark.ts";
import { joinTrades } from "./trade-order.ts";
import type { Currency, PairView, TradeMessage } from "./wire.ts";

const MAX_ROWS = 200;

/** The trades of the selected pair, newest first, drawn once a frame however many come. */
export class TradeList {
  readonly #list = byId("trade-list");
  readonly #columns = byId("trade-columns");
  readonly #legend = byId("trade-legend");
  #trades: TradeMessage[] = [];
  #marks: ReadonlyMap<TradeMessage, readonly TradeMark[]> = new Map();
  #fresh: TradeMessage[] = [];
  #pair: PairView | null = null;
  #currency: Currency = "usd";
  #state: "loading" | "loaded" = "loading";
  #drawing = false;

  /** Empties the list for another pair. */
  reset(): void {
    this.#trades = [];
    this.#fresh = [];
    this.#state = "loading";
    this.render();
  }

  setView(pair: PairView | null, currency: Currency): void {
    const same = this.#pair?.pair_addr === pair?.pair_addr && this.#currency === currency;
    this.#pair = pair;
    this.#currency = currency;
    if (!same) this.render();
  }

  /** The newest trade, drawn or not; null where there is none. */
  get newest(): TradeMessage | null {
    return joinTrades(this.#fresh, this.#trades.slice(0, 1), 1)[0] ?? null;
  }

  snapshot(trades: readonly TradeMessage[]): void {
    this.#trades = [...trades].slice(0, MAX_ROWS);
    this.#fresh = [];
    this.#state = "loaded";
    this.render();
  }

  /** Takes new trades. */
  add(trades: readonly TradeMessage[]): void {
    this.#fresh.push(...trades);
    if (this.#fresh.length > MAX_ROWS) this.#fresh = this.#fresh.slice(-MAX_ROWS);
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#drawFresh());
  }

  /** Takes out the trades of a block that turned out not to be on the chain. */
  retract(blockId: string): void {
    this.#trades = this.#trades.filter((trade) => trade.block_id !== blockId);
    this.#fresh = this.#fresh.filter((trade) => trade.block_id !== blockId);
    this.render();
  }

  /** Draws the whole list anew; the rows of `fresh` light up. */
  render(fresh?: ReadonlySet<TradeMessage>): void {
    const unit = this.#currency === "usd" ? "USD" : this.#pair === null ? "" : assetName(this.#pair.base);
    this.#columns.replaceChildren(
      element("span", {}, text("time")),
      element("span", {}),
      element("span", {}, `${text("price")} ${unit}`),
      element("span", {}, text("amount")),
      element("span", {}, this.#pair === null ? "" : assetName(this.#pair.base)),
      element("span", {}, text("maker")),
    );
    this.#legend.replaceChildren(...markLegend());
    this.#marks = tradeMarks(this.#trades);
    if (this.#pair === null) this.#list.replaceChildren();
    else if (this.#state === "loading") {
      this.#list.replaceChildren(
        ...Array.from({ length: 12 }, () => element("div", { class: "trade-row ghost" })),
      );
    } else if (this.#trades.length === 0) {
      this.#list.replaceChildren(notice(text("noTrades"), text("noTradesAdvice")));
    } else
      this.#list.replaceChildren(
        ...this.#trades.map((trade) => this.#row(trade, fresh?.has(trade) === true)),
      );
  }

  #drawFresh(): void {
    this.#drawing = false;
    const fresh = new Set(this.#fresh);
    this.#fresh = [];
    if (fresh.size === 0) return;
    const newest = this.#trades[0];
    this.#trades = joinTrades([...fresh], this.#trades, MAX_ROWS);
    // Only where all of them come before what is there can the rows that are there stay.
    if (newest === undefined || this.#trades.indexOf(newest) !== fresh.size) {
      this.render(fresh);
      return;
    }
    this.#marks = tradeMarks(this.#trades);
    const rows = this.#trades.slice(0, fresh.size).map((trade) => this.#row(trade, true));
    // Who has scrolled down reads on undisturbed.
    const { scrollTop, scrollHeight } = this.#list;
    this.#list.prepend(...rows);
    while (this.#list.childElementCount > MAX_ROWS) this.#list.lastElementChild?.remove();
    if (scrollTop > 4) this.#list.scrollTop = scrollTop + this.#list.scrollHeight - scrollHeight;
  }

  #row(trade: TradeMessage, fresh: boolean): HTMLElement {
    const price = this.#currency === "usd" ? trade.token_price_usd : trade.token_price_base;
    const marks = this.#marks.get(trade) ?? [];
    const usd = trade.total_usd === null ? "" : ` · $${amountText(trade.total_usd, locale())}`;
    return element(
      "div",
      {
        class: `trade-row ${trade.type}${fresh ? " new" : ""}${marks.length > 0 ? " marked" : ""}`,
        title: `${dateText(trade.block_time)} · slot ${trade.slot}${usd}`,
      },
      element("span", { class: "muted" }, clockText(trade.block_time)),
      element("span", { class: "marks" }, ...marks.map(markSign)),
      element(
        "span",
        { class: "price", title: plainText(price) },
        element("span", { class: "visually-hidden" }, text(trade.type)),
        priceText(price),
      ),
      element("span", { title: String(trade.token_amount) }, amountText(trade.token_amount, locale())),
      element(
        "span",
        { title: String(trade.base_token_amount) },
        amountText(trade.base_token_amount, locale()),
      ),
      element("span", { class: "address", title: trade.maker }, trade.maker.slice(0, 4)),
    );
  }
}
