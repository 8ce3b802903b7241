import { randomUUID } from "node:crypto";
import { deadLetterTopic, partitionName, type TopicPartition } from "@candlewick/contracts";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { type Admin, createAdmin } from "../admin/admin.ts";
import { Cluster } from "../cluster/cluster.ts";
import type { KafkaConnection } from "../cluster/connection.ts";
import { edgeOffsets, partitionsOf } from "../cluster/offset-lookup.ts";
import { readRange } from "../consumer/range-reader.ts";
import { createProducer, type Producer } from "../producer/producer.ts";
import type { ConsumedRecord } from "../record/message.ts";
import { deadLetterOf, matchesFilter } from "./dead-letter-view.ts";
import type {
  AuditEntry,
  DeadLetter,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterId,
  DeadLetterState,
  DropOptions,
  Redrive,
  RedriveOptions,
  RedriveSummary,
  ReplayOptions,
} from "./redrive.ts";
import { auditTopic, decodeAudit, encodeAudit, idName, RedriveLedger } from "./redrive-ledger.ts";
import { type Claim, ReplayBatch } from "./replay-batch.ts";
import { SendPace } from "./send-pace.ts";

const LIST_LIMIT = 100;
const BATCH = 100;
/** How many records of a limited rate are claimed at a time: a claim must not grow old. */
const CLAIM_SECONDS = 5;
const TAKE_OVER_MS = 60_000;
const KEPT_FOR_EVER = { "retention.ms": "-1", "cleanup.policy": "delete" };

