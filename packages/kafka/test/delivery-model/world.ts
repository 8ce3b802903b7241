import type { DeliverySettings, RunTicket } from "../../src/delivery/delivery-events.ts";
import type { FailureKind } from "../../src/delivery/failure-kind.ts";
import type { CommittableOffset } from "../../src/delivery/partition-delivery.ts";
import type { ConsumedRecord } from "../../src/index.ts";
import { replayMessage } from "../../src/retry/replay-message.ts";
import { retryTopic } from "../../src/retry/retry-topic.ts";
import { Chance } from "./chance.ts";
import { IncrementalGroup } from "./incremental-group.ts";
import { Ledger, type Life, type Nature } from "./ledger.ts";
import { SimulatedKafka } from "./simulated-kafka.ts";
import { idOf, SimulatedMember } from "./simulated-member.ts";
import { Timeline } from "./timeline.ts";

const CALM_AFTER_MS = 4_000;
const MOST_STEPS = 400_000;

/** What a seed came to. */
export interface Outcome {
  readonly records: number;
  readonly applied: number;
  readonly repeated: number;
  readonly dead: number;
  readonly moves: number;
  readonly crashes: number;
  readonly losses: number;
  readonly rebalances: number;
  readonly redrives: number;
}

/** A group of members, a Kafka, and a fate, all from one seed; and the model that watches them. */
export class World {
  readonly chance: Chance;
  readonly time = new Timeline();
  readonly ledger = new Ledger();
  readonly kafka: SimulatedKafka;
  readonly settings: DeliverySettings;
  readonly #partitions: number;
  readonly #members: SimulatedMember[] = [];
  readonly #keys: readonly (string | null)[];
  readonly #toProduce: number;
  /** Nothing crashes, nobody is lost: then nothing may be repeated. */
  readonly isCalm: boolean;
  readonly #startMs: number;
  /** Null where all partitions are given up at each rebalance. */
  readonly #incremental: IncrementalGroup | null;
  #isRebalancing = false;
  #named = 0;
  #commits = 0;
  #counts = { moves: 0, crashes: 0, losses: 0, rebalances: 0, redrives: 0 };

  constructor(seed: number) {
    const chance = new Chance(seed);
    this.chance = chance;
    this.kafka = new SimulatedKafka(chance);
    this.settings = settingsOf(chance);
    this.#partitions = chance.between(1, 3);
    this.#keys = [null, ...Array.from({ length: chance.between(1, 6) }, (_, index) => `k${index}`)];
    this.#toProduce = chance.between(10, 120);
    this.isCalm = chance.happens(0.3);
    this.#startMs = this.time.nowMs;
    this.#incremental = chance.happens(0.5) ? new IncrementalGroup(this, this.#partitions) : null;
    for (let partition = 0; partition < this.#partitions; partition++) {
      this.kafka.create({ topic: "t", partition });
      for (let level = 0; level < this.settings.levels; level++)
        this.kafka.create({ topic: retryTopic("t", level), partition });
    }
    this.kafka.create({ topic: "t.dlq", partition: 0 });
    for (let count = chance.between(1, 3); count > 0; count--) this.#join();
    this.#produceLater();
    this.#fateLater();
  }

  /** Lets everything happen until all records are finished. Throws where the model is violated. */
  run(): Outcome {
    let nextLookMs = this.time.nowMs;
    for (let steps = 0; ; steps++) {
      if (!this.time.step()) throw new Error("nothing is planned any more");
      if (steps > MOST_STEPS) throw new Error(`it does not come to rest: ${this.#left().join(", ")}`);
      if (this.time.nowMs < nextLookMs) continue;
      nextLookMs = this.time.nowMs + 200;
      if (this.#isEnding && this.ledger.lives.length === this.#toProduce && this.#left().length === 0) break;
    }
    this.#checkEnd();
    const { lives } = this.ledger;
    return {
      records: lives.length,
      applied: lives.filter((life) => life.applied > 0).length,
      repeated: lives.reduce((sum, life) => sum + Math.max(0, life.applied - 1), 0),
      dead: lives.filter((life) => life.applied === 0).length,
      ...this.#counts,
    };
  }

  get #isEnding(): boolean {
    return this.time.nowMs - this.#startMs > CALM_AFTER_MS;
  }

  // What members tell.

  /** How the record will fail now; null where it will not. */
  outcome(record: ConsumedRecord): FailureKind | null {
    const { nature, failuresLeft } = this.ledger.life(idOf(record));
    if (failuresLeft === 0 || nature === "good") return null;
    return nature;
  }

