import { byId, element, notice, setText } from "./element.ts";
import { locale, text } from "./language.ts";
import { amountText, plainText, priceText, shortAddress } from "./number-text.ts";
import { assetName, assetSign, pairName, venueName } from "./pair-name.ts";
import { flash, showChange } from "./pair-row.ts";
import type { Currency, PairView } from "./wire.ts";

/** The selected pair: its name, price now, changes and volume. */
export class MarketHead {
  readonly #root = byId("market-head");
  #shown: { pair: string; price: number | null; currency: Currency } | null = null;
  #price = element("span");
  #changes: HTMLElement[] = [];
  #volume = element("span");

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
    if (this.#shown?.pair !== pair.pair_addr) this.#build(pair);
    const price = currency === "usd" ? pair.price_usd : pair.price_base;
    const unit = currency === "usd" ? "$" : "";
    setText(this.#price, price === null ? priceText(null) : `${unit}${priceText(price)}`);
    this.#price.title = `${plainText(price)} ${currency === "usd" ? "USD" : assetName(pair.base)}`;
    const before = this.#shown;
    if (before?.price != null && price !== null && before.currency === currency && price !== before.price) {
      flash(this.#price, price > before.price ? "up" : "down");
    }
    this.#shown = { pair: pair.pair_addr, price, currency };
    const changes = [pair.change_5m, pair.change_1h, pair.change_24h];
    for (const [at, cell] of this.#changes.entries()) showChange(cell, changes[at] ?? null);
    setText(this.#volume, `$${amountText(Number(pair.volume_24h_usd), locale())}`);
    document.title = `${price === null ? "" : `${unit}${priceText(price)} · `}${pairName(pair)} · Candlewick`;
  }

  /** The words are in another language now: what is shown next is built anew. */
  translate(): void {
    this.#shown = null;
  }

  #build(pair: PairView): void {
    this.#price = element("span", { class: "big-price", id: "last-price" });
    this.#changes = [0, 1, 2].map(() => element("dd", { class: "change" }));
    this.#volume = element("dd");
    const facts = element("dl", { class: "facts" });
    for (const [at, label] of ["5m", "1h", "24h"].entries()) {
      facts.append(element("div", {}, element("dt", {}, label), this.#changes[at] ?? ""));
    }
    facts.append(element("div", {}, element("dt", {}, text("volume24h")), this.#volume));
    this.#root.replaceChildren(
      element(
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
            `${venueName(pair.venue)} · `,
            copyButton(pair.pair_addr),
          ),
        ),
      ),
      this.#price,
      facts,
    );
  }
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
