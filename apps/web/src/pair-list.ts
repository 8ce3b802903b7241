import { byId, element, notice } from "./element.ts";
import { type TextKey, text } from "./language.ts";
import { atPrice } from "./market-value.ts";
import { PairRow } from "./pair-row.ts";
import type { Currency, IntervalName, PairView, PriceChange } from "./wire.ts";

type SortKey = "volume" | "market_cap_usd" | "change_5m" | "change_1h" | "change_24h";

/** What the list is at the moment. */
export type PairListState =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly message: string; readonly advice: string }
  | { readonly kind: "loaded"; readonly searched: boolean };

export interface PairListOptions {
  onSearch(search: string): void;
  onRetry(): void;
}

/** The list of pairs: its search, its order, and a row for each pair. */
export class PairList {
  readonly #options: PairListOptions;
  readonly #list = byId("pair-list");
  readonly #columns = byId("pair-columns");
  readonly #search = byId("search") as HTMLInputElement;
  readonly #rows = new Map<string, PairRow>();
  #pairs: PairView[] = [];
  #state: PairListState = { kind: "loading" };
  #sort: SortKey = "volume";
  #descending = true;
  #view: { currency: Currency; interval: IntervalName; selected: string | null } = {
    currency: "usd",
    interval: "1m",
    selected: null,
  };

  constructor(options: PairListOptions) {
    this.#options = options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => options.onSearch(this.#search.value.trim()), 150);
    });
    this.#search.addEventListener("keydown", (event) => this.#searchKey(event));
    this.#list.addEventListener("keydown", (event) => this.#listKey(event));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      this.#search.focus();
    });
  }

  get pairs(): readonly PairView[] {
    return this.#pairs;
  }

  find(address: string): PairView | undefined {
    return this.#pairs.find((pair) => pair.pair_addr === address);
  }

  setState(state: PairListState): void {
    this.#state = state;
    this.render();
  }

  setPairs(pairs: readonly PairView[], searched: boolean): void {
    this.#pairs = [...pairs];
    this.#state = { kind: "loaded", searched };
    this.render();
  }

  /** Takes new prices of pairs in the list; the order stays, so that nothing jumps below the pointer. */
  setPrices(changes: ReadonlyMap<string, PriceChange>): void {
    this.#pairs = this.#pairs.map((pair) => {
      const change = changes.get(pair.pair_addr);
      if (change === undefined) return pair;
      const next = atPrice(pair, change);
      this.#showRow(next);
      return next;
    });
  }

  setView(view: { currency: Currency; interval: IntervalName; selected: string | null }): void {
    this.#view = view;
    for (const pair of this.#pairs) this.#showRow(pair);
  }

  /** Draws the whole list anew. */
  render(): void {
    this.#renderColumns();
    const state = this.#state;
    if (state.kind === "loading") this.#list.replaceChildren(...skeleton());
    else if (state.kind === "failed") {
      const retry = { label: text("retry"), run: () => this.#options.onRetry() };
      this.#list.replaceChildren(notice(text("failed"), `${state.message} ${state.advice}`, retry));
    } else if (this.#pairs.length === 0) {
      this.#list.replaceChildren(
        state.searched
          ? notice(text("noMatch"), text("noMatchAdvice"))
          : notice(text("noPairs"), text("noPairsAdvice")),
      );
    } else this.#renderRows();
  }

  #renderRows(): void {
    const focused = document.activeElement;
    const shown = new Set(this.#pairs.map(({ pair_addr }) => pair_addr));
    for (const address of this.#rows.keys()) if (!shown.has(address)) this.#rows.delete(address);
    const roots = this.#sorted().map((pair) => {
      const row = this.#rows.get(pair.pair_addr) ?? new PairRow(pair);
      this.#rows.set(pair.pair_addr, row);
      this.#showRow(pair);
      return row.root;
    });
    this.#list.replaceChildren(...roots);
    if (focused instanceof HTMLAnchorElement && this.#list.contains(focused)) focused.focus();
  }

  #showRow(pair: PairView): void {
    const { selected, currency, interval } = this.#view;
    this.#rows.get(pair.pair_addr)?.show(pair, { currency, interval, selected: pair.pair_addr === selected });
  }

  #sorted(): PairView[] {
    const key = this.#sort;
    const direction = this.#descending ? -1 : 1;
    const value = (pair: PairView) => (key === "volume" ? Number(pair.volume_24h_usd) : pair[key]);
    return this.#pairs.toSorted((a, b) => {
      const [left, right] = [value(a), value(b)];
      // What is not known comes last in either direction.
      if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
      return (left - right) * direction;
    });
  }

  #renderColumns(): void {
    const heading = (label: string, key: SortKey | null, name: TextKey | null) => {
      if (key === null) return element("span", {}, label);
      const active = this.#sort === key;
      const arrow = active ? (this.#descending ? " ↓" : " ↑") : "";
      const title = `${text("sortBy")} ${name === null ? label : text(name)}`;
      const button = element(
        "button",
        { type: "button", class: "heading", title, "aria-label": title, "aria-pressed": String(active) },
        label + arrow,
      );
      button.addEventListener("click", () => {
        this.#descending = active ? !this.#descending : true;
        this.#sort = key;
        this.render();
      });
      return button;
    };
    this.#columns.replaceChildren(
      heading(text("pair"), null, null),
      heading(text("volume24h"), "volume", "volume24h"),
      heading(text("marketCapShort"), "market_cap_usd", "marketCap"),
      heading("5m", "change_5m", null),
      heading("1h", "change_1h", null),
      heading("24h", "change_24h", null),
    );
  }

  #searchKey(event: KeyboardEvent): void {
    const first = this.#list.querySelector("a");
    if (event.key === "ArrowDown" && first !== null) {
      event.preventDefault();
      first.focus();
    } else if (event.key === "Enter") first?.click();
    else if (event.key === "Escape") {
      this.#search.value = "";
      this.#options.onSearch("");
      this.#search.blur();
    }
  }

  #listKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const { activeElement } = document;
    const next =
      event.key === "ArrowDown" ? activeElement?.nextElementSibling : activeElement?.previousElementSibling;
    if (!(activeElement instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    if (next instanceof HTMLAnchorElement) next.focus();
    else if (event.key === "ArrowUp") this.#search.focus();
  }
}

function skeleton(): HTMLElement[] {
  return Array.from({ length: 12 }, () => element("div", { class: "pair-row ghost", "aria-hidden": "true" }));
}
