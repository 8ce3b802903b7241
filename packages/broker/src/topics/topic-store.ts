import { randomBytes } from "node:crypto";
import { BrokerError } from "../broker-error.ts";
import type { Disk } from "../storage/disk.ts";
import { MemoryDisk } from "../storage/memory-disk.ts";
import { PartitionLog, type Visibility } from "../storage/partition-log.ts";
import type { RecoveryFinding } from "../storage/recovery.ts";
import { isInternalTopic } from "./internal-topics.ts";
import { TopicConfig } from "./topic-config.ts";

export interface Topic {
  readonly name: string;
  readonly id: string;
  readonly partitions: PartitionLog[];
  config: TopicConfig;
}

const MAX_NAME_LENGTH = 249;

/** True for names that Kafka allows: they become folder names in most of its installations. */
export function isValidTopicName(name: string): boolean {
  return name !== "." && name !== ".." && name.length <= MAX_NAME_LENGTH && /^[a-zA-Z0-9._-]+$/.test(name);
}

export function newTopicId(): string {
  return randomBytes(16).toString("base64url");
}

interface SavedTopic {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  readonly config: Record<string, string>;
}

function isSavedTopic(topic: unknown): topic is SavedTopic {
  if (typeof topic !== "object" || topic === null) return false;
  const { name, id, partitions, config } = topic as Partial<SavedTopic>;
  const isNamed = typeof name === "string" && typeof id === "string" && id !== "";
  return isNamed && Number.isSafeInteger(partitions) && typeof config === "object" && config !== null;
}

function parseTopics(file: Buffer, path: string): SavedTopic[] {
  try {
    const { topics } = JSON.parse(file.toString()) as { topics?: unknown };
    if (!Array.isArray(topics) || !topics.every(isSavedTopic)) throw new Error("it is not a list of topics");
    return topics;
  } catch (error) {
    throw new BrokerError("DATA_DIR_CORRUPT", `The file ${path} is damaged; restore it from a copy.`, error);
  }
}

function missingList(path: string, folders: number): BrokerError {
  return new BrokerError(
    "DATA_DIR_CORRUPT",
    `The file ${path} is missing, though there are ${folders} folders of topics; restore it from a copy.`,
  );
}

interface StoreOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly visibility: Visibility;
  readonly topicDefaults: Readonly<Record<string, string>>;
  readonly now: () => number;
}

/** All topics of the broker, and the file that lists them. */
export class TopicStore {
  readonly #options: StoreOptions;
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  readonly #deletedListeners = new Set<(topic: Topic) => void>();
  #beforeCreation: () => void = () => {};
  /** Where the logs of internal topics are: what they are about is in the journal. */
  readonly #views = new MemoryDisk();
  /** Counts what was created, deleted or made larger: whoever keeps it can tell that nothing has changed. */
  revision = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Opens what the folder holds and returns what recovery found; removes leftovers of deleted topics. */
  open(): RecoveryFinding[] {
    const { disk } = this.#options;
    disk.makeFolder(this.#topicsFolder());
    const file = disk.readFile(this.#listPath());
    const folders = disk.list(this.#topicsFolder());
    // The list is there before the first topic is: without it, folders of topics are data and no leftovers.
    if (file === undefined && folders.length > 0) throw missingList(this.#listPath(), folders.length);
    if (file === undefined) this.#save();
    const saved = file === undefined ? [] : parseTopics(file, this.#listPath());
    for (const { name, id, partitions, config } of saved) {
      const topic = { name, id, partitions: [], config: this.#config(Object.entries(config)) };
      this.#openPartitions(topic, partitions);
      this.#add(topic);
    }
    for (const id of folders) {
      if (!this.#byId.has(id)) disk.removeFolder(`${this.#topicsFolder()}/${id}`);
    }
    return this.all().flatMap((topic) => topic.partitions.flatMap((log) => log.findings));
  }

  #topicsFolder(): string {
    return `${this.#options.folder}/topics`;
  }

  #listPath(): string {
    return `${this.#options.folder}/topics.json`;
  }

  #config(overrides: Iterable<readonly [string, string]>): TopicConfig {
    return new TopicConfig(this.#options.topicDefaults, overrides);
  }

  #add(topic: Topic): void {
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.id, topic);
    this.revision++;
  }

  #openPartitions(topic: Topic, count: number): void {
    const { now } = this.#options;
    const disk = this.#diskOf(topic);
    const visibility = isInternalTopic(topic.name) ? "at-once" : this.#options.visibility;
    while (topic.partitions.length < count) {
      const folder = `${this.#topicsFolder()}/${topic.id}/${topic.partitions.length}`;
      topic.partitions.push(new PartitionLog(disk, folder, topic.config.logSettings, visibility, now()));
    }
  }

  #diskOf({ name }: Topic): Disk {
    return isInternalTopic(name) ? this.#views : this.#options.disk;
  }

  #save(): void {
    const topics = this.all().map(
      (topic): SavedTopic => ({
        name: topic.name,
        id: topic.id,
        partitions: topic.partitions.length,
        config: topic.config.overrides(),
      }),
    );
    this.#options.disk.replaceFile(this.#listPath(), Buffer.from(JSON.stringify({ topics }, undefined, 1)));
  }

