import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Logger } from "@candlewick/runtime";
import type { Cluster } from "../cluster/cluster.ts";
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
import type { Lane } from "../delivery/lane.ts";
import type { Producer } from "../producer/producer.ts";
import type { Isolation } from "../record/isolation.ts";
import { noteBacklog } from "./backlog-scan.ts";
import { CommitLoop, type CommitPolicy } from "./commit-loop.ts";
import type { Lag, StartOffset } from "./consumer-options.ts";
import { FetchLoop } from "./fetch-loop.ts";
import type { GroupSession } from "./group-session.ts";
import { CallContext, failureOf, type HandlerCall } from "./handler-call.ts";
import type { Membership } from "./membership.ts";
import { openPartitions, placeOf } from "./partition-opening.ts";
import { moveMessage, moveRecord } from "./record-mover.ts";
import { type LossPolicy, startPositions } from "./start-position.ts";
import { Tenure } from "./tenure.ts";
import { whenAborted } from "./when-aborted.ts";

/** What a session needs of its consumer. */
export interface SessionParts {
  readonly cluster: Cluster;
  readonly member: Pick<Membership, "coordinator" | "generation" | "commitRequest">;
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
  readonly sources: Pick<ReadonlySet<string>, "has">;
  /** Sees to it that the partitions exist: a topic may have grown, and its retry topics not yet. */
  prepare(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void>;
}

/** A turn of the event loop is given up after so long, so that heartbeats and fetches get theirs. */
const TURN_MS = 10;
/** Events that wait for their turn before fetching stops. */
const MOST_EVENTS = 1_000;
const LONG_POLL_MS = 500;
const SHORT_POLL_MS = 10;

/** Families whose first offsets are being looked up. */
interface Opening {
  readonly partitions: readonly TopicPartition[];
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/**
 * What a member does while it is in its group: reads the partitions that it has, runs handlers, moves what failed, and
 * commits. Partitions come and go; those that stay are not stopped for it.
 */
export class DeliverySession {
  readonly delivery: Delivery;
  readonly #parts: SessionParts;
  readonly #session: GroupSession;
  readonly #commits: CommitLoop;
  readonly #tenures = new Map<string, Tenure>();
  readonly #openings = new Set<Opening>();
  readonly #releases = new Set<Promise<void>>();
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
  /** Who waits until something is idle. */
  readonly #waiters = new Set<{ isIdle(): boolean; resolve(): void }>();

  constructor(parts: SessionParts, session: GroupSession) {
    this.#parts = parts;
    this.#session = session;
    this.delivery = new Delivery(parts.settings);
    this.#commits = new CommitLoop(parts.cluster, this.delivery, {
      ...parts.commit,
      member: parts.member,
      groupId: parts.settings.groupId,
      groupInstanceId: parts.groupInstanceId,
      logger: parts.logger,
      timeoutMs: parts.sessionTimeoutMs,
      onRefused: (error) => this.fail(error),
    });
  }

