import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Logger } from "@candlewick/runtime";
import { persistently } from "../cluster/backoff.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { mayPass } from "../cluster/errors.ts";
import { decodeFinished } from "../delivery/commit-metadata.ts";
import { Delivery } from "../delivery/delivery.ts";
import { commitRefused, handlerFailed, unwritable } from "../delivery/delivery-errors.ts";
import type {
  DeliveryCommand,
  DeliveryEvent,
  DeliverySettings,
  PublishTicket,
  RunTicket,
} from "../delivery/delivery-events.ts";
import type { FailureKind } from "../delivery/failure-kind.ts";
import { Fifo } from "../delivery/fifo.ts";
import type { Producer } from "../producer/producer.ts";
import type { Isolation } from "../record/isolation.ts";
import { topicFamily } from "../retry/retry-topic.ts";
import { noteBacklog } from "./backlog-scan.ts";
import { CommitLoop, type CommitPolicy } from "./commit-loop.ts";
import type { Lag, StartOffset } from "./consumer-options.ts";
import { FetchLoop } from "./fetch-loop.ts";
import type { GroupMember } from "./group-member.ts";
import type { CommittedOffset } from "./group-offsets.ts";
import { committedOffsets } from "./group-offsets.ts";
import type { GroupSession } from "./group-session.ts";
import { CallContext, failureOf, type HandlerCall } from "./handler-call.ts";
import { moveMessage, moveRecord } from "./record-mover.ts";
import { resolveStart } from "./start-offset.ts";
import { type LossPolicy, type Start, startPositions } from "./start-position.ts";

/** What a session needs of its consumer. */
export interface SessionParts {
  readonly cluster: Cluster;
  readonly member: GroupMember;
  readonly producer: Producer;
  readonly logger: Logger;
  readonly call: HandlerCall;
  classify(error: unknown): FailureKind;
  readonly settings: DeliverySettings;
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly commit: CommitPolicy;
  readonly offset: StartOffset;
  readonly isolation: Isolation;
  /** Whether the committed offset of this partition is to be left aside. */
  ignoresCommitted(partition: string): boolean;
  readonly loss: LossPolicy;
  readonly moveTimeoutMs: number;
  /** Partitions that the caller has paused, by `partitionName`. */
  readonly paused: ReadonlySet<string>;
  /** Topics that are read as such, not as the retries of another one. */
  readonly sources: ReadonlySet<string>;
}

/** A turn of the event loop is given up after so long, so that heartbeats and fetches get theirs. */
const TURN_MS = 10;
/** Events that wait for their turn before fetching stops. */
const MOST_EVENTS = 1_000;
const LONG_POLL_MS = 500;
const SHORT_POLL_MS = 10;

/** One assignment of partitions: reads them, runs handlers, moves what failed, commits, until it is given up. */
export class DeliverySession {
  readonly delivery: Delivery;
  readonly #parts: SessionParts;
  readonly #session: GroupSession;
  readonly #partitions: readonly TopicPartition[];
  readonly #commits: CommitLoop;
  /** The end of each partition's log as the last fetch told it. */
  readonly #ends = new Map<string, bigint>();
  #fetching: FetchLoop | null = null;
  readonly #events = new Fifo<DeliveryEvent>();
  /** So many events wait that fetching has stopped. */
  #isCrowded = false;
  #isFeeding = false;
  #turnBegunMs = 0;
  #isTurnOpen = false;
  #wake: { readonly atMs: number; readonly waiting: AbortController } | null = null;
  #failure: { readonly error: unknown } | null = null;
  #idle = Promise.withResolvers<void>();

