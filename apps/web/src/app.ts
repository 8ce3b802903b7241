import { ApiError, fetchPair, fetchPairs } from "./api.ts";
import { byId } from "./element.ts";
import { type ConnectionState, Feed } from "./feed.ts";
import { applyTexts, language, remember, remembered, setLanguage, text } from "./language.ts";
import { MarketHead } from "./market-head.ts";
import { atPrice } from "./market-value.ts";
import { MarketView } from "./market-view.ts";
import { PairList } from "./pair-list.ts";
import { assetName, isCurrency } from "./pair-name.ts";
import { parseRoute, type Route, routeHash } from "./route.ts";
import { Segments } from "./segments.ts";
import { StatusStrip } from "./status-strip.ts";
import { TradeList } from "./trade-list.ts";
import {
  type Currency,
  INTERVALS,
  type IntervalName,
  type PairView,
  type PriceChange,
  type ServerMessage,
} from "./wire.ts";

const MAX_PAIRS = 200;
const REFRESH_MS = 30_000;
const CURRENCY_KEY = "candlewick-currency";

/** The page: what is selected, and who is told what the server sends. */
export class App {
  readonly #feed: Feed;
  readonly #market: MarketView;
  readonly #head = new MarketHead();
  readonly #trades = new TradeList();
  readonly #strip = new StatusStrip();
  readonly #pairs: PairList;
  readonly #intervals: Segments<IntervalName>;
  readonly #currencies: Segments<Currency>;
  #route: Route = parseRoute(location.hash);
  #currency: Currency = remembered(CURRENCY_KEY) === "base" ? "base" : "usd";
  #selected: PairView | null = null;
  /** Why the pair of the route could not be loaded. */
  #problem: ApiError | null = null;
  #search = "";
  #request: AbortController | null = null;
  #loaded = false;
  #connected = false;

