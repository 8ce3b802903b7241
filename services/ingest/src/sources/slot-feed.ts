import type { Clock, Logger } from "@candlewick/runtime";

export interface SlotFeedOptions {
  /** Where `slotSubscribe` may be had, in the order to try. */
  readonly wsUrls: readonly string[];
  /** Asks the node for its head slot at our commitment; does not give up by itself. */
  readonly headSlot: (signal: AbortSignal) => Promise<number>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two questions for the head while nothing is heard from the subscription. */
  readonly pollMs: number;
  /** The same while it lives: it may be silent without being closed. */
  readonly idlePollMs: number;
  /** A subscription from which nothing came for so long is opened anew. */
  readonly watchdogMs: number;
}

/**
 * Tells when the chain has grown. A WebSocket subscription is only the alarm clock: what counts is the
 * node's answer to `getSlot`, which is also asked at intervals, so that a subscription that is refused,
 * lost or silent costs latency and nothing else.
 */
export class SlotFeed {
  readonly #options: SlotFeedOptions;
  readonly #closing = new AbortController();
  #wake = Promise.withResolvers<void>();
  #alive = false;
  #opened = false;
  #head: number | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: SlotFeedOptions) {
    this.#options = options;
  }

  /** The highest head seen. */
  get head(): number | null {
    return this.#head;
  }

  /** Waits until the head is above `after` and resolves to it. */
  async headAfter(after: number, signal: AbortSignal): Promise<number> {
    if (!this.#opened) {
      this.#opened = true;
      this.#loop = this.#subscribe();
    }
    for (;;) {
      const wake = this.#wake.promise;
      const head = await this.#options.headSlot(signal);
      this.#head = Math.max(head, this.#head ?? 0);
      if (head > after) return head;
      await this.#wait(wake, signal);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("the slot feed is closed"));
    await this.#loop;
  }

  async #wait(wake: Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, pollMs, idlePollMs } = this.#options;
    const over = new AbortController();
    const timer = clock.delay(this.#alive ? idlePollMs : pollMs, AbortSignal.any([signal, over.signal]));
    try {
      await Promise.race([wake, timer]);
    } finally {
      over.abort();
      // Where the alarm came first the timer's rejection is our own doing.
      timer.catch(() => {});
    }
    signal.throwIfAborted();
  }

  async #subscribe(): Promise<void> {
    const { wsUrls, clock, logger } = this.#options;
    const signal = this.#closing.signal;
    let told = false;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const url = wsUrls[attempt % Math.max(1, wsUrls.length)];
      if (url === undefined) return;
      const heard = await this.#listen(url);
      this.#alive = false;
      if (signal.aborted) return;
      if (heard) {
        attempt = wsUrls.indexOf(url) - 1;
        told = false;
        logger.warn("the slot subscription ended; polling until it is there again");
      } else if (!told && attempt + 1 >= wsUrls.length) {
        told = true;
        logger.warn("the node offers no slot subscription here; polling instead");
      }
      const waitMs = heard ? 500 : Math.min(60_000, 1_000 * 2 ** Math.min(6, attempt / wsUrls.length));
      try {
        await clock.delay(waitMs, signal);
      } catch {
        return;
      }
    }
  }

  /** Listens until the connection ends, falls silent or the feed is closed; resolves to whether anything was heard. */
  async #listen(url: string): Promise<boolean> {
    const { clock, watchdogMs, logger } = this.#options;
    const over = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, over.signal]);
    let heardAtMs = clock.monotonic();
    let heard = false;
    const socket = openSocket(url);
    if (socket === null) return false;
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "slotSubscribe", params: [] }));
    });
    socket.addEventListener("message", ({ data }) => {
      heardAtMs = clock.monotonic();
      if (!isSlotNotification(data)) return;
      if (!heard) logger.info("slots are announced by the node");
      heard = true;
      this.#alive = true;
      this.#ring();
    });
    socket.addEventListener("error", () => over.abort());
    socket.addEventListener("close", () => over.abort());
    try {
      while (clock.monotonic() - heardAtMs < watchdogMs) await clock.delay(watchdogMs / 2, signal);
    } catch {
      // The connection ended or the feed is closed: nothing to do but to let go of it.
    }
    socket.close();
    return heard;
  }

  #ring(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

/** Null for an address that no WebSocket can have. */
function openSocket(url: string): WebSocket | null {
  try {
    return new WebSocket(url);
  } catch {
    return null;
  }
}

const MAX_NOTIFICATION_CHARS = 4_096;

function isSlotNotification(data: unknown): boolean {
  return (
    typeof data === "string" && data.length <= MAX_NOTIFICATION_CHARS && data.includes('"slotNotification"')
  );
}