  constructor(parts: SessionParts, session: GroupSession, partitions: readonly TopicPartition[]) {
    this.#parts = parts;
    this.#session = session;
    this.#partitions = partitions;
    this.delivery = new Delivery(parts.settings);
    this.#commits = new CommitLoop(parts.cluster, this.delivery, {
      ...parts.commit,
      coordinator: parts.member.coordinator,
      generation: parts.member.generation,
      groupId: parts.settings.groupId,
      groupInstanceId: parts.groupInstanceId,
      logger: parts.logger,
      timeoutMs: parts.sessionTimeoutMs,
      onRefused: (error) => this.#fail(error),
    });
  }

  /** Resolves when the session has ended and nothing is in hand. Rejects with what ends the consumer. */
  async run(): Promise<void> {
    const { ended } = this.#session;
    try {
      await this.#open();
      await untilAborted(ended);
    } catch (error) {
      if (!ended.aborted) this.#fail(error);
    }
    this.#feed({ kind: "draining" });
    await this.#fetching?.close();
    // A handler that hears no signal is waited for: nobody may run beside it in this process.
    if (this.#isFeeding || !this.delivery.isIdle) await this.#idle.promise;
    this.#wake?.waiting.abort();
    await this.#commits.close(this.#session.reason !== "lost");
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Commits what is finished now. Rejects when that is refused. */
  async commit(): Promise<void> {
    try {
      await this.#commits.now();
    } catch (cause) {
      throw commitRefused(this.#parts.settings.groupId, cause);
    }
  }

  pause(family: string): void {
    this.#feed({ kind: "paused", family, nowMs: this.#nowMs() });
  }

  resume(family: string): void {
    this.#feed({ kind: "resumed", family, nowMs: this.#nowMs() });
  }

  /** What is ahead of each partition, as of the last fetch. */
  lags(nowMs: number): (TopicPartition & { readonly lag: Lag })[] {
    return [...this.delivery.partitions()].map((one) => {
      const next = BigInt(one.tracker.next);
      const end = this.#ends.get(one.name) ?? next;
      const records = end > next ? end - next : 0n;
      const seconds = records === 0n ? 0 : one.ageMs(nowMs) / 1_000;
      return { topic: one.topic, partition: one.partition, lag: { records, seconds } };
    });
  }

  /** Whether there is work that could be done now. */
  waits(): boolean {
    for (const { name, tracker, heldUntilMs, family } of this.delivery.partitions()) {
      if (family.isPaused) continue;
      if (tracker.records > 0) return true;
      if (heldUntilMs === null && (this.#ends.get(name) ?? 0n) > BigInt(tracker.next)) return true;
    }
    return false;
  }

  async #open(): Promise<void> {
    const { cluster, settings } = this.#parts;
    const committed = await this.#committed();
    const positions = await this.#positions(committed);
    for (const { topic, partition } of this.#partitions) {
      const name = partitionName({ topic, partition });
      const next = positions.get(name) ?? 0n;
      const known = committed.get(name);
      const metadata = known !== undefined && known.next === next ? known.metadata : null;
      this.delivery.step({
        kind: "assigned",
        partition: {
          topic,
          partition,
          ...this.#family({ topic, partition }),
          next: Number(next),
          finished: decodeFinished(Number(next), metadata),
        },
      });
    }
    for (const family of this.#parts.paused) this.pause(family);
    if (settings.order === "key") {
      const retries = this.#partitions.filter((one) => this.#family(one).level > 0);
      const onRecord = (event: DeliveryEvent): void => void this.delivery.step(event);
      await noteBacklog(cluster, retries, positions, onRecord, this.#parts.isolation, this.#session.ended);
    }
    if (this.#session.ended.aborted) return;
    this.#commits.start();
    this.#fetch(positions);
  }

  #family(partition: TopicPartition): { family: string; level: number } {
    const { topic, level } = this.#parts.sources.has(partition.topic)
      ? { topic: partition.topic, level: 0 }
      : topicFamily(partition.topic);
    return { family: partitionName({ topic, partition: partition.partition }), level };
  }

  async #committed(): Promise<Map<string, CommittedOffset>> {
    const { member, cluster, settings } = this.#parts;
    const { coordinator } = member;
    // Brokers that are away end the session by its heartbeats, not the consumer.
    const persistence = {
      attempts: Number.POSITIVE_INFINITY,
      signal: this.#session.ended,
      passes: mayPass,
    };
    return persistently(cluster, persistence, () =>
      committedOffsets(coordinator, settings.groupId, this.#partitions),
    );
  }

  async #positions(committed: ReadonlyMap<string, CommittedOffset>): Promise<Map<string, bigint>> {
    const { cluster, offset, loss } = this.#parts;
    const persistence = {
      attempts: Number.POSITIVE_INFINITY,
      signal: this.#session.ended,
      passes: mayPass,
    };
    const stored = (partition: TopicPartition): bigint | undefined => {
      const name = partitionName(partition);
      return this.#parts.ignoresCommitted(name) ? undefined : committed.get(name)?.next;
    };
    const isRetry = (partition: TopicPartition): boolean => this.#family(partition).level > 0;
    const fresh = this.#partitions.filter((one) => !isRetry(one) && stored(one) === undefined);
    const starts =
      fresh.length === 0
        ? new Map<string, Start>()
        : await resolveStart(cluster, offset, fresh, persistence, this.#parts.isolation);
    // What waits in a retry topic is always read, wherever the topic itself starts.
    const startOf = (partition: TopicPartition): Start => {
      const known = isRetry(partition) ? committed.get(partitionName(partition))?.next : stored(partition);
      return known ?? starts.get(partitionName(partition)) ?? "first";
    };
    return startPositions(cluster, this.#partitions, startOf, loss, persistence);
  }

  #fetch(positions: ReadonlyMap<string, bigint>): void {
    const { cluster, loss, isolation } = this.#parts;
    this.#fetching = new FetchLoop(cluster, positions, {
      isolation,
      relocate: async (partition, wanted) => {
        const found = await startPositions(cluster, [partition], () => wanted, loss, {
          signal: this.#session.ended,
        });
        const offset = found.get(partitionName(partition)) ?? wanted;
        this.#feed({ kind: "relocated", partition: partitionName(partition), offset: Number(offset) });
        return offset;
      },
      sink: {
        room: () => Promise.resolve(),
        // What has arrived and is not looked at yet may fill the window.
        wants: (name) => this.#events.size < MOST_EVENTS && this.delivery.wants(name),
        hasEnough: (name) => this.delivery.hasEnough(name),
        pollMs: () => this.#pollMs(),
        seen: (partition, end) => void this.#ends.set(partitionName(partition), end),
        push: (partition, records, nextOffset, from) =>
          this.#feed({
            kind: "arrived",
            partition: partitionName(partition),
            records,
            from: Number(from),
            position: Number(nextOffset),
            nowMs: this.#nowMs(),
          }),
        fail: (error) => this.#fail(error),
      },
    });
  }

  /** While a partition has no room or enough in hand, or is held until soon, a request must not wait for the others for long. */
  #pollMs(): number {
    const nowMs = this.#nowMs();
    let pollMs = LONG_POLL_MS;
    for (const partition of this.delivery.partitions()) {
      if (partition.isFull || partition.isAhead) return SHORT_POLL_MS;
      if (partition.heldUntilMs !== null) pollMs = Math.min(pollMs, partition.heldUntilMs - nowMs);
    }
    return Math.max(SHORT_POLL_MS, Math.ceil(pollMs));
  }

  #nowMs(): number {
    return this.#parts.cluster.clock.now();
  }

  /** Events are taken one after the other, also those that come of handling one; long runs in several turns. */
  #feed(event: DeliveryEvent): void {
    this.#events.push(event);
    if (this.#events.size >= MOST_EVENTS) this.#isCrowded = true;
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    this.#drainEvents();
  }

  #drainEvents(): void {
    this.#openTurn();
    for (let event = this.#events.peek(); event !== undefined; event = this.#events.peek()) {
      if (this.#parts.cluster.clock.monotonic() - this.#turnBegunMs > TURN_MS) {
        setImmediate(() => this.#drainEvents());
        return;
      }
      this.#events.shift();
      if (this.#isCrowded && this.#events.size < MOST_EVENTS) {
        this.#isCrowded = false;
        this.#fetching?.poke();
      }
      for (const command of this.delivery.step(event)) this.#do(command);
    }
    this.#isFeeding = false;
    this.#schedule();
    if (this.delivery.isIdle && this.#session.ended.aborted) this.#idle.resolve();
  }

  /** Notes when a turn of the event loop begins: events that came after a pause of the loop must not wait for the next one. */
  #openTurn(): void {
    if (this.#isTurnOpen) return;
    this.#isTurnOpen = true;
    this.#turnBegunMs = this.#parts.cluster.clock.monotonic();
    setImmediate(() => {
      this.#isTurnOpen = false;
    });
  }

  #do(command: DeliveryCommand): void {
    switch (command.kind) {
      case "run":
        this.#call(command.ticket);
        return;
      case "publish":
        void this.#move(command.ticket);
        return;
      case "rewind":
        this.#fetching?.seek(command.partition, BigInt(command.offset));
        return;
      case "room":
        this.#fetching?.poke();
        return;
      case "stop":
        this.#fail(handlerFailed(command.entry.record, command.error));
        return;
    }
  }

  #call(ticket: RunTicket): void {
    const { givenUp } = this.#session;
    const context = new CallContext(ticket, givenUp, this.#acknowledge);
    let running: void | Promise<void>;
    try {
      running = this.#parts.call(ticket, context);
    } catch (error) {
      this.#failed(ticket, error);
      return;
    }
    if (running === undefined) this.#handled(ticket);
    else
      running.then(
        () => this.#handled(ticket),
        (error: unknown) => this.#failed(ticket, error),
      );
  }

  #handled(ticket: RunTicket): void {
    this.#feed({ kind: "handled", ticket, nowMs: this.#nowMs() });
    this.#commits.count(ticket.entries.length);
  }

  #failed(ticket: RunTicket, error: unknown): void {
    const failure = failureOf(error, (reason) => this.#parts.classify(reason));
    const record = ticket.entries[failure.index ?? 0]?.record;
    this.#parts.logger.debug("a handler failed", {
      topic: record?.topic,
      partition: record?.partition,
      offset: String(record?.offset),
      kind: failure.kind,
      reason: failure.error.message,
    });
    this.#feed({ kind: "failed", ticket, failure, nowMs: this.#nowMs() });
  }

  readonly #acknowledge = (ticket: RunTicket): Promise<void> => {
    // At once, not behind events that wait for their turn: the commit takes what is finished now.
    for (const command of this.delivery.step({ kind: "acknowledged", ticket })) this.#do(command);
    return this.commit();
  };

  async #move(ticket: PublishTicket): Promise<void> {
    const { cluster, producer, moveTimeoutMs, settings, logger } = this.#parts;
    const { record } = ticket.entry;
    const message = moveMessage(ticket, settings.groupId);
    try {
      const sent = await moveRecord(cluster, producer, message, moveTimeoutMs, this.#session.givenUp);
      if (ticket.failure !== null) {
        logger.warn(ticket.to === "dead" ? "a record was given up" : "a record will be tried again later", {
          topic: record.topic,
          partition: record.partition,
          offset: String(record.offset),
          key: record.key?.toString(),
          attempts: ticket.entry.attempts,
          to: message.topic,
          reason: ticket.failure.message,
        });
      }
      this.#feed({ kind: "published", ticket, offset: Number(sent.offset), nowMs: this.#nowMs() });
    } catch (error) {
      if (!this.#session.givenUp.aborted) this.#fail(unwritable(record, message.topic, error));
      this.#feed({ kind: "unpublished" });
    }
  }

  #schedule(): void {
    const atMs = this.delivery.wakeAtMs;
    if (atMs === null || (this.#wake !== null && this.#wake.atMs <= atMs)) return;
    this.#wake?.waiting.abort();
    const wake = { atMs, waiting: new AbortController() };
    this.#wake = wake;
    // Timers of more than 24 days fire at once; waking early only costs a look.
    const delayMs = Math.min(Math.max(0, atMs - this.#nowMs()), 2 ** 31 - 1);
    const fire = (): void => {
      if (this.#wake === wake) this.#wake = null;
      this.#feed({ kind: "clock", nowMs: this.#nowMs() });
    };
    this.#parts.cluster.clock.delay(delayMs, wake.waiting.signal).then(fire, () => {});
  }

  /** The first failure ends the session and the consumer. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#session.end("failed", 0);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
