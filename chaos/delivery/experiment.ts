import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Admin, createAdmin, createProducer, type Producer, readRetryInfo } from "@candlewick/kafka";
import { CandlewickError, silentLogger } from "@candlewick/runtime";
import { Chance } from "../../packages/kafka/test/delivery-model/chance.ts";
import { readAll } from "../../packages/kafka/test/reading.ts";
import type { SeveringProxy } from "../../packages/kafka/test/severing-proxy.ts";
import type { GroupWay } from "./group-way.ts";
import { BLOCKED_SESSIONS, type MemberSetting, type Task } from "./task.ts";
import { type Deed, type Fault, judge, type Verdict } from "./verdict.ts";

/** A Kafka behind a proxy. */
export interface Site {
  readonly proxy: SeveringProxy;
  crash(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly seed: number;
  readonly tasks: number;
  readonly sessionTimeoutMs: number;
  readonly group: GroupWay;
}

export interface RunReport extends Verdict {
  readonly faults: Readonly<Record<string, number>>;
  /** The longest time in which no task was done while there were some to do, in milliseconds. */
  readonly longestPauseMs: number;
}

const PARTITIONS = 6;
const KEYS = 40;
const REST_TIMEOUT_MS = 90_000;
const MOST_MEMBERS = 8;

/** One group of processes that meets with faults while it works. Throws where its promises are broken. */
export class Experiment {
  readonly #site: Site;
  readonly #options: RunOptions;
  readonly #chance: Chance;
  readonly #folder = mkdtempSync(join(tmpdir(), "candlewick-delivery-"));
  readonly #setting: MemberSetting;
  readonly #tasks: readonly Task[];
  readonly #members = new Set<ChildProcess>();
  readonly #faults = { kills: 0, leaves: 0, joins: 0, "broker crashes": 0, partitions: 0 };
  /** When something was broken that may make tasks come again. */
  readonly #broken: Fault[] = [];
  readonly #ended: string[] = [];
  #isOver = false;
  #longestPauseMs = 0;

