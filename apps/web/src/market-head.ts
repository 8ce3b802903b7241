import { byId, element, notice, setText } from "./element.ts";
import { locale, text } from "./language.ts";
import { dollarText, fdvTitle, marketCapTitle } from "./market-value.ts";
import { amountText, plainText, priceText, shortAddress, UNKNOWN } from "./number-text.ts";
import { assetName, assetSign, pairName, tokenName, venueName } from "./pair-name.ts";
import { flash, showChange } from "./pair-row.ts";
import { dateText } from "./time-text.ts";
import type { Currency, PairView, TradeMessage } from "./wire.ts";

/** The selected pair: its name, price now, changes, volume, what its token is worth, and its pool. */
export class MarketHead {
  readonly #root = byId("market-head");
  #shown: { built: string; price: number | null; currency: Currency } | null = null;
  #price = element("span");
  #changes: HTMLElement[] = [];
  #volume = element("span");
  #cap = element("span");
  #fdv = element("span");
  #reserves = element("span");
  #pair: PairView | null = null;
  #newest: TradeMessage | null = null;

  /** Says why there is no pair to show. */
  showProblem(title: string, advice: string): void {
    this.#shown = null;
    this.#root.replaceChildren(notice(title, advice));
  }

  /** Shows a pair; null where none is chosen. */
  show(pair: PairView | null, currency: Currency): void {
    if (pair === null) {
      this.showProblem(text("noPair"), text("noPairAdvice"));
      return;
    }
    this.#pair = pair;
    const built = buildKey(pair);
    if (this.#shown?.built !== built) this.#build(pair);
    const price = currency === "usd" ? pair.price_usd : pair.price_base;
    const unit = currency === "usd" ? "$" : "";
    setText(this.#price, price === null ? priceText(null) : `${unit}${priceText(price)}`);
    this.#price.title = `${plainText(price)} ${currency === "usd" ? "USD" : assetName(pair.base)}`;
    const before = this.#shown;
    if (before?.price != null && price !== null && before.currency === currency && price !== before.price) {
      flash(this.#price, price > before.price ? "up" : "down");
    }
    this.#shown = { built, price, currency };
    const changes = [pair.change_5m, pair.change_1h, pair.change_24h];
    for (const [at, cell] of this.#changes.entries()) showChange(cell, changes[at] ?? null);
    setText(this.#volume, dollarText(Number(pair.volume_24h_usd)));
    setText(this.#cap, dollarText(pair.market_cap_usd));
    this.#cap.title = marketCapTitle(pair);
    setText(this.#fdv, dollarText(pair.fdv_usd));
    this.#fdv.title = fdvTitle(pair);
    this.#showReserves();
    document.title = `${price === null ? "" : `${unit}${priceText(price)} · `}${pairName(pair)} · Candlewick`;
  }

  /** The words are in another language now: what is shown next is built anew. */
  translate(): void {
    this.#shown = null;
  }

  /** Shows what the pool holds after its newest trade; null where there is none. */
  showReserves(newest: TradeMessage | null): void {
    this.#newest = newest;
    this.#showReserves();
  }

  #showReserves(): void {
    const { current_base_token_in_pool_amount: base = null, current_token_in_pool_amount: token = null } =
      this.#newest ?? {};
    if (this.#pair === null || base === null || token === null) {
      setText(this.#reserves, UNKNOWN);
      this.#reserves.title = text("noReserves");
      return;
    }
    const [baseName, name] = [assetName(this.#pair.base), assetName(this.#pair.token)];
    setText(this.#reserves, `${amountText(base, locale())} ${baseName}`);
    const held = { base: `${plainText(base)} ${baseName}`, token: `${plainText(token)} ${name}` };
    this.#reserves.title = text("reservesTitle", held);
  }

  #build(pair: PairView): void {
    this.#price = element("span", { class: "big-price", id: "last-price" });
    this.#changes = [0, 1, 2].map(() => element("dd", { class: "change" }));
    this.#volume = element("dd");
    this.#cap = element("dd", { id: "market-cap" });
    this.#fdv = element("dd", { id: "fdv" });
    this.#reserves = element("dd", { id: "reserves" });
    const facts = element("dl", { class: "facts" });
    for (const [label, value] of [
      ...["5m", "1h", "24h"].map((span, at) => [span, this.#changes[at] ?? element("dd")] as const),
      [text("volume24h"), this.#volume] as const,
      [text("marketCap"), this.#cap] as const,
      [text("fdv"), this.#fdv] as const,
      [text("reserves"), this.#reserves] as const,
      [text("created"), createdFact(pair)] as const,
    ]) {
      facts.append(element("div", {}, element("dt", {}, label), value));
    }
    this.#root.replaceChildren(identity(pair), this.#price, facts);
  }
}

/** What a head is built from once; all else moves. */
function buildKey(pair: PairView): string {
  return [pair.pair_addr, pairName(pair), tokenName(pair), pair.created_time].join(" ");
}

function identity(pair: PairView): HTMLElement {
  const name = tokenName(pair);
  return element(
    "div",
    { class: "identity" },
    assetSign(pair.token),
    element(
      "div",
      { class: "two" },
      element("h1", { id: "chart-title", tabindex: "-1" }, pairName(pair)),
      element(
        "span",
        { class: "muted small" },
        name === "" ? "" : `${name} · `,
        `${venueName(pair.venue)} · `,
        copyButton(pair.pair_addr),
      ),
    ),
  );
}

function createdFact({ created_time }: PairView): HTMLElement {
  if (created_time === null) return element("dd", { id: "created", title: text("notCreated") }, UNKNOWN);
  const title = text("createdTitle", { date: dateText(created_time) });
  return element("dd", { id: "created", title }, dateText(created_time).slice(5, 16));
}

function copyButton(address: string): HTMLElement {
  const button = element(
    "button",
    { type: "button", class: "address", title: `${text("copy")}: ${address}` },
    shortAddress(address),
  );
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(address).then(
      () => {
        button.textContent = text("copied");
        setTimeout(() => {
          button.textContent = shortAddress(address);
        }, 1200);
      },
      // Without the right to the clipboard the whole address is shown, to be selected by hand.
      () => {
        button.textContent = address;
      },
    );
  });
  return button;
}
