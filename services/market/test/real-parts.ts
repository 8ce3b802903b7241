import { type Broker, type BrokerOptions, startBroker } from "@candlewick/broker";
import {
  decodeKline,
  decodePriceChange,
  encodeBlock,
  encodeTrades,
  type Kline,
  klineOf,
  type PriceChange,
  TOPICS,
  topicSpecs,
} from "@candlewick/contracts";
import { dataflowSchema, startDataflow } from "@candlewick/dataflow";
import { type BlockRecord, DEFAULT_INTERVALS, type Trade } from "@candlewick/domain";
import {
  type Admin,
  createAdmin,
  createProducer,
  type KafkaConnection,
  type Producer,
  startReader,
} from "@candlewick/kafka";
import { Registry, type Service, silentLogger } from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import { PAIRS, pairName } from "../../test-kit/chain.ts";
import type { TestDatabase } from "../../test-kit/database.ts";
import { until } from "../../test-kit/until.ts";
import { type MarketConfig, marketSchema, startMarket } from "../src/index.ts";

export const PARTITIONS = 4;
const { trades: TRADES, blocks: BLOCKS, klines: KLINES, priceChange: PRICES } = TOPICS.solana;

export interface RunningMarket extends Service {
  count(name: string): Promise<number>;
}

/** What the market has published: the last value of each candle and price, and whether revisions only grew. */
export interface Published {
  readonly klines: Map<string, Kline>;
  readonly prices: Map<string, PriceChange>;
  revisionsGrow: boolean;
}

/** A Kafka of its own for one test, on the database of its file. */
export class Bench {
  readonly broker: Broker;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly store: Store;
  /** Names the test's group, blocks and pairs. */
  readonly prefix: string;
  readonly #services: Service[] = [];
  static #count = 0;

  private constructor(broker: Broker, admin: Admin, producer: Producer, store: Store) {
    this.broker = broker;
    this.admin = admin;
    this.producer = producer;
    this.store = store;
    this.prefix = `t${Bench.#count++}`;
  }

  static async start(database: TestDatabase, options: BrokerOptions = {}): Promise<Bench> {
    const broker = await startBroker({
      ...{ groupInitialRebalanceDelayMs: 0, autoCreateTopics: false, ...options },
    });
    const connection = { brokers: [broker.address], clientId: "test", logger: silentLogger };
    const admin = await createAdmin(connection);
    await admin.createTopics(topicSpecs("solana", PARTITIONS));
    return new Bench(broker, admin, await createProducer(connection), database.store);
  }

  get group(): string {
    return `${this.prefix}-group`;
  }

  connection(clientId: string): KafkaConnection {
    return { brokers: [this.broker.address], clientId, logger: silentLogger };
  }

  async dataflow(acceptLostOffsets = false): Promise<Service> {
    const service = await startDataflow(dataflowSchema.parse({ group: this.group, acceptLostOffsets }), {
      ...{ chain: "solana", store: this.store, logger: silentLogger, metrics: new Registry() },
      kafka: this.connection("dataflow"),
    });
    this.#services.push(service);
    return service;
  }

  /** A market that has its first snapshot: the chain of the tests runs faster than any real one. */
  async market(config: Partial<MarketConfig> = {}): Promise<RunningMarket> {
    const market = await this.marketWithoutSnapshot(config);
    await until("the first snapshot", async () => (await market.count("snapshots_total")) > 0);
    return market;
  }

  async marketWithoutSnapshot(config: Partial<MarketConfig> = {}): Promise<RunningMarket> {
    const metrics = new Registry();
    const service = await startMarket(marketSchema.parse({ resyncIntervalMs: 100, ...config }), {
      ...{ chain: "solana", intervals: DEFAULT_INTERVALS, dataflowGroup: this.group },
      ...{ kafka: this.connection("market"), store: this.store, logger: silentLogger, metrics },
    });
    this.#services.push(service);
    return {
      ...service,
      async count(name) {
        const metric = await metrics.getSingleMetric(`candlewick_market_${name}`)?.get();
        return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
      },
    };
  }

  async trades(trades: readonly Trade[], partition: number): Promise<void> {
    await this.producer.send({ topic: TRADES, key: null, value: encodeTrades(trades), partition });
  }

  async block(record: BlockRecord, partition: number): Promise<void> {
    await this.producer.send({ topic: BLOCKS, key: null, value: encodeBlock(record), partition });
  }

  /** Waits until dataflow has stored all that is in the topics. */
  async settled(): Promise<void> {
    const ends = await this.admin.endOffsets([TRADES, BLOCKS]);
    await until("all is stored", async () => {
      const stored = (await this.store.status()).offsets.get(this.group);
      return [...ends].every(([name, end]) => (stored?.get(name) ?? 0n) === end);
    });
  }

  /** Follows what the market publishes of the test's own pairs. */
  async follow(): Promise<Published> {
    const published: Published = { klines: new Map(), prices: new Map(), revisionsGrow: true };
    const reader = await startReader(this.connection("reader"), {
      ...{ topics: [KLINES, PRICES], from: "first" },
      onRecords: (records) => {
        for (const { topic, value } of records) {
          if (topic === PRICES) {
            const price = decodePriceChange(value);
            published.prices.set(price.pair_addr, price);
            continue;
          }
          const kline = decodeKline(value);
          if (!kline.pair_addr.startsWith(`${this.prefix}-`)) continue;
          const name = nameOf(kline);
          const before = published.klines.get(name)?.revision ?? 0;
          if (kline.revision <= before) published.revisionsGrow = false;
          published.klines.set(name, kline);
        }
      },
    });
    this.#services.push(reader);
    return published;
  }

  /** The stored candles as the market would publish them. */
  async storedKlines(): Promise<Map<string, Kline>> {
    const klines = new Map<string, Kline>();
    for (let pair = 0; pair < PAIRS; pair++) {
      for (const { name } of DEFAULT_INTERVALS) {
        const query = { pair: pairName(this.prefix, pair), interval: name, limit: 100_000 };
        for (const { candle, assets } of await this.store.candles(query)) {
          const kline = klineOf(candle, assets, 0);
          klines.set(nameOf(kline), kline);
        }
      }
    }
    return klines;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop(5_000)));
    await this.producer.close();
    await this.admin.close();
    await this.broker.stop();
  }
}

function nameOf(kline: Kline): string {
  return `${kline.pair_addr} ${kline.interval} ${kline.open_time}`;
}

/** The candles that have trades, without revisions, in order. */
export function comparable(klines: ReadonlyMap<string, Kline>): Kline[] {
  return [...klines]
    .filter(([, { trades }]) => trades > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, kline]) => ({ ...kline, revision: 0 }));
}