  fail(record: ConsumedRecord): void {
    const life = this.ledger.life(idOf(record));
    life.failuresLeft--;
    life.failures++;
  }

  beginRun(member: SimulatedMember, ticket: RunTicket): void {
    const inTicket = new Set<number>();
    for (const { record } of ticket.entries) {
      const life = this.ledger.life(idOf(record));
      for (const other of member.runningTickets) this.#checkSideBySide(life, other);
      if (this.isCalm) this.#checkOwner(life, member);
      if (life.redriven === 0) this.#checkOrder(life, record, inTicket);
      inTicket.add(life.id);
      life.handedOut++;
    }
  }

  apply(record: ConsumedRecord): void {
    const life = this.ledger.life(idOf(record));
    life.applied++;
    if (this.isCalm && life.applied > 1)
      throw new Error(`record ${life.id} was handled twice without any fault`);
  }

  moved(record: ConsumedRecord, isDead: boolean): void {
    const life = this.ledger.life(idOf(record));
    this.#counts.moves++;
    life.movedFrom.add(`${record.topic}:${record.partition}@${record.offset}`);
    if (!isDead) return;
    life.dead++;
    this.#checkGivenUp(life);
  }

  /** Whether the commit was taken. */
  commit(member: SimulatedMember, offsets: readonly CommittableOffset[]): boolean {
    if (!member.isInGroup) return false;
    for (const { topic, partition, next } of offsets) {
      const before = this.kafka.committed.get(`${topic}:${partition}`)?.next ?? 0;
      if (next < before) throw new Error(`the offset of ${topic}:${partition} went back to ${next}`);
    }
    this.kafka.commit(offsets);
    for (const { topic, partition } of offsets) this.#checkCommitted(`${topic}:${partition}`);
    if (this.#commits++ % 8 === 0) this.#checkNothingLost();
    return true;
  }

  /** A member has given up partitions that are another's now. */
  released(member: SimulatedMember, partitions: readonly number[]): void {
    if (this.#incremental === null) this.memberFreed();
    else this.time.in(0, () => this.#incremental?.released(member, partitions));
  }

  /** How long the group waits for partitions to be given up. */
  patienceMs(): number {
    return this.isCalm ? 100_000 : this.chance.between(20, 600);
  }

  memberFreed(): void {
    this.time.in(0, () => this.#assignIfAllAreFree());
  }

  // The fate of the group.

  #join(): void {
    const member = new SimulatedMember(this, `m${this.#named++}`);
    this.#members.push(member);
    member.isInGroup = true;
    this.#rebalance();
  }

  #rebalance(): void {
    this.#counts.rebalances++;
    if (this.#incremental !== null) {
      this.#incremental.rebalance(this.#members);
      return;
    }
    this.#isRebalancing = true;
    for (const member of this.#members) if (member.isInGroup) member.releaseAll();
    this.memberFreed();
    this.time.in(this.patienceMs(), () => {
      if (!this.#isRebalancing) return;
      for (const member of this.#members) if (member.isInGroup && !member.isFree) this.lose(member);
      this.#assignIfAllAreFree();
    });
  }

  #assignIfAllAreFree(): void {
    const group = this.#members.filter((member) => member.isInGroup);
    if (!this.#isRebalancing || group.length === 0 || !group.every((member) => member.isFree)) return;
    this.#isRebalancing = false;
    const shift = this.chance.between(0, group.length - 1);
    group.forEach((member, index) => {
      const families = Array.from({ length: this.#partitions }, (_, number) => number);
      member.take(families.filter((number) => (number + shift) % group.length === index));
    });
  }

  /** The group goes on without a member that lives; it notices later, and joins again when it is free. */
  lose(member: SimulatedMember): void {
    this.#counts.losses++;
    member.isInGroup = false;
    this.time.in(this.chance.between(0, 300), () => {
      if (!member.isDead && !member.isInGroup) member.forsake();
    });
    this.#joinAgainWhenFree(member);
    this.memberFreed();
  }

  #joinAgainWhenFree(member: SimulatedMember): void {
    this.time.in(this.chance.between(20, 200), () => {
      if (member.isDead || member.isInGroup) return;
      if (!member.isFree) return this.#joinAgainWhenFree(member);
      member.isInGroup = true;
      member.isGoing = false;
      this.#rebalance();
    });
  }

  #fateLater(): void {
    this.time.in(this.chance.between(30, 700), () => {
      if (this.#isEnding) return;
      const alive = this.#members.filter((member) => !member.isDead && member.isInGroup);
      const fate = this.chance.next();
      if (fate < 0.2 && alive.length < 4) this.#join();
      else if (fate < 0.35 && alive.length > 1) this.#leave(this.chance.pick(alive));
      else if (fate < 0.6) this.#redrive();
      else if (!this.isCalm && fate < 0.85 && alive.length > 0) this.#crash(this.chance.pick(alive));
      else if (!this.isCalm && alive.length > 0) {
        this.lose(this.chance.pick(alive));
        this.#rebalance();
      }
      this.#fateLater();
    });
  }

  #leave(member: SimulatedMember): void {
    member.isGoing = true;
    member.drain();
    const whenFree = (): void => {
      if (member.isDead || !member.isInGroup) return;
      if (!member.isFree) {
        // It may have got partitions meanwhile.
        member.drain();
        this.time.in(5, whenFree);
        return;
      }
      member.isInGroup = false;
      member.isDead = true;
      if (this.#members.every((other) => other.isDead)) this.#join();
      else this.#rebalance();
    };
    whenFree();
  }

  #crash(member: SimulatedMember): void {
    this.#counts.crashes++;
    member.crash();
    this.#checkNothingLost();
    this.time.in(this.chance.between(20, 200), () => {
      member.isInGroup = false;
      this.#rebalance();
    });
    this.time.in(this.chance.between(20, 400), () => this.#join());
  }

  #redrive(): void {
    const letters = this.kafka.log("t.dlq:0").filter((record) => record !== null);
    const letter = letters.find((record) => {
      const life = this.ledger.life(idOf(record));
      return life.applied === 0 && life.redriven < life.dead;
    });
    if (letter === undefined) return;
    const life = this.ledger.life(idOf(letter));
    life.redriven++;
    this.#counts.redrives++;
    // It was mended, mostly.
    if (this.chance.happens(0.7)) life.failuresLeft = 0;
    const to = this.settings.levels > 0 && this.chance.happens(0.7) ? "retry" : "origin";
    this.kafka.append(replayMessage(letter, to), this.time.nowMs);
  }

  #produceLater(): void {
    this.time.in(this.chance.between(0, 40), () => {
      if (this.ledger.lives.length >= this.#toProduce) return;
      for (let count = this.chance.between(1, 5); count > 0; count--) this.#produce();
      this.#produceLater();
    });
  }

  #produce(): void {
    if (this.ledger.lives.length >= this.#toProduce) return;
    const key = this.chance.pick(this.#keys);
    const id = this.ledger.lives.length;
    const partition = Number(key?.slice(1) ?? this.chance.between(0, 9)) % this.#partitions;
    const value = Buffer.from(String(id));
    const message = { topic: "t", partition, key: key === null ? null : Buffer.from(key), value };
    const { offset } = this.kafka.append(message, this.time.nowMs);
    const [nature, failuresLeft] = natureOf(this.chance);
    this.ledger.add({
      id,
      key,
      partition,
      offset: Number(offset),
      nature,
      failuresLeft,
      failures: 0,
      handedOut: 0,
      applied: 0,
      dead: 0,
      redriven: 0,
      movedFrom: new Set(),
    });
  }

  // What must hold.

  #checkSideBySide(life: Life, other: RunTicket): void {
    for (const { record } of other.entries) {
      const beside = this.ledger.life(idOf(record));
      const { parallelism } = this.settings;
      const sameKey = life.key !== null && life.key === beside.key;
      const samePartition = life.partition === beside.partition;
      if (parallelism === "key" ? sameKey : parallelism === "partition" ? samePartition : true)
        throw new Error(`records ${beside.id} and ${life.id} run side by side (${parallelism})`);
    }
  }

  /** What is handed over in order is never with two members. */
  #checkOwner(life: Life, member: SimulatedMember): void {
    for (const other of this.#members) {
      if (other === member) continue;
      for (const { record } of [...other.runningTickets].flatMap(({ entries }) => entries)) {
        if (this.ledger.life(idOf(record)).partition === life.partition)
          throw new Error(`partition ${life.partition} is handled by ${other.name} and by ${member.name}`);
      }
    }
  }

  #checkOrder(life: Life, record: ConsumedRecord, inTicket: ReadonlySet<number>): void {
    for (const earlier of this.ledger.before(life)) {
      if (this.ledger.isSettled(earlier) || inTicket.has(earlier.id)) continue;
      if (this.settings.order === "none" && (earlier.failures > 0 || record.topic !== "t")) continue;
      throw new Error(`record ${life.id} of key ${life.key} is handled before record ${earlier.id}`);
    }
  }

  /** Only what failed is given up, and what may pass has had all its attempts, wherever it was parked before. */
  #checkGivenUp({ id, nature, handedOut, redriven }: Life): void {
    if (nature === "good") throw new Error(`record ${id} was given up and never failed`);
    const attempts = this.settings.delaysMs.length + 1;
    if (nature !== "poison" && redriven === 0 && handedOut < attempts)
      throw new Error(`record ${id} was given up after ${handedOut} of ${attempts} attempts`);
  }

  /** Whatever is committed of a partition is handled, or its move was acknowledged. */
  #checkCommitted(name: string): void {
    this.kafka.log(name).forEach((record, offset) => {
      if (record === null || this.kafka.isUnfinished(name, offset)) return;
      const life = this.ledger.life(idOf(record));
      if (this.ledger.isSettled(life) || life.movedFrom.has(`${name}@${offset}`)) return;
      // Its copy in a retry topic stands for it.
      if (this.#hasLiveCopy(life)) return;
      throw new Error(`offset ${offset} of ${name} (record ${life.id}) is committed and not finished`);
    });
  }

  /** Every record is handled, dead, or would be read after a crash. */
  #checkNothingLost(): void {
    for (const life of this.ledger.lives) {
      if (!this.ledger.isSettled(life) && !this.#hasLiveCopy(life))
        throw new Error(`record ${life.id} is lost: nobody would ever read it again`);
    }
  }

  #hasLiveCopy(life: Life): boolean {
    return this.kafka.names().some((name) => {
      if (name === "t.dlq:0" || Number(name.split(":")[1]) !== life.partition) return false;
      return this.kafka
        .log(name)
        .some(
          (record, offset) =>
            record !== null && idOf(record) === life.id && this.kafka.isUnfinished(name, offset),
        );
    });
  }

  #left(): string[] {
    return this.kafka.names().filter((name) => {
      if (name === "t.dlq:0") return false;
      return (this.kafka.committed.get(name)?.next ?? 0) < this.kafka.log(name).length;
    });
  }

