import { encodeBlock, encodeTradeMessages, MAX_MESSAGE_BYTES, TOPICS } from "@candlewick/contracts";
import type { BlockRecord, ChainName, Slot, Trade } from "@candlewick/domain";
import type { OutgoingMessage } from "@candlewick/kafka";
import { type Persistence, persist } from "./backoff.ts";
import type { Publisher } from "./ports.ts";
import type { Settlement } from "./settlement.ts";

/** What the key of a message of trades is: the block's slot, or the address of the pair. */
export type PartitionKey = "slot" | "pair";

export interface MessageFormat {
  readonly chain: ChainName;
  readonly partitionKey: PartitionKey;
  readonly maxMessageBytes: number;
}

/**
 * The messages that carry a block's trades; none for no trades. Headers `part` (from 1) and `parts` number
 * them over the block. They depend on nothing but the trades: a block sent again is the same bytes. That
 * is also why they carry no time stamp of the block: topics are kept by time, and an old block's messages
 * would be expired when they arrive.
 */
export function tradeMessages(at: Slot, trades: readonly Trade[], format: MessageFormat): OutgoingMessage[] {
  const parts: { key: string; value: Buffer }[] = [];
  for (const [key, group] of groupByKey(at, trades, format.partitionKey)) {
    for (const value of encodeTradeMessages(group, format.maxMessageBytes)) parts.push({ key, value });
  }
  return parts.map(({ key, value }, index) => ({
    topic: TOPICS[format.chain].trades,
    key: Buffer.from(key),
    value,
    headers: { part: String(index + 1), parts: String(parts.length) },
  }));
}

/** The message of a block record; its key is the slot. */
export function recordMessage(record: BlockRecord): OutgoingMessage {
  return {
    topic: TOPICS[record.chain].blocks,
    key: Buffer.from(String(record.slot)),
    value: encodeBlock(record),
  };
}

function groupByKey(at: Slot, trades: readonly Trade[], by: PartitionKey): Map<string, Trade[]> {
  const groups = new Map<string, Trade[]>();
  for (const trade of trades) {
    const key = by === "slot" ? String(at) : trade.pair;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trade]);
    else group.push(trade);
  }
  return groups;
}

/** How many records of skipped slots are in flight at a time; a halted chain leaves thousands. */
const MAX_RECORDS_IN_FLIGHT = 500;

/** Sends what settlements hold and waits for the acknowledgements, trying again where that helps. */
export class SettlementPublisher {
  readonly #publisher: Publisher;
  readonly #format: MessageFormat;
  readonly #persistence: Persistence;

  constructor(publisher: Publisher, format: Partial<MessageFormat>, persistence: Persistence) {
    this.#publisher = publisher;
    this.#format = {
      chain: "solana",
      partitionKey: "slot",
      maxMessageBytes: MAX_MESSAGE_BYTES,
      ...format,
    };
    this.#persistence = persistence;
  }

  /** Resolves once every message of the trades is acknowledged. Sending has begun when this returns. */
  async sendTrades(
    { slot, trades }: Pick<Settlement, "slot" | "trades">,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#sendAll(tradeMessages(slot, trades, this.#format), signal);
  }

  /** Resolves once every record is acknowledged. Sending has begun when this returns. */
  async sendRecords({ records }: Pick<Settlement, "records">, signal: AbortSignal): Promise<void> {
    for (let start = 0; start < records.length; start += MAX_RECORDS_IN_FLIGHT) {
      const some = records.slice(start, start + MAX_RECORDS_IN_FLIGHT);
      await this.#sendAll(some.map(recordMessage), signal);
    }
  }

  async #sendAll(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<void> {
    await Promise.all(
      messages.map((message) => persist(this.#persistence, signal, () => this.#publisher.send(message))),
    );
  }
}