  all(): Topic[] {
    return [...this.#byName.values()];
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  getById(id: string): Topic | undefined {
    return this.#byId.get(id);
  }

  partition(name: string, partition: number): PartitionLog | undefined {
    return this.#byName.get(name)?.partitions[partition];
  }

  /** A topic whose name Kafka could not tell from this one in metrics, where dots become underscores. */
  collision(name: string): string | undefined {
    const canonical = name.replaceAll(".", "_");
    for (const other of this.#byName.keys()) {
      if (other !== name && other.replaceAll(".", "_") === canonical) return other;
    }
    return undefined;
  }

  /** Creates a topic that must not exist; it is on the disk when this returns. */
  create(name: string, partitionCount: number, config: Iterable<readonly [string, string]> = []): Topic {
    this.#beforeCreation();
    const id = newTopicId();
    const topic: Topic = { name, id, partitions: [], config: this.#config(config) };
    try {
      this.#openPartitions(topic, partitionCount);
      this.#add(topic);
      this.#save();
      return topic;
    } catch (error) {
      // A full disk or too many open files: what was begun must not be half there.
      this.#byName.delete(name);
      this.#byId.delete(id);
      this.#dropPartitions(topic, 0);
      throw error;
    }
  }

  /** Makes a topic larger; it keeps its size where the disk refuses. */
  addPartitions(topic: Topic, count: number): void {
    const before = topic.partitions.length;
    try {
      this.#openPartitions(topic, count);
      this.revision++;
      this.#save();
    } catch (error) {
      this.#dropPartitions(topic, before);
      throw error;
    }
  }

  #dropPartitions(topic: Topic, keep: number): void {
    const disk = this.#diskOf(topic);
    for (let index = topic.partitions.length - 1; index >= keep; index--) {
      topic.partitions.pop()?.abandon();
      disk.removeFolder(`${this.#topicsFolder()}/${topic.id}/${index}`);
    }
    if (keep === 0) disk.removeFolder(`${this.#topicsFolder()}/${topic.id}`);
  }

  /** Replaces what is set on a topic; it stays as it was where the disk refuses. */
  configure(topic: Topic, overrides: Iterable<readonly [string, string]>): void {
    const before = topic.config;
    topic.config = before.with(overrides);
    try {
      this.#save();
    } catch (error) {
      topic.config = before;
      throw error;
    }
    this.#applySettings(topic);
  }

  /** Tells all logs what holds for them, after the defaults of the broker have changed. */
  applyDefaults(): void {
    for (const topic of this.all()) this.#applySettings(topic);
  }

  #applySettings({ partitions, config }: Topic): void {
    for (const log of partitions) Object.assign(log.settings, config.logSettings);
  }

  /** Deletes a topic; it stays where the disk refuses to have it taken off the list. */
  delete(topic: Topic): void {
    this.revision++;
    this.#byName.delete(topic.name);
    this.#byId.delete(topic.id);
    // The list goes first: files without an entry are removed at the next start, never the other way round.
    try {
      this.#save();
    } catch (error) {
      this.#add(topic);
      throw error;
    }
    for (const log of topic.partitions) log.abandon();
    // Readers may still hold the list: it stays as it is, with its logs closed.
    this.#diskOf(topic).removeFolder(`${this.#topicsFolder()}/${topic.id}`);
    for (const listener of this.#deletedListeners) listener(topic);
  }

  /** What must be done before a topic comes into being; where it throws, none does. */
  beforeCreation(action: () => void): void {
    this.#beforeCreation = action;
  }

  onDeleted(listener: (topic: Topic) => void): void {
    this.#deletedListeners.add(listener);
  }

  /** Closes all logs without a sync, as a killed process does. */
  abandon(): void {
    for (const topic of this.all()) for (const log of topic.partitions) log.abandon();
  }

  /** Closes all logs. Resolves with the reason where an index could not be saved, which costs time and no data. */
  async close(): Promise<unknown> {
    const closes = this.all().flatMap((topic) => topic.partitions.map((log) => log.close()));
    const ends = await Promise.allSettled(closes);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : [])).find(Boolean);
  }
}
