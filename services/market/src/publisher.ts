import { encodeJson, klineOf, type PriceChange, TOPICS } from "@candlewick/contracts";
import type { Asset, Candle, ChainName } from "@candlewick/domain";
import type { OutgoingMessage } from "@candlewick/kafka";
import type { DisputedCandles } from "./disputed-candles.ts";
import type { MarketPorts } from "./ports.ts";
import { Revisions } from "./revision.ts";

/** Publishes candles and prices. What Kafka does not acknowledge is disputed from then on. */
export class Publisher {
  readonly #chain: ChainName;
  readonly #ports: Pick<MarketPorts, "producer" | "logger" | "metrics" | "clock">;
  readonly #disputed: DisputedCandles;
  readonly #revisions: Revisions;
  #onDispute: () => void = () => {};

  constructor(
    chain: ChainName,
    ports: Pick<MarketPorts, "producer" | "logger" | "metrics" | "clock">,
    disputed: DisputedCandles,
  ) {
    this.#chain = chain;
    this.#ports = ports;
    this.#disputed = disputed;
    this.#revisions = new Revisions(ports.clock);
  }

  /** Whom to tell that a message was not acknowledged. */
  set onDispute(listener: () => void) {
    this.#onDispute = listener;
  }

  /** Resolves when the message is taken into the producer's buffer. */
  async candle(candle: Candle, assets: { readonly base: Asset; readonly token: Asset }): Promise<void> {
    const value = encodeJson(klineOf(candle, assets, this.#revisions.next()));
    const key = Buffer.from(candle.pair);
    await this.#send({ topic: TOPICS[this.#chain].klines, key, value }, candle.pair, candle.openMs);
  }

  async price(price: PriceChange): Promise<void> {
    const key = Buffer.from(price.pair_addr);
    const message = { topic: TOPICS[this.#chain].priceChange, key, value: encodeJson(price) };
    await this.#send(message, price.pair_addr, price.block_time * 1000);
  }

  #send(message: OutgoingMessage, pair: string, timeMs: number): Promise<void> {
    const { producer, metrics, logger } = this.#ports;
    const { topic } = message;
    const failed = (error: Error): void => {
      metrics.publishErrors.inc({ topic });
      this.#disputed.add(pair, timeMs);
      logger.warn("a live message was not published; it is published again", { topic, error: error.message });
      this.#onDispute();
    };
    const taken = producer.enqueue(message, (error) => {
      if (error === null) metrics.published.inc({ topic });
      else failed(error);
    });
    return taken.catch((error: unknown) => {
      failed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    });
  }
}