  /** Resolves when the session has ended and nothing is in hand. Rejects with what ends the consumer. */
  async run(): Promise<void> {
    await whenAborted(this.#session.ended);
    await this.#stopOpenings([...this.#openings]);
    this.#feed({ kind: "draining" });
    await this.#fetching?.close();
    // A handler that hears no signal is waited for: nobody may run beside it in this process.
    await this.#untilIdle(() => this.delivery.isIdle);
    this.#wake?.waiting.abort();
    await Promise.all(this.#releases);
    await this.#commits.close(this.#session.reason !== "lost");
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Further partitions, each with the same one of its retry topics. They are read as soon as it is known from where. */
  take(partitions: readonly TopicPartition[]): void {
    if (this.#session.ended.aborted || partitions.length === 0) return;
    const families = Map.groupBy(partitions, (one) => this.#familyOf(one));
    for (const [family, members] of families)
      this.#tenures.set(family, new Tenure(members, this.#session.givenUp));
    this.#open(partitions);
  }

  /**
   * Gives partitions up: begins nothing more of them, lets what runs finish for `graceMs`, commits, and forgets them.
   * The others go on meanwhile.
   */
  async release(partitions: readonly TopicPartition[], graceMs: number): Promise<void> {
    const release = this.#release(new Set(partitions.map((one) => this.#familyOf(one))), graceMs);
    this.#releases.add(release);
    await release;
    this.#releases.delete(release);
  }

  async #release(families: ReadonlySet<string>, graceMs: number): Promise<void> {
    const isLeaving = (one: TopicPartition): boolean => families.has(this.#familyOf(one));
    const affected = [...this.#openings].filter((opening) => opening.partitions.some(isLeaving));
    await this.#stopOpenings(affected);
    const staying = affected.flatMap((opening) => opening.partitions).filter((one) => !isLeaving(one));
    if (staying.length > 0 && !this.#session.ended.aborted) this.#open(staying);
    const tenures = [...families].flatMap((family) => this.#tenures.get(family) ?? []);
    const names = tenures.flatMap((tenure) => tenure.partitions).map(partitionName);
    this.#feed({ kind: "leaving", families: [...families] });
    this.#fetching?.remove(names);
    const done = new AbortController();
    const giveUp = (): void => {
      for (const tenure of tenures) tenure.giveUp();
    };
    this.#parts.cluster.clock.delay(graceMs, done.signal).then(giveUp, () => {});
    await this.#untilIdle(() => [...families].every((family) => this.delivery.isIdleIn(family)));
    done.abort();
    if (this.#session.reason !== "lost") await this.#commits.settle();
    this.#feed({ kind: "left", families: [...families] });
    for (const family of families) this.#tenures.delete(family);
    for (const name of names) this.#ends.delete(name);
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
      if (family.isPaused || family.isLeaving) continue;
      if (tracker.records > 0) return true;
      if (heldUntilMs === null && (this.#ends.get(name) ?? 0n) > BigInt(tracker.next)) return true;
    }
    return false;
  }

  #open(partitions: readonly TopicPartition[]): void {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#session.ended]);
    const done = this.#begin(partitions, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.fail(error);
      })
      .finally(() => this.#openings.delete(opening));
    const opening: Opening = { partitions, stop, done };
    this.#openings.add(opening);
  }

  async #stopOpenings(openings: readonly Opening[]): Promise<void> {
    for (const { stop } of openings) stop.abort(new Error("the partitions are given up"));
    await Promise.all(openings.map(({ done }) => done));
  }

  async #begin(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const { cluster, settings, member } = this.#parts;
    await this.#parts.prepare(partitions, signal);
    const opening = { ...this.#parts, coordinator: member.coordinator, groupId: settings.groupId };
    const opened = await openPartitions(opening, partitions, signal);
    signal.throwIfAborted();
    for (const partition of opened) this.#feed({ kind: "assigned", partition });
    for (const family of this.#parts.paused) this.pause(family);
    const positions = new Map(opened.map((one) => [partitionName(one), BigInt(one.next)]));
    if (settings.order === "key") {
      const retries = opened.filter(({ level }) => level > 0);
      const onRecord = (event: DeliveryEvent): void => this.#feed(event);
      await noteBacklog(cluster, retries, positions, onRecord, this.#parts.isolation, signal);
      signal.throwIfAborted();
    }
    this.#commits.start();
    if (this.#fetching === null) this.#fetch(positions);
    else this.#fetching.add(positions);
  }

  #familyOf(partition: TopicPartition): string {
    return placeOf(partition, this.#parts.sources).family;
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
        fail: (error) => this.fail(error),
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
    if (this.#waiters.size === 0) return;
    for (const waiter of this.#waiters) {
      if (!waiter.isIdle()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves when this is so and all that has happened is looked at. */
  #untilIdle(isIdle: () => boolean): Promise<void> {
    if (!this.#isFeeding && isIdle()) return Promise.resolve();
    return new Promise((resolve) => void this.#waiters.add({ isIdle, resolve }));
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
        this.fail(handlerFailed(command.entry.record, command.error));
        return;
    }
  }

  #call(ticket: RunTicket): void {
    const context = new CallContext(ticket, this.#givenUp(ticket.lane), this.#acknowledge);
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

  #givenUp({ family }: Lane): AbortSignal {
    return this.#tenures.get(family.name)?.givenUp ?? this.#session.givenUp;
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
    const givenUp = this.#givenUp(ticket.lane);
    try {
      const sent = await moveRecord(cluster, producer, message, moveTimeoutMs, givenUp);
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
      if (!givenUp.aborted) this.fail(unwritable(record, message.topic, error));
      this.#feed({ kind: "unpublished", ticket });
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
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#session.end("failed", 0);
  }
}
