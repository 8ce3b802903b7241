import { type Broker, type BrokerOptions, startBroker } from "@candlewick/broker";
import { encodeBlock, encodeTrades, TOPICS, topicSpecs } from "@candlewick/contracts";
import { type BlockRecord, type Candle, DEFAULT_INTERVALS, type Trade } from "@candlewick/domain";
import {
  type Admin,
  createAdmin,
  createProducer,
  type GroupConsumer,
  type KafkaConnection,
  type OutgoingMessage,
  type Producer,
} from "@candlewick/kafka";
import { type Clock, type Logger, Registry, silentLogger } from "@candlewick/runtime";
import type { Store } from "@candlewick/store";
import { PAIRS, pairName } from "../../test-kit/chain.ts";
import type { TestDatabase } from "../../test-kit/database.ts";
import { until } from "../../test-kit/until.ts";
import { type DataflowConfig, dataflowSchema, startDataflow } from "../src/index.ts";
import type { CheckpointStore } from "../src/ports.ts";

export const PARTITIONS = 8;
const { trades: TRADES, blocks: BLOCKS } = TOPICS.solana;

export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** A logger that keeps what it is told. */
export function keepingLogger(lines: LogLine[]): Logger {
  const take = (level: string) => (message: string) => void lines.push({ level, message });
  const logger: Logger = {
    ...{ debug: take("debug"), info: take("info"), warn: take("warn"), error: take("error") },
    child: () => logger,
  };
  return logger;
}

export interface RunOptions {
  readonly config?: Partial<DataflowConfig>;
  readonly store?: CheckpointStore;
  readonly clock?: Clock;
  readonly clientId?: string;
}

/** A running dataflow with what it counts. */
export interface RunningDataflow extends GroupConsumer {
  readonly metrics: Registry;
}

/** A Kafka of its own for one test, on the database of its file. */
export class Bench {
  readonly broker: Broker;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly store: Store;
  /** Names the test's group, blocks and pairs. */
  readonly prefix: string;
  readonly log: LogLine[] = [];
  readonly #running: GroupConsumer[] = [];
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

  connection(clientId = "dataflow"): KafkaConnection {
    return { brokers: [this.broker.address], clientId, logger: keepingLogger(this.log) };
  }

  async dataflow({ config, store, clock, clientId }: RunOptions = {}): Promise<RunningDataflow> {
    const metrics = new Registry();
    const running = await startDataflow(dataflowSchema.parse({ group: this.group, ...config }), {
      ...{ chain: "solana", metrics, logger: keepingLogger(this.log), store: store ?? this.store },
      kafka: this.connection(clientId),
      ...(clock === undefined ? {} : { clock }),
    });
    this.#running.push(running);
    return { ...running, metrics };
  }

  trades(trades: readonly Trade[], partition: number): Promise<unknown> {
    return this.send({ topic: TRADES, key: null, value: encodeTrades(trades), partition });
  }

  block(record: BlockRecord, partition: number): Promise<unknown> {
    return this.send({ topic: BLOCKS, key: null, value: encodeBlock(record), partition });
  }

  send(message: OutgoingMessage): Promise<unknown> {
    return this.producer.send(message);
  }

  /** The stored next offsets of the group, of all partitions that have one. */
  async stored(): Promise<ReadonlyMap<string, bigint>> {
    const status = await this.store.status();
    return status.offsets.get(this.group) ?? new Map();
  }

  /** Waits until all that is in the topics is stored. */
  async settled(): Promise<void> {
    const ends = await this.admin.endOffsets([TRADES, BLOCKS]);
    await until("all is stored", async () => {
      const stored = await this.stored();
      return [...ends].every(([name, end]) => (stored.get(name) ?? 0n) === end);
    });
  }

  /** Waits until at least so many trades have been read. */
  async received(count: bigint): Promise<void> {
    await until(`${count} trades are read`, async () => (await this.account("received")) >= count);
  }

  /** What the group's accounts say of one kind; of a kind with reasons, all of them. */
  async account(kind: string): Promise<bigint> {
    const accounts = (await this.store.status()).accounting.get(this.group) ?? new Map<string, bigint>();
    return [...accounts]
      .filter(([name]) => name.split(":", 1)[0] === kind)
      .reduce((sum, [, count]) => sum + count, 0n);
  }

  async candles(): Promise<Candle[]> {
    const candles: Candle[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      for (const { name } of DEFAULT_INTERVALS) {
        const query = { pair: pairName(this.prefix, pair), interval: name, limit: 100_000 };
        for (const { candle } of await this.store.candles(query)) candles.push(candle);
      }
    }
    return sortCandles(candles);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.stop(5_000)));
    await this.producer.close();
    await this.admin.close();
    await this.broker.stop();
  }
}

/** The value of a counter with these labels, or of all of them together. */
export async function counted(metrics: Registry, name: string): Promise<number> {
  const { values } = (await metrics.getSingleMetric(name)?.get()) ?? { values: [] };
  return values.reduce((sum, { value }) => sum + value, 0);
}

/** In a fixed order, so that two lists can be compared. */
export function sortCandles(candles: readonly Candle[]): Candle[] {
  const name = ({ pair, interval, openMs }: Candle) => `${pair} ${interval} ${openMs}`;
  return [...candles].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