  constructor() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#feed = new Feed(`${scheme}://${location.host}/ws`, {
      onMessage: (message) => this.#message(message),
      onState: (state) => this.#connection(state),
    });
    this.#market = new MarketView(this.#feed);
    this.#pairs = new PairList({
      onSearch: (search) => {
        this.#search = search;
        this.#loadPairs();
      },
      onRetry: () => this.#loadPairs(),
    });
    this.#intervals = new Segments(byId("intervals"), (interval) => this.#go(this.#route.pair, interval));
    this.#currencies = new Segments(byId("currencies"), (currency) => this.#setCurrency(currency));
  }

  start(): void {
    applyTexts(document);
    this.#languageButton();
    this.#tabs();
    this.#pairs.render();
    this.#feed.subscribe({ channel: "status" });
    this.#feed.subscribe({ channel: "prices" });
    window.addEventListener("hashchange", () => this.#follow(parseRoute(location.hash)));
    this.#select();
    this.#loadPairs();
    setInterval(() => {
      if (document.visibilityState === "visible") this.#loadPairs();
    }, REFRESH_MS);
    this.#feed.start();
  }

  #go(pair: string | null, interval: IntervalName): void {
    if (pair !== null) location.hash = routeHash(pair, interval);
    else this.#follow({ pair, interval });
  }

  #follow(route: Route): void {
    const { pair, interval } = this.#route;
    if (route.pair === pair && route.interval === interval) return;
    const samePair = route.pair === pair;
    if (!samePair && pair !== null) this.#feed.unsubscribe({ channel: "trades", pair });
    this.#route = route;
    this.#select(samePair);
  }

  /** Shows what the route and the currency say; `samePair`: only the series changed. */
  #select(samePair = false): void {
    const { pair, interval } = this.#route;
    if (!samePair) {
      this.#selected = pair === null ? null : (this.#pairs.find(pair) ?? null);
      this.#problem = null;
      this.#trades.reset();
      this.#head.showReserves(null);
      if (pair !== null) {
        this.#feed.subscribe({ channel: "trades", pair });
        if (this.#selected === null) this.#loadPair(pair);
      }
    }
    this.#market.setPair(this.#selected);
    this.#market.select(pair === null ? null : { pair, interval, currency: this.#currency });
    this.#showSelected();
  }

  #showSelected(): void {
    const { pair, interval } = this.#route;
    this.#market.setPair(this.#selected);
    if (this.#problem === null) this.#head.show(this.#selected, this.#currency);
    else if (this.#problem.status === 404) {
      this.#head.showProblem(text("unknownPair"), text("unknownPairAdvice"));
    } else this.#head.showProblem(this.#problem.message, this.#problem.advice);
    this.#trades.setView(this.#selected, this.#currency);
    this.#pairs.setView({ currency: this.#currency, interval, selected: pair });
    const base = this.#selected === null ? "SOL" : assetName(this.#selected.base);
    this.#intervals.show(
      INTERVALS.map((name) => ({ name, label: name })),
      interval,
    );
    this.#currencies.show(
      [
        { name: "usd", label: "USD" },
        { name: "base", label: base },
      ],
      this.#currency,
    );
  }

  #setCurrency(currency: Currency): void {
    if (currency === this.#currency) return;
    this.#currency = currency;
    remember(CURRENCY_KEY, currency);
    this.#select(true);
  }

  #loadPairs(): void {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const search = this.#search;
    fetchPairs(search, MAX_PAIRS, request.signal).then(
      (pairs) => {
        this.#loaded = true;
        this.#pairs.setPairs(pairs, search !== "");
        this.#pairsLoaded(pairs);
      },
      (error: unknown) => {
        if (request.signal.aborted) return;
        // A list that is there stays while the server is away; the connection sign tells of it.
        if (this.#loaded && search === "") return;
        const message = error instanceof ApiError ? error.message : text("offline");
        this.#pairs.setState({
          kind: "failed",
          message,
          advice: error instanceof ApiError ? error.advice : "",
        });
      },
    );
  }

  #pairsLoaded(pairs: readonly PairView[]): void {
    // A pair of two currencies hardly moves: the first look is at one that trades a token.
    const first = pairs.find((pair) => !isCurrency(pair.token)) ?? pairs[0];
    if (this.#route.pair === null && this.#search === "" && first !== undefined) {
      const { interval } = this.#route;
      history.replaceState(null, "", routeHash(first.pair_addr, interval));
      this.#follow({ pair: first.pair_addr, interval });
      return;
    }
    const selected = pairs.find((pair) => pair.pair_addr === this.#route.pair);
    if (selected !== undefined) {
      this.#selected = selected;
      this.#problem = null;
    }
    this.#showSelected();
  }

  #loadPair(address: string): void {
    fetchPair(address, AbortSignal.timeout(10_000)).then(
      (pair) => {
        if (this.#route.pair !== address) return;
        this.#selected = pair;
        this.#problem = null;
        this.#showSelected();
      },
      (error: unknown) => {
        if (this.#route.pair !== address || this.#selected !== null) return;
        this.#problem = error instanceof ApiError ? error : new ApiError(0, text("offline"), "");
        this.#showSelected();
      },
    );
  }

  #message(message: ServerMessage): void {
    if (message.op === "error") {
      if (message.channel === "candles") this.#market.failed(message.message, message.advice);
      return;
    }
    if (message.op === "subscribed" || message.op === "unsubscribed" || message.op === "pong") return;
    switch (message.channel) {
      case "candles":
        if (message.op === "snapshot") {
          this.#market.snapshot(message.pair, message.interval, message.candles);
        } else this.#market.update(message.pair, message.interval, message.candle);
        return;
      case "trades":
        if (message.pair !== this.#route.pair) return;
        if (message.op === "snapshot") this.#trades.snapshot(message.trades);
        else if (message.op === "update") this.#trades.add(message.trades);
        else this.#trades.retract(message.block_id);
        this.#head.showReserves(this.#trades.newest);
        return;
      case "prices":
        this.#prices(message.prices);
        return;
      case "status":
        this.#strip.setStatus(message.status);
        return;
    }
  }

  #prices(prices: readonly PriceChange[]): void {
    const byPair = new Map(prices.map((price) => [price.pair_addr, price]));
    this.#pairs.setPrices(byPair);
    const change = this.#selected === null ? undefined : byPair.get(this.#selected.pair_addr);
    if (this.#selected !== null && change !== undefined) {
      this.#selected = atPrice(this.#selected, change);
      this.#head.show(this.#selected, this.#currency);
    }
    // A pair that was not known has its first trade.
    if (this.#problem !== null && this.#route.pair !== null && byPair.has(this.#route.pair)) {
      this.#loadPair(this.#route.pair);
    }
    // The first pairs of a fresh system appear at once.
    if (this.#loaded && this.#search === "" && this.#pairs.pairs.length === 0) {
      this.#loaded = false;
      this.#loadPairs();
    }
  }

  #connection(state: ConnectionState): void {
    this.#strip.setConnection(state);
    if (state !== "live") return;
    // What was missed meanwhile, and what could not be loaded.
    if (this.#connected) this.#loadPairs();
    this.#connected = true;
    if (this.#problem !== null && this.#route.pair !== null) this.#loadPair(this.#route.pair);
  }

  #languageButton(): void {
    const button = byId("language");
    const label = () => {
      button.textContent = text("language");
      button.title = text("languageTitle");
    };
    label();
    button.addEventListener("click", () => {
      setLanguage(language() === "en" ? "zh" : "en");
      applyTexts(document);
      label();
      this.#strip.translate();
      this.#pairs.render();
      this.#trades.render();
      this.#market.translate();
      this.#head.translate();
      this.#showSelected();
    });
  }

  /** On a narrow screen one of the two lists is shown at a time. */
  #tabs(): void {
    const layout = document.querySelector<HTMLElement>(".layout");
    const buttons = [...document.querySelectorAll<HTMLElement>(".tabs button")];
    const show = (tab: string) => {
      if (layout !== null) layout.dataset.tab = tab;
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.tab === tab));
    };
    for (const button of buttons) {
      button.addEventListener("click", () => show(button.dataset.tab ?? "trades"));
    }
    show("trades");
    window.addEventListener("hashchange", () => show("trades"));
  }
}
