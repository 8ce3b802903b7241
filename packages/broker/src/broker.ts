import type { BrokerParts } from "./api/handler.ts";
import { handlers } from "./api/index.ts";
import { Credentials } from "./auth/credentials.ts";
import { systemClock } from "./clock.ts";
import { GroupCoordinator } from "./groups/group-coordinator.ts";
import { Maintenance } from "./maintenance.ts";
import { Listener } from "./network/listener.ts";
import { type BrokerOptions, type Settings, withDefaults } from "./options.ts";
import { ProducerIds } from "./producers/producer-ids.ts";
import { type FolderLock, lockFolder, openError, openIdentity } from "./storage/data-folder.ts";
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
 * port cannot be had.
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const settings = withDefaults(options);
  const folder = options.dataDir ?? MEMORY_FOLDER;
  const disk = options.disk ?? (options.dataDir === undefined ? new MemoryDisk() : fileDisk);
  const lock =
    options.dataDir === undefined || options.disk !== undefined ? undefined : await lockFolder(folder);
  try {
    return await start(options, settings, disk, folder, lock);
  } catch (error) {
    await lock?.release();
    throw openError(folder, error);
  }
}

async function start(
  options: BrokerOptions,
  settings: Settings,
  disk: Disk,
  folder: string,
  lock: FolderLock | undefined,
): Promise<Broker> {
  const clock = options.clock ?? systemClock;
  const { clusterId } = openIdentity(disk, folder);
  const visibility: Visibility = settings.fsync === "acks-all" ? "after-sync" : "at-once";
  const topics = new TopicStore({
    disk,
    folder,
    visibility,
    topicDefaults: settings.topicDefaults,
    now: () => clock.nowMs(),
  });
  for (const finding of topics.open()) report(finding, settings);
  const journal = new Journal(disk, `${folder}/coordinator.journal`, visibility);
  if (journal.droppedBytes > 0) {
    const { droppedBytes } = journal;
    settings.log({
      level: "warn",
      msg: "cut off an unfinished write at the end of the journal",
      droppedBytes,
    });
  }
  const groups = new GroupCoordinator(clock, journal, {
    initialRebalanceDelayMs: settings.groupInitialRebalanceDelayMs,
    minSessionTimeoutMs: settings.groupMinSessionTimeoutMs,
    maxSessionTimeoutMs: settings.groupMaxSessionTimeoutMs,
    maxMembers: settings.groupMaxMembers,
  });
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
        msg: "transaction cannot be aborted",
        reason: String(error),
        transactionalId,
      }),
  });
  await transactions.recover();
  const parts: BrokerParts = {
    settings,
    folder,
    clusterId,
    clock,
    topics,
    groups,
    producerIds,
    transactions,
    credentials: new Credentials(journal, settings.sasl?.users ?? {}),
    handlers,
  };
  const listener = await Listener.open(parts, { host: options.advertisedHost, port: options.advertisedPort });
  const maintenance = new Maintenance(parts);
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    maintenance.stop();
    await listener.close();
    groups.close();
    transactions.close();
    await topics.close();
    await journal.close();
    await lock?.release();
  };
  return {
    host: settings.host,
    port: listener.port,
    address: `${settings.host}:${listener.port}`,
    clusterId,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
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
