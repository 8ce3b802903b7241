import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { catalogued } from "../cluster/catalogue.ts";
import type { Cluster, TopicLayout } from "../cluster/cluster.ts";
import { isRetriable } from "../cluster/errors.ts";
import { PartitionQueue } from "./partition-queue.ts";
import { partitionOfKey } from "./partitioner.ts";
import type { PendingMessage } from "./pending-message.ts";

export interface RouterSettings {
  readonly retries: number;
  readonly retryBackoffMs: number;
  readonly maxBatchBytes: number;
  onQueued(queue: PartitionQueue): void;
}

interface Route {
  layout: TopicLayout | undefined;
  /** Messages that came before the partitions were known, in order. */
  readonly unrouted: PendingMessage[];
  readonly queues: Map<number, PartitionQueue>;
  /** The partition of messages without a key; it moves on with every batch. */
  unkeyed: number;
  lookingUp: boolean;
  lookedUpMs: number;
}

const LAYOUT_MAX_AGE_MS = 300_000;

/** Puts messages into the queues of their partitions; asks the cluster for those of a topic it does not know. */
export class TopicRouter {
  readonly #cluster: Cluster;
  readonly #settings: RouterSettings;
  readonly #routes = new Map<string, Route>();
  readonly #stopping = new AbortController();

  constructor(cluster: Cluster, settings: RouterSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  /** What is known of a topic; asked for anew, beside, when that is old. */
  layoutOf(topic: string): TopicLayout | undefined {
    const route = this.#routes.get(topic);
    if (route === undefined) return undefined;
    const ageMs = this.#cluster.clock.monotonic() - route.lookedUpMs;
    if (ageMs > LAYOUT_MAX_AGE_MS && !route.lookingUp) void this.#lookUp(topic, route);
    return route.layout;
  }

  /** Puts the message into its queue, now or when its topic is known; settles it where that cannot be. */
  route(message: PendingMessage): void {
    const route = this.#routeOf(message.topic);
    // A partition that is not known may be one that the topic has got since.
    if (route.layout !== undefined && (message.partition ?? 0) < route.layout.leaders.length) {
      this.#queue(route, route.layout, message);
      return;
    }
    route.unrouted.push(message);
    if (!route.lookingUp) void this.#lookUp(message.topic, route);
  }

  /** Asks for the leaders of these topics anew. */
  async relocate(topics: readonly string[]): Promise<void> {
    for (const [topic, layout] of await this.#cluster.layouts(topics)) {
      this.#routeOf(topic).layout = layout;
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  #routeOf(topic: string): Route {
    let route = this.#routes.get(topic);
    if (route === undefined) {
      route = {
        layout: undefined,
        unrouted: [],
        queues: new Map(),
        unkeyed: 0,
        lookingUp: false,
        lookedUpMs: 0,
      };
      this.#routes.set(topic, route);
    }
    return route;
  }

  /** Never rejects: without a layout in the end, the messages that wait for it are settled with the error. */
  async #lookUp(topic: string, route: Route): Promise<void> {
    route.lookingUp = true;
    let failure: Error | null = null;
    for (let attempt = 0; attempt <= this.#settings.retries; attempt++) {
      try {
        if (attempt > 0)
          await this.#cluster.clock.delay(this.#settings.retryBackoffMs, this.#stopping.signal);
        await this.relocate([topic]);
        failure = null;
        break;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        // A topic that was created just now may not have reached this broker yet.
        const missing = failure instanceof CandlewickError && failure.code === "UNKNOWN_TOPIC";
        if (this.#stopping.signal.aborted || !(missing || isRetriable(failure))) break;
      }
    }
    route.lookingUp = false;
    route.lookedUpMs = this.#cluster.clock.monotonic();
    const { layout } = route;
    for (const message of route.unrouted.splice(0)) {
      if (layout !== undefined) this.#queue(route, layout, message);
      else message.settle(catalogued(failure, this.#cluster.connection), -1, -1n);
    }
  }

  #queue(route: Route, layout: TopicLayout, message: PendingMessage): void {
    const count = layout.leaders.length;
    const partition = message.partition ?? this.#choose(route, message.key, count);
    if (partition >= count) {
      message.settle(noPartition(message.topic, partition, count), partition, -1n);
      return;
    }
    let queue = route.queues.get(partition);
    if (queue === undefined) {
      queue = new PartitionQueue({ topic: message.topic, partition }, this.#settings.maxBatchBytes);
      route.queues.set(partition, queue);
    }
    queue.push(message);
    this.#settings.onQueued(queue);
  }

  /** Messages without a key share a batch: they go to one partition until that batch is taken. */
  #choose(route: Route, key: Buffer | null, partitions: number): number {
    if (key !== null) return partitionOfKey(key, partitions);
    if (route.queues.get(route.unkeyed)?.isEmpty === true) route.unkeyed++;
    route.unkeyed %= partitions;
    return route.unkeyed;
  }
}

function noPartition(topic: string, partition: number, partitions: number): CandlewickError {
  return new CandlewickError(
    ERRORS.badInput,
    `${topic} has no partition ${partition}; it has ${partitions}, counted from 0.`,
    "Use one of them, or leave the partition out so that the key decides.",
  );
}