  constructor(site: Site, options: RunOptions) {
    this.#site = site;
    this.#options = options;
    this.#chance = new Chance(options.seed);
    const name = `chaos-${options.seed}-${process.pid}-${Date.now()}`;
    const { sessionTimeoutMs, group } = options;
    const journal = join(this.#folder, "journal");
    const { port } = site.proxy;
    this.#setting = { port, groupId: name, topic: name, journal, sessionTimeoutMs, group };
    this.#tasks = Array.from({ length: options.tasks }, (_, id) => taskOf(this.#chance, id));
  }

  async run(): Promise<RunReport> {
    const connection = {
      brokers: [`127.0.0.1:${this.#site.proxy.port}`],
      clientId: "experiment",
      logger: silentLogger,
    };
    const admin = await createAdmin(connection);
    const producer = await createProducer(connection, { retries: 100_000 });
    const { topic } = this.#setting;
    try {
      await admin.createTopics([{ name: topic, partitions: PARTITIONS, config: {} }]);
      const first = this.#chance.between(1, 3);
      await Promise.all(Array.from({ length: first }, () => this.#join()));
      const watching = this.#watch();
      await Promise.all([this.#produce(producer), this.#breakThings()]);
      await this.#rest(admin);
      this.#isOver = true;
      await watching;
      const dead = await this.#dead(admin, connection);
      const moved = await Promise.all(
        this.#retryTopics.map((topic) => this.#moved(admin, connection, topic)),
      );
      const faults = this.#faults;
      const broken = [...this.#broken, ...this.#blocked()];
      return {
        ...judge(this.#tasks, { done: this.#done(), dead, moved }, broken, this.#options.sessionTimeoutMs),
        faults,
        longestPauseMs: this.#longestPauseMs,
      };
    } finally {
      this.#isOver = true;
      for (const member of this.#members) member.kill("SIGKILL");
      await producer.close(1_000).catch(() => {});
      await admin.close();
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** When members blocked their event loops. */
  #blocked(): Fault[] {
    const lastsMs = this.#options.sessionTimeoutMs * BLOCKED_SESSIONS;
    return this.#tasks.flatMap(({ id }) => {
      const path = `${this.#setting.journal}.blocked-${id}`;
      if (!existsSync(path)) return [];
      const fromMs = Number(readFileSync(path, "utf8"));
      return [{ fromMs, toMs: fromMs + lastsMs }];
    });
  }

  async #join(): Promise<void> {
    const script = new URL("./member.ts", import.meta.url);
    const member = fork(script, [JSON.stringify(this.#setting)], {
      execArgv: ["--conditions=candlewick-src"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#members.add(member);
    let told = "";
    member.stderr?.on("data", (text: Buffer) => {
      told += text.toString();
    });
    member.once("exit", (code) => {
      this.#members.delete(member);
      if (code !== null && code !== 0) this.#ended.push(told.slice(0, 600));
    });
    await Promise.race([once(member, "message"), once(member, "exit")]);
  }

  async #produce(producer: Producer): Promise<void> {
    const { topic } = this.#setting;
    const pending: Promise<unknown>[] = [];
    for (const task of this.#tasks) {
      const message = { topic, key: Buffer.from(task.key), value: Buffer.from(JSON.stringify(task)) };
      pending.push(producer.send(message));
      if (task.id % 20 === 0) await delay(15);
    }
    await Promise.all(pending);
  }

  /** A handful of faults, some time apart; then all is mended again. */
  async #breakThings(): Promise<void> {
    for (let count = this.#chance.between(1, 4); count > 0; count--) {
      await delay(this.#chance.between(100, 700));
      await this.#fault();
    }
    if (this.#members.size === 0) await this.#join();
  }

  async #fault(): Promise<void> {
    const fate = this.#chance.next();
    const members = [...this.#members];
    if (fate < 0.3 && members.length > 0) {
      this.#faults.kills++;
      const victim = this.#chance.pick(members);
      await this.#breaking(async () => {
        const gone = once(victim, "exit");
        victim.kill("SIGKILL");
        await gone;
      });
      await this.#join();
    } else if (fate < 0.5 && members.length < MOST_MEMBERS) {
      this.#faults.joins++;
      await this.#join();
    } else if (fate < 0.65 && members.length > 1) {
      this.#faults.leaves++;
      const leaver = this.#chance.pick(members);
      const gone = once(leaver, "exit");
      leaver.kill("SIGTERM");
      await gone;
    } else if (fate < 0.8) {
      this.#faults["broker crashes"]++;
      await this.#breaking(async () => {
        await this.#site.crash();
        await delay(this.#chance.between(0, 500));
        await this.#site.restart();
      });
    } else {
      this.#faults.partitions++;
      await this.#breaking(async () => {
        // Requests arrive, and no answer does.
        this.#site.proxy.severEvery = 1;
        await delay(this.#chance.between(200, this.#options.sessionTimeoutMs * 2));
        this.#site.proxy.severEvery = 0;
      });
    }
  }

  /** Notes from when to when something was broken. */
  async #breaking(fault: () => Promise<void>): Promise<void> {
    const fromMs = Date.now();
    await fault();
    this.#broken.push({ fromMs, toMs: Date.now() });
  }

  /** Waits until the group has finished all that lies in its topics. */
  async #rest(admin: Admin): Promise<void> {
    const { topic, groupId } = this.#setting;
    const topics = [topic, ...this.#retryTopics];
    const deadline = performance.now() + REST_TIMEOUT_MS;
    for (;;) {
      if (this.#members.size === 0) throw new Error(`all members have ended: ${this.#ended.join("; ")}`);
      const left = await unfinished(admin, groupId, topics);
      if (left.length === 0) return;
      if (performance.now() > deadline)
        throw new Error(`it does not come to rest: ${left.join(", ")}; ${this.#ended.join("; ")}`);
      await delay(50);
    }
  }

  /** Notes for how long nothing was done. */
  async #watch(): Promise<void> {
    let seen = 0;
    let sinceMs = performance.now();
    while (!this.#isOver) {
      const now = this.#done().length;
      if (now !== seen || now >= this.#tasks.length) sinceMs = performance.now();
      seen = now;
      this.#longestPauseMs = Math.max(this.#longestPauseMs, Math.round(performance.now() - sinceMs));
      await delay(50);
    }
  }

  #done(): Deed[] {
    if (!existsSync(this.#setting.journal)) return [];
    const lines = readFileSync(this.#setting.journal, "utf8").split("\n").filter(Boolean);
    return lines.map((line) => {
      const [id, atMs] = line.split(" ");
      return { id: Number(id), atMs: Number(atMs) };
    });
  }

  get #retryTopics(): string[] {
    const { topic } = this.#setting;
    return [`${topic}.retry.0`, `${topic}.retry.1`];
  }

  /** What was written to a retry topic. A task that was moved twice lies in one partition, in the order of the moves. */
  async #moved(admin: Admin, connection: Parameters<typeof createAdmin>[0], topic: string): Promise<Deed[]> {
    const ends = [...(await admin.endOffsets([topic])).values()];
    const count = Number(ends.reduce((sum, end) => sum + end, 0n));
    const records = count === 0 ? [] : await readAll(connection, topic, count);
    return records.map(({ value, timestampMs }) => ({
      id: (JSON.parse(String(value)) as Task).id,
      atMs: timestampMs,
    }));
  }

  async #dead(admin: Admin, connection: Parameters<typeof createAdmin>[0]): Promise<Set<number>> {
    const topic = `${this.#setting.topic}.dlq`;
    const end = (await admin.endOffsets([topic])).get(`${topic}:0`) ?? 0n;
    const letters = end === 0n ? [] : await readAll(connection, topic, Number(end));
    for (const letter of letters) {
      if (readRetryInfo(letter).origin?.topic !== this.#setting.topic)
        throw new Error(`the dead letter at ${letter.offset} does not tell where it comes from`);
    }
    return new Set(letters.map(({ value }) => (JSON.parse(String(value)) as Task).id));
  }
}

function taskOf(chance: Chance, id: number): Task {
  const key = `k${chance.between(0, KEYS - 1)}`;
  const fate = chance.next();
  if (fate < 0.9) return { id, key, nature: "good", failures: 0 };
  if (fate < 0.95) return { id, key, nature: "slow", failures: 0 };
  if (fate < 0.985) return { id, key, nature: "unknown", failures: chance.between(1, 4) };
  if (fate < 0.999) return { id, key, nature: "poison", failures: 0 };
  return { id, key, nature: "blocking", failures: 0 };
}

/** What the group has not finished; the reason where a broker that has just come back cannot tell yet. */
async function unfinished(admin: Admin, groupId: string, topics: readonly string[]): Promise<string[]> {
  try {
    const committed = await admin.committedOffsets(groupId, topics);
    const ends = await admin.endOffsets(topics);
    const left = [...ends].filter(([name, end]) => (committed.get(name) ?? 0n) < end);
    return left.map(([name, end]) => `${name} at ${committed.get(name)} of ${end}`);
  } catch (error) {
    if (error instanceof CandlewickError && error.retry === "backoff") return [error.message];
    throw error;
  }
}
