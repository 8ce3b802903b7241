import { partitionName } from "@candlewick/contracts";
import { moveMessage } from "../../src/consumer/record-mover.ts";
import { decodeFinished } from "../../src/delivery/commit-metadata.ts";
import { Delivery } from "../../src/delivery/delivery.ts";
import type {
  DeliveryCommand,
  DeliveryEvent,
  Failure,
  PublishTicket,
  RunTicket,
} from "../../src/delivery/delivery-events.ts";
import type { ConsumedRecord } from "../../src/index.ts";
import { topicFamily } from "../../src/retry/retry-topic.ts";
import type { World } from "./world.ts";

/** The name of the family of a partition of the topic. */
const familyName = (partition: number): string => partitionName({ topic: "t", partition });

export const idOf = (record: ConsumedRecord): number => Number(record.value?.toString());

/** One process: it runs the production scheduling, and stands in for its connections, timers and handlers. */
export class SimulatedMember {
  readonly name: string;
  readonly #world: World;
  delivery: Delivery | null = null;
  /** Counts sessions: what was begun in an earlier one is ignored when it ends. */
  #session = 0;
  #positions = new Map<string, number>();
  /** Partitions of the topic that it holds, and those of them that it is to give up. */
  readonly #held = new Set<number>();
  readonly #leaving = new Set<number>();
  /** Counts how often each partition came: what was read for an earlier time is void. */
  readonly #tenures = new Map<string, number>();
  #wakeAtMs: number | null = null;
  #arrivalMs = 0;
  #isDraining = false;
  #running = new Set<RunTicket>();
  readonly #writing = new Set<PublishTicket>();
  isInGroup = false;
  isDead = false;
  /** It has begun to leave for good. */
  isGoing = false;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  /** No handler runs and no partition is held. */
  get isFree(): boolean {
    return (this.delivery === null || this.#held.size === 0) && this.#running.size === 0;
  }

  get runningTickets(): ReadonlySet<RunTicket> {
    return this.#running;
  }

  /** Further partitions of the topic, each with its retries, are this member's. */
  take(families: readonly number[]): void {
    if (this.isDead || families.length === 0) return;
    const { settings, kafka } = this.world;
    if (this.delivery === null) this.#begin();
    for (const family of families) this.#held.add(family);
    const names = kafka.names().filter((name) => {
      const [topic = "", number] = name.split(":");
      return !topic.endsWith(".dlq") && families.includes(Number(number));
    });
    for (const name of names) {
      const [topic = "", number] = name.split(":");
      const partition = Number(number);
      const { level } = topicFamily(topic);
      const { next, metadata } = kafka.committed.get(name) ?? { next: 0, metadata: "" };
      const family = familyName(partition);
      const finished = decodeFinished(next, metadata);
      this.#feed({ kind: "assigned", partition: { topic, partition, family, level, next, finished } });
      this.#tenures.set(name, (this.#tenures.get(name) ?? 0) + 1);
    }
    if (settings.order === "key") {
      for (const name of names) {
        if (topicFamily(name.split(":")[0] ?? "").level === 0) continue;
        for (const record of kafka.log(name).slice(kafka.committed.get(name)?.next ?? 0)) {
          if (record !== null) this.#feed({ kind: "backlog", partition: name, record });
        }
      }
    }
    for (const name of names) this.#positions.set(name, kafka.committed.get(name)?.next ?? 0);
  }

  /** Partitions are to be given up; those that it does not hold are so already. */
  release(families: readonly number[]): void {
    const held = families.filter((family) => this.#held.has(family) && !this.#leaving.has(family));
    if (this.delivery === null || held.length === 0) return;
    for (const family of held) this.#leaving.add(family);
    this.#feed({ kind: "leaving", families: held.map(familyName) });
  }

  releaseAll(): void {
    this.release([...this.#held]);
  }

  #begin(): void {
    this.delivery = new Delivery(this.world.settings);
    this.#isDraining = false;
    this.#held.clear();
    this.#leaving.clear();
    this.#positions = new Map();
    this.#wakeAtMs = null;
    const session = ++this.#session;
    this.#poll(session);
    this.#commitLater(session);
  }

  /** An orderly farewell to the partitions: nothing new is begun. */
  drain(): void {
    if (this.delivery === null || this.#isDraining) return;
    this.#isDraining = true;
    this.#feed({ kind: "draining" });
  }

  /** The group went on without this member, which notices now: what it has in hand is not its own any more. */
  forsake(): void {
    this.delivery = null;
    this.#session++;
  }

  /** The process ends at once. What was written may have arrived, what ran may have had its effect. */
  crash(): void {
    this.isDead = true;
    for (const ticket of this.#writing) if (this.#world.chance.happens(0.5)) this.#land(ticket);
    for (const ticket of this.#running) {
      if (!this.#world.chance.happens(0.5)) continue;
      for (const { record } of ticket.entries) {
        if (this.#world.outcome(record) !== null) break;
        this.#world.apply(record);
      }
    }
    this.#running.clear();
    this.#writing.clear();
    this.delivery = null;
  }

  private get world(): World {
    return this.#world;
  }

  #isOld(session: number): boolean {
    return this.isDead || session !== this.#session || this.delivery === null;
  }

  #feed(event: DeliveryEvent): void {
    const delivery = this.delivery;
    if (delivery === null) return;
    for (const command of delivery.step(event)) this.#do(command);
    this.#schedule();
    if (this.#isDraining && delivery.isIdle) {
      this.#commit();
      this.delivery = null;
      this.#session++;
      this.#isDraining = false;
      this.#world.memberFreed();
    } else this.#letGo(delivery);
  }

  /** What is to be given up and has nothing in hand is committed, then given up. */
  #letGo(delivery: Delivery): void {
    const gone = [...this.#leaving].filter((family) => delivery.isIdleIn(familyName(family)));
    if (gone.length === 0) return;
    this.#commit();
    for (const family of gone) {
      this.#leaving.delete(family);
      this.#held.delete(family);
      for (const { name } of [...delivery.partitions()])
        if (Number(name.split(":")[1]) === family) this.#positions.delete(name);
    }
    this.#feed({ kind: "left", families: gone.map(familyName) });
    this.#world.released(this, gone);
  }

  #do(command: DeliveryCommand): void {
    const isBegun = command.kind === "run" || command.kind === "publish";
    if (isBegun && (this.#isDraining || this.#isLeaving(command.ticket.lane.family.name)))
      throw new Error(`${this.name} begins a ${command.kind} while it gives its partitions up`);
    switch (command.kind) {
      case "run":
        this.#run(command.ticket);
        return;
      case "publish":
        this.#write(command.ticket);
        return;
      case "rewind":
        if (this.#positions.has(command.partition)) this.#positions.set(command.partition, command.offset);
        return;
      case "room":
        return;
      case "stop":
        throw command.error;
    }
  }

  #isLeaving(family: string): boolean {
    return [...this.#leaving].some((one) => familyName(one) === family);
  }

  #poll(session: number): void {
    this.#world.time.in(this.#world.chance.between(1, 8), () => {
      if (this.#isOld(session) || this.delivery === null) return;
      for (const { name } of [...this.delivery.partitions()])
        if (this.#positions.has(name) && this.delivery.wants(name)) this.#fetch(session, name);
      this.#poll(session);
    });
  }

  /** What was read arrives a little later, when it may not be wanted any more. */
  #fetch(session: number, name: string): void {
    const { chance, kafka, time } = this.#world;
    const tenure = this.#tenures.get(name);
    for (let pieces = chance.between(1, 3); pieces > 0; pieces--) {
      const from = this.#positions.get(name) ?? 0;
      const part = kafka.log(name).slice(from, from + chance.between(1, 8));
      if (part.length === 0) return;
      const position = from + part.length;
      this.#positions.set(name, position);
      const records = part.filter((record) => record !== null);
      // One after the other, as on one connection.
      this.#arrivalMs = Math.max(this.#arrivalMs, time.nowMs + chance.between(0, 4));
      time.in(this.#arrivalMs - time.nowMs, () => {
        if (this.#isOld(session) || this.#tenures.get(name) !== tenure) return;
        this.#feed({ kind: "arrived", partition: name, records, from, position, nowMs: time.nowMs });
      });
    }
  }

  #run(ticket: RunTicket): void {
    const { chance, time } = this.#world;
    this.#world.beginRun(this, ticket);
    this.#running.add(ticket);
    const session = this.#session;
    const durationMs = chance.happens(0.1) ? chance.between(50, 400) : chance.between(0, 6);
    time.in(durationMs, () => {
      if (this.isDead) return;
      this.#running.delete(ticket);
      const failure = this.#handle(ticket);
      const nowMs = time.nowMs;
      if (this.#isOld(session)) this.#world.memberFreed();
      else if (failure === null) this.#feed({ kind: "handled", ticket, nowMs });
      else this.#feed({ kind: "failed", ticket, failure, nowMs });
    });
  }

  /** What the handler of a test would do: applies records until one fails, and may know which one it was. */
  #handle(ticket: RunTicket): Failure | null {
    const at = ticket.entries.findIndex(({ record }) => this.#world.outcome(record) !== null);
    const failing = ticket.entries[at];
    if (failing === undefined) {
      for (const { record } of ticket.entries) this.#world.apply(record);
      return null;
    }
    const kind = this.#world.outcome(failing.record) ?? "unknown";
    const knows = ticket.entries.length === 1 || this.#world.chance.happens(0.5);
    // A handler that cannot tell which record it was does all of them or none.
    if (knows) for (const { record } of ticket.entries.slice(0, at)) this.#world.apply(record);
    this.#world.fail(failing.record);
    return { kind, error: new Error(`record ${idOf(failing.record)}: ${kind}`), index: knows ? at : null };
  }

  #write(ticket: PublishTicket): void {
    const { chance, time } = this.#world;
    const session = this.#session;
    this.#writing.add(ticket);
    time.in(chance.between(0, chance.happens(0.1) ? 150 : 5), () => {
      if (this.isDead) return;
      this.#writing.delete(ticket);
      const offset = this.#land(ticket);
      time.in(chance.between(0, 3), () => {
        if (this.#isOld(session)) return;
        this.#feed({ kind: "published", ticket, offset, nowMs: time.nowMs });
      });
    });
  }

  #land(ticket: PublishTicket): number {
    const { record } = ticket.entry;
    const landed = this.#world.kafka.append(moveMessage(ticket, "g"), this.#world.time.nowMs);
    this.#world.moved(record, ticket.to === "dead");
    return Number(landed.offset);
  }

  #commitLater(session: number): void {
    this.#world.time.in(this.#world.chance.between(5, 60), () => {
      if (this.#isOld(session)) return;
      this.#commit();
      this.#commitLater(session);
    });
  }

  #commit(): void {
    if (this.delivery === null) return;
    const offsets = this.delivery.committable();
    if (this.#world.commit(this, offsets)) this.delivery.committed(offsets);
  }

  #schedule(): void {
    const atMs = this.delivery?.wakeAtMs ?? null;
    if (atMs === null || (this.#wakeAtMs !== null && this.#wakeAtMs <= atMs)) return;
    this.#wakeAtMs = atMs;
    const session = this.#session;
    this.#world.time.in(Math.max(0, atMs - this.#world.time.nowMs), () => {
      if (this.#isOld(session)) return;
      this.#wakeAtMs = null;
      this.#feed({ kind: "clock", nowMs: this.#world.time.nowMs });
    });
  }
}