/** Connects. Throws KAFKA_UNREACHABLE, or UNKNOWN_TOPIC where there is no `<topic>.dlq`. */
export async function openRedrive(connection: KafkaConnection, options: RedriveOptions): Promise<Redrive> {
  const cluster = await Cluster.connect(connection);
  try {
    const letters = await partitionsOf(cluster, [deadLetterTopic(options.topic)]);
    return new TopicRedrive(cluster, options, letters);
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** What a run counts while it goes on. */
type Tally = { -readonly [Name in keyof RedriveSummary]: RedriveSummary[Name] };

class TopicRedrive implements Redrive {
  readonly #cluster: Cluster;
  readonly #options: RedriveOptions;
  readonly #letters: readonly TopicPartition[];
  readonly #ledger: RedriveLedger;
  readonly #audit: TopicPartition;
  readonly #entries: AuditEntry[] = [];
  #auditPosition = 0n;
  #producer: Promise<Producer> | null = null;
  #admin: Promise<Admin> | null = null;

  constructor(cluster: Cluster, options: RedriveOptions, letters: readonly TopicPartition[]) {
    this.#cluster = cluster;
    this.#options = options;
    this.#letters = letters;
    this.#ledger = new RedriveLedger(options.takeOverMs ?? TAKE_OVER_MS);
    this.#audit = { topic: auditTopic(deadLetterTopic(options.topic)), partition: 0 };
  }

  async counts(): Promise<Readonly<Record<DeadLetterState, number>>> {
    await this.#refresh();
    const counts = { dead: 0, replaying: 0, replayed: 0, dropped: 0 };
    for await (const record of this.#read()) counts[this.#ledger.state(record)]++;
    return counts;
  }

  async list(
    filter: DeadLetterFilter = {},
    page: { readonly limit?: number; readonly after?: DeadLetterId } = {},
  ): Promise<readonly DeadLetter[]> {
    const { limit = LIST_LIMIT, after } = page;
    await this.#refresh();
    const found: DeadLetter[] = [];
    if (limit <= 0) return found;
    for await (const record of this.#read(after)) {
      const letter = deadLetterOf(record, this.#ledger.state(record));
      if (matchesFilter(letter, filter) && found.push(letter) >= limit) break;
    }
    return found;
  }

  async show(id: DeadLetterId): Promise<DeadLetterDetail | null> {
    await this.#refresh();
    const place = this.#letters.find(({ partition }) => partition === id.partition);
    if (place === undefined || id.offset < 0n) return null;
    const end = (await edgeOffsets(this.#cluster, "end", [place])).get(partitionName(place)) ?? 0n;
    if (id.offset >= end) return null;
    for await (const records of readRange(this.#cluster, place, id.offset, id.offset + 1n)) {
      const record = records.find(({ offset }) => offset === id.offset);
      if (record === undefined) continue;
      const history = this.#entries.filter((entry) => idName(entry.id) === idName(id));
      const letter = deadLetterOf(record, this.#ledger.state(id));
      return { ...letter, decoded: this.#decode(record), history };
    }
    return null;
  }

  async replay(options: ReplayOptions = {}): Promise<RedriveSummary> {
    const { dryRun = false, ratePerSecond, limit = Number.POSITIVE_INFINITY, signal } = options;
    if (ratePerSecond !== undefined && !(ratePerSecond > 0)) {
      throw new CandlewickError(
        ERRORS.badInput,
        `A rate of ${ratePerSecond} records per second never ends.`,
        "Use a rate above 0, or leave it out.",
      );
    }
    const tally = newTally(dryRun);
    const size = Math.max(1, Math.min(BATCH, Math.floor((ratePerSecond ?? BATCH) * CLAIM_SECONDS)));
    const pace = new SendPace(this.#cluster.clock, ratePerSecond);
    const run = async (claims: readonly Claim[]): Promise<void> => {
      // Before the claim, which must not grow old while it waits for its turn.
      await pace.ready(signal);
      if (signal?.aborted === true) {
        tally.remaining += claims.length;
        return;
      }
      const batch = new ReplayBatch(
        {
          cluster: this.#cluster,
          ledger: this.#ledger,
          producer: await this.#openProducer(),
          deadLetterTopic: deadLetterTopic(this.#options.topic),
          pace,
          note: (entries) => this.#note(entries),
          refresh: () => this.#refresh(),
        },
        { run: tally.run, operator: this.#options.operator, to: options.to ?? "origin" },
      );
      const { sent, found, lost, left } = await batch.replay(claims, signal);
      tally.done += sent;
      tally.foundDone += found;
      tally.leftToOthers += lost;
      tally.remaining += left;
      options.onProgress?.({ ...tally });
    };
    await this.#each(options.filter ?? {}, tally, { size, limit, signal }, run);
    return tally;
  }

  async drop(options: DropOptions = {}): Promise<RedriveSummary> {
    const tally = newTally(options.dryRun ?? false);
    const { limit = Number.POSITIVE_INFINITY, signal, reason = null } = options;
    const run = async (claims: readonly Claim[]): Promise<void> => {
      const atMs = this.#cluster.clock.now();
      await this.#note(
        claims.map(({ letter: { id } }) => ({
          kind: "dropped",
          run: tally.run,
          atMs,
          operator: this.#options.operator,
          id,
          target: null,
          reason,
        })),
      );
      tally.done += claims.length;
    };
    await this.#each(options.filter ?? {}, tally, { size: BATCH, limit, signal }, run);
    return tally;
  }

  async audit(): Promise<readonly AuditEntry[]> {
    await this.#refresh();
    return [...this.#entries];
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => null);
    const admin = await this.#admin?.catch(() => null);
    await producer?.close();
    await admin?.close();
    await this.#cluster.close();
  }

  /** Goes through the letters that the filter lets through and that may be worked on, batch by batch. */
  async #each(
    filter: DeadLetterFilter,
    tally: Tally,
    bounds: { size: number; limit: number; signal: AbortSignal | undefined },
    run: (claims: readonly Claim[]) => Promise<void>,
  ): Promise<void> {
    await this.#refresh();
    let claims: Claim[] = [];
    let taken = 0;
    const flush = async (): Promise<void> => {
      const batch = claims;
      claims = [];
      if (batch.length === 0) return;
      if (tally.dryRun) tally.done += batch.length;
      else await run(batch);
    };
    for await (const record of this.#read()) {
      const state = this.#ledger.state(record);
      // Whoever asks for dead letters also means those that a run has left in the middle.
      const letter = deadLetterOf(record, state === "replaying" ? "dead" : state);
      if (!matchesFilter(letter, filter) || state === "replayed" || state === "dropped") continue;
      tally.matched++;
      if (!this.#ledger.mayClaim(record, this.#cluster.clock.now())) tally.leftToOthers++;
      else if (taken >= bounds.limit || bounds.signal?.aborted === true) tally.remaining++;
      else {
        taken++;
        claims.push({ letter, record });
        if (claims.length >= bounds.size) await flush();
      }
    }
    await flush();
  }

  /** All dead letters that lie there now, partition by partition. */
  async *#read(after?: DeadLetterId): AsyncGenerator<ConsumedRecord> {
    const firsts = await edgeOffsets(this.#cluster, "first", this.#letters);
    const ends = await edgeOffsets(this.#cluster, "end", this.#letters);
    for (const place of this.#letters) {
      if (after !== undefined && place.partition < after.partition) continue;
      const name = partitionName(place);
      const isSame = after !== undefined && after.partition === place.partition;
      const first = isSame ? after.offset + 1n : (firsts.get(name) ?? 0n);
      for await (const records of readRange(this.#cluster, place, first, ends.get(name) ?? 0n))
        yield* records;
    }
  }

  #decode(record: ConsumedRecord): DeadLetterDetail["decoded"] {
    if (this.#options.decode === undefined) return { kind: "no-codec" };
    try {
      return { kind: "value", value: this.#options.decode(record) };
    } catch (error) {
      return { kind: "undecodable", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Reads what was audited since the last time. */
  async #refresh(): Promise<void> {
    if (!(await this.#cluster.topicNames()).includes(this.#audit.topic)) return;
    const end =
      (await edgeOffsets(this.#cluster, "end", [this.#audit])).get(partitionName(this.#audit)) ?? 0n;
    for await (const records of readRange(this.#cluster, this.#audit, this.#auditPosition, end)) {
      for (const { value } of records) {
        const entry = decodeAudit(value);
        if (entry === null) continue;
        this.#entries.push(entry);
        this.#ledger.add(entry);
      }
    }
    if (end > this.#auditPosition) this.#auditPosition = end;
  }

  /** Writes to the audit, in order; resolves once acknowledged. */
  async #note(entries: readonly AuditEntry[]): Promise<void> {
    this.#admin ??= createAdmin(this.#cluster.connection);
    const admin = await this.#admin;
    await admin.createTopics([{ name: this.#audit.topic, partitions: 1, config: KEPT_FOR_EVER }]);
    const producer = await this.#openProducer();
    await Promise.all(
      entries.map((entry) =>
        producer.send({ ...this.#audit, key: Buffer.from(idName(entry.id)), value: encodeAudit(entry) }),
      ),
    );
  }

  #openProducer(): Promise<Producer> {
    this.#producer ??= createProducer(this.#cluster.connection);
    return this.#producer;
  }
}

function newTally(dryRun: boolean): Tally {
  return { run: randomUUID(), dryRun, matched: 0, done: 0, foundDone: 0, leftToOthers: 0, remaining: 0 };
}
