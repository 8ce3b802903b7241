import { element, setText } from "./element.ts";
import { locale, text } from "./language.ts";
import { marketCapTitle } from "./market-value.ts";
import { amountText, percentText, plainText, priceText, roughText, UNKNOWN } from "./number-text.ts";
import { assetName, assetSign, pairName, tokenName, venueName } from "./pair-name.ts";
import { routeHash } from "./route.ts";
import type { Currency, IntervalName, PairView } from "./wire.ts";

/** One line of the list of pairs; a link, so that it works with keyboard, middle click and history. */
export class PairRow {
  readonly root: HTMLAnchorElement;
  readonly #price = element("span", { class: "price" });
  readonly #volume = element("span", { class: "muted" });
  readonly #cap = element("span", { class: "cap" });
  readonly #token = element("b");
  readonly #base = element("span", { class: "muted" });
  readonly #changes = [0, 1, 2].map(() => element("span", { class: "change" }));
  #shownPrice: number | null = null;

  constructor(pair: PairView) {
    const name = element("span", { class: "pair-name" }, this.#token, this.#base);
    this.root = element(
      "a",
      { class: "pair-row" },
      element(
        "span",
        { class: "pair-cell" },
        assetSign(pair.token),
        element(
          "span",
          { class: "two" },
          name,
          element("span", { class: "muted small" }, venueName(pair.venue)),
        ),
      ),
      element("span", { class: "two right" }, this.#price, this.#volume),
      this.#cap,
      ...this.#changes,
    );
    this.#volume.classList.add("small");
  }

  /** Shows the values of a pair as they are now; a price that moved lights up shortly. */
  show(pair: PairView, view: { currency: Currency; interval: IntervalName; selected: boolean }): void {
    this.root.href = routeHash(pair.pair_addr, view.interval);
    // Names are looked up after the first trade has come.
    const name = tokenName(pair);
    this.root.title = name === "" ? pair.token.mint : `${name} · ${pair.token.mint}`;
    setText(this.#token, assetName(pair.token));
    setText(this.#base, `/${assetName(pair.base)}`);
    const cap = pair.market_cap_usd;
    setText(this.#cap, cap === null ? UNKNOWN : `$${roughText(cap, locale())}`);
    this.#cap.title = `${text("marketCap")}: ${marketCapTitle(pair)}`;
    if (view.selected) this.root.setAttribute("aria-current", "true");
    else this.root.removeAttribute("aria-current");
    const price = view.currency === "usd" ? pair.price_usd : pair.price_base;
    setText(this.#price, priceText(price));
    this.#price.title = plainText(price);
    setText(this.#volume, `$${amountText(Number(pair.volume_24h_usd), locale())}`);
    this.#volume.title = text("volume24h");
    const changes = [pair.change_5m, pair.change_1h, pair.change_24h];
    for (const [at, cell] of this.#changes.entries()) showChange(cell, changes[at] ?? null);
    this.root.setAttribute("aria-label", `${pairName(pair)}, ${venueName(pair.venue)}, ${plainText(price)}`);
    if (this.#shownPrice !== null && price !== null && price !== this.#shownPrice) {
      flash(this.#price, price > this.#shownPrice ? "up" : "down");
    }
    this.#shownPrice = price;
  }
}

/** Writes a relative change in its colour. */
export function showChange(cell: HTMLElement, change: number | null): void {
  setText(cell, percentText(change));
  cell.classList.toggle("up", change !== null && change > 0);
  cell.classList.toggle("down", change !== null && change < 0);
}

/** Lights an element up shortly in the colour of a move. */
export function flash(target: HTMLElement, direction: "up" | "down"): void {
  const colour = getComputedStyle(target).getPropertyValue(direction === "up" ? "--up-soft" : "--down-soft");
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  target.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], {
    duration: 700,
    easing: "ease-out",
  });
}