  /** Every record ends in exactly one state; without faults it got there once. */
  #checkEnd(): void {
    for (const life of this.ledger.lives) {
      if (!this.ledger.isSettled(life)) throw new Error(`record ${life.id} was neither handled nor given up`);
      const ends = life.applied + life.dead - life.redriven;
      if (ends < 1 || (this.isCalm && ends !== 1))
        throw new Error(
          `record ${life.id} ended ${ends} times: ${JSON.stringify({ ...life, movedFrom: null })}`,
        );
    }
  }
}

function natureOf(chance: Chance): [Nature, number] {
  const fate = chance.next();
  if (fate < 0.7) return ["good", 0];
  if (fate < 0.8) return ["transient", chance.between(1, 4)];
  if (fate < 0.94) return ["unknown", chance.happens(0.3) ? Number.POSITIVE_INFINITY : chance.between(1, 4)];
  return ["poison", Number.POSITIVE_INFINITY];
}

function settingsOf(chance: Chance): DeliverySettings {
  const levels = chance.between(0, 3);
  const isBatch = chance.happens(0.4);
  return {
    groupId: "g",
    parallelism: chance.pick(["key", "key", "partition", "single"] as const),
    concurrency: chance.between(1, 8),
    order: chance.pick(["key", "key", "none"] as const),
    delaysMs: Array.from({ length: levels }, () => chance.between(0, 300)),
    levels,
    jitter: chance.pick([0, 0.2, 1]),
    batch: {
      maxRecords: isBatch ? chance.between(2, 6) : 1,
      maxBytes: chance.pick([100, 1_000_000]),
      lingerMs: isBatch ? chance.pick([0, 10]) : 0,
    },
    maxWindowRecords: chance.between(1, 40),
    maxWindowBytes: chance.pick([300, 3_000, 1_000_000]),
    readAheadRecords: chance.pick([1, 3, 10, Number.POSITIVE_INFINITY]),
    backoff: { firstMs: 5, maxMs: 60 },
    transientForMs: chance.pick([0, 30, Number.POSITIVE_INFINITY]),
    onFailure: "dead-letter",
    random: () => chance.next(),
  };
}

/** Runs one seed. Throws with the line that replays it. */
export function runSeed(seed: number): Outcome {
  try {
    return new World(seed).run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${reason}\nreplay with: npm run chaos -- delivery-model --seed ${seed}`, { cause });
  }
}
