import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { createAdmin, createProducer } from "@candlewick/kafka";
import { silentLogger } from "@candlewick/runtime";
import type { Site } from "../../chaos/delivery/experiment.ts";
import type { GroupWay } from "../../chaos/delivery/group-way.ts";
import type { MemberReport, RebalanceSetting } from "./rebalance-member.ts";
import { type Pauses, RebalanceTimeline } from "./rebalance-timeline.ts";

/** What happened when the group got one member more or less. */
export interface RebalanceStep extends Pauses {
  readonly before: number;
  readonly after: number;
}

/** What a run came to. */
export interface RebalanceReport {
  readonly steps: readonly RebalanceStep[];
  readonly records: number;
  readonly repeated: number;
}

const PARTITIONS = 16;
const KEYS = 400;
const MOST_MEMBERS = 8;
const RECORDS_PER_TICK = 30;
const TICK_MS = 10;
const STEP_TIMEOUT_MS = 90_000;
/** How long a group that has come to rest is looked at before the next step. */
const REST_MS = 1_000;
const VALUE = Buffer.alloc(200, 120);

/** A group that grows from one member to eight and shrinks again, while records arrive all the time. */
export class RebalanceGroup {
  readonly #setting: RebalanceSetting;
  readonly #timeline = new RebalanceTimeline();
  /** How many partitions each member has. */
  readonly #members = new Map<ChildProcess, number>();
  readonly #producing = new AbortController();
  #produced = 0;

  constructor(site: Site, group: GroupWay) {
    const name = `rebalance-${process.pid}-${Date.now()}`;
    this.#setting = { port: site.proxy.port, groupId: name, topic: name, group };
  }

  /** Throws where a record was skipped or came out of the order of its key. */
  async run(): Promise<RebalanceReport> {
    const { topic } = this.#setting;
    const brokers = [`127.0.0.1:${this.#setting.port}`];
    const admin = await createAdmin({ brokers, clientId: "bench", logger: silentLogger });
    try {
      await admin.createTopics([{ name: topic, partitions: PARTITIONS, config: {} }]);
      const producing = this.#produce(brokers);
      this.#join();
      await this.#settled(Date.now());
      const steps: RebalanceStep[] = [];
      while (this.#members.size < MOST_MEMBERS) steps.push(await this.#step(async () => this.#join()));
      while (this.#members.size > 1) steps.push(await this.#step(() => this.#leave()));
      this.#producing.abort();
      await producing;
      await until("all records are finished", () => this.#timeline.records >= this.#produced);
      const ends = await admin.endOffsets([topic]);
      const counts = new Map([...ends].map(([name, end]) => [Number(name.split(":")[1]), Number(end)]));
      return { steps, records: this.#produced, repeated: this.#timeline.judge(counts) };
    } finally {
      this.#producing.abort();
      for (const member of this.#members.keys()) member.kill("SIGKILL");
      await admin.close();
    }
  }

  /** One member more or less, until every partition goes on. */
  async #step(change: () => Promise<void>): Promise<RebalanceStep> {
    const before = this.#members.size;
    const beganMs = Date.now();
    await change();
    await this.#settled(beganMs);
    return { before, after: this.#members.size, ...this.#timeline.pauses(beganMs, Date.now()) };
  }

  #join(): void {
    const script = new URL("./rebalance-member.ts", import.meta.url);
    const member = fork(script, [JSON.stringify(this.#setting)], {
      execArgv: ["--conditions=candlewick-src"],
    });
    this.#members.set(member, 0);
    member.on("message", ({ assigned, finished }: MemberReport) => {
      this.#timeline.add(finished);
      if (assigned !== null && this.#members.has(member)) this.#members.set(member, assigned);
    });
  }

  async #leave(): Promise<void> {
    const [leaver] = [...this.#members.keys()].slice(-1);
    if (leaver === undefined) throw new Error("nobody is left to leave");
    this.#members.delete(leaver);
    const gone = once(leaver, "exit");
    leaver.kill("SIGTERM");
    const [code] = await gone;
    if (code !== 0) throw new Error(`a member left with exit code ${code}`);
  }

  /** Waits until all members share the partitions, and every partition has gone on since. */
  async #settled(sinceMs: number): Promise<void> {
    const shared = (): boolean => {
      const counts = [...this.#members.values()];
      return counts.every((count) => count > 0) && counts.reduce((sum, one) => sum + one, 0) === PARTITIONS;
    };
    await until("the members share the partitions", shared);
    const sharedMs = Math.max(sinceMs, Date.now());
    await until(
      "every partition goes on",
      () => shared() && this.#timeline.partitionsSince(sharedMs).size === PARTITIONS,
    );
    await pause(REST_MS);
  }

  async #produce(brokers: readonly string[]): Promise<void> {
    const { topic } = this.#setting;
    const producer = await createProducer({ brokers, clientId: "load", logger: silentLogger });
    const failures: Error[] = [];
    while (!this.#producing.signal.aborted) {
      for (let count = 0; count < RECORDS_PER_TICK; count++) {
        const key = Buffer.from(`key-${this.#produced++ % KEYS}`);
        await producer.enqueue({ topic, key, value: VALUE }, (error) => {
          if (error !== null) failures.push(error);
        });
      }
      await pause(TICK_MS);
    }
    await producer.close();
    const [failure] = failures;
    if (failure !== undefined) throw failure;
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + STEP_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it did not happen in time that ${what}`);
    await pause(50);
  }
}
