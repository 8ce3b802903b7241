import { byId, element, setText } from "./element.ts";
import type { ConnectionState } from "./feed.ts";
import { type TextKey, text } from "./language.ts";
import { countText, rateText, UNKNOWN } from "./number-text.ts";
import { ageText, dateText } from "./time-text.ts";
import type { ServeStatus } from "./wire.ts";

const FACTS: readonly (readonly [TextKey, TextKey | null])[] = [
  ["slot", "slotTitle"],
  ["blockAge", "blockAgeTitle"],
  ["lag", "lagTitle"],
  ["tradesPerSecond", "tradesPerSecondTitle"],
  ["blocksPerSecond", "tradesPerSecondTitle"],
];
const BEHIND_SECONDS = 10;

/** How the whole system is doing, in one line. */
export class StatusStrip {
  readonly #root = byId("status");
  readonly #connection = byId("connection");
  #values: HTMLElement[] = [];
  #status: ServeStatus | null = null;
  #state: ConnectionState = "connecting";
  /** The server's clock minus this machine's, so that a wrong clock here does not make blocks look old. */
  #clockOffsetMs = 0;

  constructor() {
    this.translate();
    setInterval(() => this.#show(), 500);
  }

  setStatus(status: ServeStatus): void {
    this.#status = status;
    this.#clockOffsetMs = status.time - Date.now();
    this.#show();
  }

  setConnection(state: ConnectionState): void {
    this.#state = state;
    this.#showConnection();
  }

  /** Writes the words in the language of the page. */
  translate(): void {
    this.#values = FACTS.map(() => element("dd", {}, UNKNOWN));
    this.#root.replaceChildren(
      ...FACTS.map(([label, title], at) =>
        element(
          "div",
          { class: `fact ${label}`, title: title === null ? undefined : text(title) },
          element("dt", {}, text(label)),
          this.#values[at] ?? "",
        ),
      ),
    );
    this.#show();
    this.#showConnection();
  }

  #show(): void {
    const status = this.#status;
    if (status === null) return;
    const { head, dataflow, rates } = status;
    const ageMs = head?.block_time == null ? null : Date.now() + this.#clockOffsetMs - head.block_time * 1000;
    const texts = [
      head === null ? UNKNOWN : countText(head.slot),
      ageText(ageMs),
      lagText(dataflow),
      rateText(rates.trades_per_second),
      rateText(rates.blocks_per_second),
    ];
    for (const [at, cell] of this.#values.entries()) setText(cell, texts[at] ?? UNKNOWN);
    const [slot, age, lag] = this.#values;
    if (slot !== undefined) slot.title = dateText(head?.block_time ?? null);
    age?.classList.toggle("warn", ageMs !== null && ageMs > BEHIND_SECONDS * 1000);
    lag?.classList.toggle("warn", (dataflow.lag_seconds ?? 0) > BEHIND_SECONDS);
  }

  #showConnection(): void {
    this.#connection.dataset.state = this.#state;
    setText(this.#connection, text(this.#state));
  }
}

function lagText({ lag_records, lag_seconds }: ServeStatus["dataflow"]): string {
  if (lag_records === null) return UNKNOWN;
  if (lag_records === 0 || lag_seconds === null) return countText(lag_records);
  return `${countText(lag_records)} · ${Math.round(lag_seconds)} s`;
}
