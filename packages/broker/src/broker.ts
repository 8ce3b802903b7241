import type { BrokerParts } from "./api/handler.ts";
import { handlers } from "./api/index.ts";
import { Credentials } from "./auth/credentials.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DEFAULT_ASSIGNOR } from "./groups/assignor.ts";
import { GroupCoordinator, type GroupSettings } from "./groups/group-coordinator.ts";
import { Maintenance } from "./maintenance.ts";
import { Listener } from "./network/listener.ts";
import { type BrokerOptions, type Settings, withDefaults } from "./options.ts";
import { ProducerIds } from "./producers/producer-ids.ts";
import { lockFolder, openError, openIdentity } from "./storage/data-folder.ts";
import type { Disk } from "./storage/disk.ts";
import { fileDisk } from "./storage/file-disk.ts";
import { Journal } from "./storage/journal.ts";
import { MemoryDisk } from "./storage/memory-disk.ts";
import type { Visibility } from "./storage/partition-log.ts";
import type { RecoveryFinding } from "./storage/recovery.ts";
import { TopicStore } from "./topics/topic-store.ts";
import { TransactionCoordinator } from "./transactions/transaction-coordinator.ts";

/** A running broker. */
export interface Broker {
  readonly host: string;
  readonly port: number;
  /** host:port, as clients take it for their list of brokers. */
  readonly address: string;
  readonly clusterId: string;
  /** Closes the connections, brings everything to the disk and gives the folder back. */
  stop(): Promise<void>;
}

const MEMORY_FOLDER = "memory";

/**
 * Starts a broker and resolves when it accepts connections. Rejects with a BrokerError where the folder or the
 * port cannot be had; nothing is left open or locked then.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const folder = options.dataDir ?? MEMORY_FOLDER;
  // What is opened later is closed earlier, and everything is closed even if one of them fails to.
  const opened = new AsyncDisposableStack();
  try {
    return await start(options, folder, opened);
  } catch (error) {
    await opened.disposeAsync();
    throw openError(folder, error);
  }
}

async function start(options: BrokerOptions, folder: string, opened: AsyncDisposableStack): Promise<Broker> {
  const settings = withDefaults(options);
  const disk = await openDisk(options, opened);
  const parts = await openParts(options, settings, disk, folder, opened);
  const listener = await Listener.open(parts, { host: options.advertisedHost, port: options.advertisedPort });
  opened.defer(() => listener.close());
  const maintenance = new Maintenance(parts);
  opened.defer(() => maintenance.stop());
  let stopping: Promise<void> | undefined;
  return {
    host: settings.host,
    port: listener.port,
    address: `${settings.host}:${listener.port}`,
    clusterId: parts.clusterId,
    stop: () => {
      stopping ??= opened.disposeAsync();
      return stopping;
    },
  };
}

async function openDisk(options: BrokerOptions, opened: AsyncDisposableStack): Promise<Disk> {
  if (options.disk !== undefined) return options.disk;
  if (options.dataDir === undefined) return new MemoryDisk();
  const lock = await lockFolder(options.dataDir);
  opened.defer(() => lock.release());
  return fileDisk;
}

async function openParts(
  options: BrokerOptions,
  settings: Settings,
  disk: Disk,
  folder: string,
  opened: AsyncDisposableStack,
): Promise<BrokerParts> {
  const clock = options.clock ?? systemClock;
  const visibility: Visibility = settings.fsync === "acks-all" ? "after-sync" : "at-once";
  const { clusterId } = openIdentity(disk, folder);
  const journal = new Journal(disk, `${folder}/coordinator.journal`, visibility);
  opened.defer(() => journal.close());
  if (journal.droppedBytes > 0) {
    const msg = "cut off an unfinished write at the end of the journal";
    settings.log({ level: "warn", msg, droppedBytes: journal.droppedBytes });
  }
  const { topicDefaults } = settings;
  const topics = new TopicStore({ disk, folder, visibility, topicDefaults, now: () => clock.nowMs() });
  opened.defer(() => topics.close());
  for (const finding of topics.open()) report(finding, settings);
  const groups = openGroups(clock, journal, topics, settings);
  opened.defer(() => groups.close());
  topics.onDeleted((topic) => groups.offsets.removeTopic(topic.name));
  const producerIds = new ProducerIds(journal);
  const transactions = new TransactionCoordinator({
    clock,
    journal,
    topics,
    offsets: groups.offsets,
    producerIds,
    onFailure: (error, transactionalId) =>
      settings.log({
        level: "error",
        msg: "cannot end a transaction",
        reason: String(error),
        transactionalId,
      }),
  });
  opened.defer(() => transactions.close());
  await transactions.recover();
  const credentials = new Credentials(journal, settings.sasl?.users ?? {});
  return {
    settings,
    folder,
    disk,
    clusterId,
    clock,
    topics,
    groups,
    producerIds,
    transactions,
    credentials,
    handlers,
  };
}

function openGroups(
  clock: Clock,
  journal: Journal,
  topics: TopicStore,
  settings: Settings,
): GroupCoordinator {
  const groupSettings: GroupSettings = {
    initialRebalanceDelayMs: settings.groupInitialRebalanceDelayMs,
    minSessionTimeoutMs: settings.groupMinSessionTimeoutMs,
    maxSessionTimeoutMs: settings.groupMaxSessionTimeoutMs,
    maxMembers: settings.groupMaxMembers,
    consumer: {
      sessionTimeoutMs: settings.groupConsumerSessionTimeoutMs,
      minSessionTimeoutMs: settings.groupConsumerMinSessionTimeoutMs,
      maxSessionTimeoutMs: settings.groupConsumerMaxSessionTimeoutMs,
      heartbeatIntervalMs: settings.groupConsumerHeartbeatIntervalMs,
      minHeartbeatIntervalMs: settings.groupConsumerMinHeartbeatIntervalMs,
      maxHeartbeatIntervalMs: settings.groupConsumerMaxHeartbeatIntervalMs,
      maxMembers: settings.groupConsumerMaxMembers,
      defaultAssignor: settings.groupConsumerAssignors[0] ?? DEFAULT_ASSIGNOR,
    },
  };
  return new GroupCoordinator({
    clock,
    journal,
    topics,
    settings: groupSettings,
    maySee: () => true,
    onFailure: (error, group) =>
      settings.log({ level: "error", msg: "cannot write down a group", reason: String(error), group }),
  });
}

function report(finding: RecoveryFinding, settings: Settings): void {
  switch (finding.kind) {
    case "torn-tail":
      settings.log({ level: "warn", msg: "cut off an unfinished write at the end of a log", ...finding });
      break;
    case "damaged-middle":
      settings.log({
        level: "error",
        msg: "damaged batches inside a log: these offsets cannot be read",
        ...finding,
      });
      break;
  }
}
