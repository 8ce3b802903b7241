import type { ChainName } from "@candlewick/domain";

/** The topics of one chain. */
export interface ChainTopics {
  readonly trades: string;
  readonly blocks: string;
  readonly klines: string;
  readonly priceChange: string;
}

export const TOPICS: Readonly<Record<ChainName, ChainTopics>> = {
  solana: {
    trades: "sol-trades",
    blocks: "sol-blocks",
    klines: "sol-klines",
    priceChange: "sol-pair-price-change",
  },
  ethereum: {
    trades: "eth-trades",
    blocks: "eth-blocks",
    klines: "eth-klines",
    priceChange: "eth-pair-price-change",
  },
};

/** The topic that takes what cannot be processed. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}

/** The largest message in bytes; a larger block is split into numbered parts. */
export const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

/** What a topic needs to be created with. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

/** The topics that a running system needs, with their settings. */
export function topicSpecs(chain: ChainName, partitions: number): TopicSpec[] {
  const { trades, blocks, klines, priceChange } = TOPICS[chain];
  const source = {
    "max.message.bytes": String(MAX_MESSAGE_BYTES + 1024),
    "retention.ms": String(7 * 86_400_000),
  };
  const live = { "retention.ms": String(86_400_000) };
  const dead = { "max.message.bytes": String(MAX_MESSAGE_BYTES + 65_536), "retention.ms": "-1" };
  return [
    { name: trades, partitions, config: source },
    { name: blocks, partitions, config: source },
    { name: klines, partitions, config: live },
    { name: priceChange, partitions, config: live },
    { name: deadLetterTopic(trades), partitions: 1, config: dead },
    { name: deadLetterTopic(blocks), partitions: 1, config: dead },
  ];
}
