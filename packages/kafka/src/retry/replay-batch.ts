import { partitionName, type TopicPartition } from "@candlewick/contracts";
import type { Cluster } from "../cluster/cluster.ts";
import { edgeOffsets, partitionsOf } from "../cluster/offset-lookup.ts";
import { readRange } from "../consumer/range-reader.ts";
import { partitionOfKey } from "../producer/partitioner.ts";
import type { Producer } from "../producer/producer.ts";
import type { ConsumedRecord, OutgoingMessage } from "../record/message.ts";
import type { AuditEntry, DeadLetter } from "./redrive.ts";
import { idName, type RedriveLedger } from "./redrive-ledger.ts";
import { redriveId, replayMessage } from "./replay-message.ts";
import { REDRIVE_HEADERS } from "./retry-headers.ts";
import type { SendPace } from "./send-pace.ts";

/** A dead letter that a run wants to send again. */
export interface Claim {
  readonly letter: DeadLetter;
  readonly record: ConsumedRecord;
}

/** What a batch needs of the redrive that it is part of. */
export interface ReplayParts {
  readonly cluster: Cluster;
  readonly ledger: RedriveLedger;
  readonly producer: Producer;
  readonly deadLetterTopic: string;
  readonly pace: SendPace;
  note(entries: readonly AuditEntry[]): Promise<void>;
  refresh(): Promise<void>;
}

export interface ReplaySettings {
  readonly run: string;
  readonly operator: string;
  readonly to: "origin" | "retry";
}

export interface ReplayResult {
  readonly sent: number;
  readonly found: number;
  /** Left to other runs. */
  readonly lost: number;
  /** Not sent because the signal fired. */
  readonly left: number;
}

interface Planned extends Claim {
  readonly message: OutgoingMessage & { readonly partition: number };
  /** The end of its partition before anything of the batch was sent. */
  readonly end: bigint;
}

/**
 * Sends dead letters again, each once. Before a letter is sent an intent is in the audit, with the end of the
 * partition that it goes to; after it was acknowledged, a note that it was. A run that is killed in between
 * leaves an intent: whoever takes over looks behind that end for a record with the letter's name in its header,
 * and sends only what is not there. A run that is stopped releases what it has not handed to the producer.
 */
export class ReplayBatch {
  readonly #parts: ReplayParts;
  readonly #settings: ReplaySettings;

  constructor(parts: ReplayParts, settings: ReplaySettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  async replay(claims: readonly Claim[], signal: AbortSignal | undefined): Promise<ReplayResult> {
    const { ledger, pace, note, refresh } = this.#parts;
    const planned = await this.#plan(claims);
    await note(planned.map((plan) => this.#entry("intent", plan, plan.end)));
    await refresh();
    const held = planned.filter(({ letter }) => ledger.isHeldBy(letter.id, this.#settings.run));
    const sentBefore = await this.#findSent(held);
    const unsent: Planned[] = [];
    let sent = 0;
    let found = 0;
    const deliveries: Promise<AuditEntry>[] = [];
    for (const plan of held) {
      const offset = sentBefore.get(idName(plan.letter.id));
      if (offset !== undefined) {
        found++;
        deliveries.push(Promise.resolve(this.#entry("replayed", plan, offset)));
        continue;
      }
      await pace.ready(signal);
      if (signal?.aborted === true) {
        unsent.push(plan);
        continue;
      }
      pace.take();
      sent++;
      const delivery = this.#send(plan);
      // Looked at below, with all the others; the next one may have to wait for its turn before that.
      delivery.catch(() => {});
      deliveries.push(delivery);
    }
    // What was sent is noted, also when one of them was not. That one may have arrived: it is not released.
    const outcomes = await Promise.allSettled(deliveries);
    const done = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    await note([...done, ...unsent.map((plan) => this.#entry("released", plan, null))]);
    await refresh();
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return { sent, found, lost: planned.length - held.length, left: unsent.length };
  }

  async #send(plan: Planned): Promise<AuditEntry> {
    const { offset } = await this.#parts.producer.send(plan.message);
    return this.#entry("replayed", plan, offset);
  }

  async #plan(claims: readonly Claim[]): Promise<Planned[]> {
    const { cluster } = this.#parts;
    const messages = claims.map(({ record }) => replayMessage(record, this.#settings.to));
    const partitions = await partitionsOf(cluster, [...new Set(messages.map(({ topic }) => topic))]);
    const ends = await edgeOffsets(cluster, "end", partitions);
    return claims.map((claim, index) => {
      const message = messages[index] ?? replayMessage(claim.record, this.#settings.to);
      const count = partitions.filter(({ topic }) => topic === message.topic).length;
      const chosen = message.key === null ? 0 : partitionOfKey(message.key, count);
      const partition = message.partition ?? chosen;
      const end = ends.get(partitionName({ topic: message.topic, partition })) ?? 0n;
      return { ...claim, message: { ...message, partition }, end };
    });
  }

  /** The offsets at which letters lie that a run which ended in the middle has sent, by `idName`. */
  async #findSent(held: readonly Planned[]): Promise<Map<string, bigint>> {
    const { cluster, ledger, deadLetterTopic } = this.#parts;
    const wanted = new Map<string, string>();
    const from = new Map<string, { readonly place: TopicPartition; offset: bigint }>();
    for (const { letter } of held) {
      for (const { target } of ledger.uncertain(letter.id)) {
        if (target === null) continue;
        wanted.set(redriveId(deadLetterTopic, letter.id), idName(letter.id));
        const known = from.get(partitionName(target));
        const place = { topic: target.topic, partition: target.partition };
        if (known === undefined) from.set(partitionName(target), { place, offset: target.offset });
        else if (target.offset < known.offset) known.offset = target.offset;
      }
    }
    const found = new Map<string, bigint>();
    for (const { place, offset } of from.values()) {
      const end = (await edgeOffsets(cluster, "end", [place])).get(partitionName(place)) ?? 0n;
      for await (const records of readRange(cluster, place, offset, end)) {
        for (const record of records) {
          const name = wanted.get(record.headers.get(REDRIVE_HEADERS.id)?.toString() ?? "");
          if (name !== undefined) found.set(name, record.offset);
        }
      }
    }
    return found;
  }

  #entry(
    kind: "intent" | "released" | "replayed",
    { letter, message }: Planned,
    offset: bigint | null,
  ): AuditEntry {
    const { run, operator } = this.#settings;
    const target = offset === null ? null : { topic: message.topic, partition: message.partition, offset };
    const atMs = this.#parts.cluster.clock.now();
    return { kind, run, atMs, operator, id: letter.id, target, reason: null };
  }
}
