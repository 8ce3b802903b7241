import { TOPICS } from "@candlewick/contracts";
import type { ChainName } from "@candlewick/domain";
import { type ConsumedRecord, createAdmin, type KafkaConnection, startReader } from "@candlewick/kafka";
import type { Service } from "@candlewick/runtime";

/** The live topics being read. */
export interface LiveSource extends Service {
  /** The next offset of each partition of trades and blocks, as far as read here: where Kafka ends. */
  ends(): ReadonlyMap<string, bigint>;
}

/** Starts reading; records are handed over in the order of each partition. */
export type StartLiveSource = (
  onRecords: (records: readonly ConsumedRecord[]) => void,
) => Promise<LiveSource>;

/** Prices are only published when they change: so many records of each partition tell those of the quiet pairs. */
const PRICE_RECORDS = 20_000n;

/** Reads the live topics of a chain from their ends, prices from a little before. */
export async function startLiveSource(
  connection: KafkaConnection,
  chain: ChainName,
  onRecords: (records: readonly ConsumedRecord[]) => void,
): Promise<LiveSource> {
  const { trades, blocks, klines, priceChange } = TOPICS[chain];
  const topics = [trades, blocks, klines, priceChange];
  const reader = await startReader(connection, {
    topics,
    from: await startingOffsets(connection, topics, priceChange),
    onRecords,
  });
  return {
    name: "live-source",
    done: reader.done,
    stop: (deadlineMs) => reader.stop(deadlineMs),
    ends: () => new Map([...reader.positions()].filter(([name]) => isOf(name, trades) || isOf(name, blocks))),
  };
}

async function startingOffsets(
  connection: KafkaConnection,
  topics: readonly string[],
  priceTopic: string,
): Promise<ReadonlyMap<string, bigint>> {
  const admin = await createAdmin(connection);
  try {
    const [ends, firsts] = [await admin.endOffsets(topics), await admin.startOffsets([priceTopic])];
    return new Map(
      [...ends].map(([name, end]) => {
        const first = firsts.get(name);
        if (first === undefined) return [name, end];
        return [name, end - PRICE_RECORDS > first ? end - PRICE_RECORDS : first];
      }),
    );
  } finally {
    await admin.close();
  }
}

function isOf(partition: string, topic: string): boolean {
  return partition.slice(0, partition.lastIndexOf(":")) === topic;
}
