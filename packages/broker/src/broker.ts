import type { BrokerParts } from "./api/handler.ts";
import { handlers } from "./api/index.ts";
import { hostOf } from "./auth/access.ts";
import { Operation, ResourceType } from "./auth/acl.ts";
import { Authorizer } from "./auth/authorizer.ts";
import { Credentials } from "./auth/credentials.ts";
import { Cleaning } from "./cleaning.ts";
import { type Clock, systemClock } from "./clock.ts";
import { BrokerConfiguration } from "./configuration/broker-configuration.ts";
import { listenerTexts } from "./configuration/told-listeners.ts";
import { DEFAULT_ASSIGNOR } from "./groups/assignor.ts";
import { GroupCoordinator } from "./groups/group-coordinator.ts";
import type { GroupSettings } from "./groups/group-settings.ts";
import { OffsetsView } from "./groups/offsets-view.ts";
import { Maintenance } from "./maintenance.ts";
import { ConnectionLimits } from "./network/connection-limits.ts";
import { Listener } from "./network/listener.ts";
import type { ListenerOptions } from "./network/listener-options.ts";
import { Memory } from "./network/memory.ts";
import { type BrokerOptions, type Settings, withDefaults } from "./options.ts";
import { ProducerIds } from "./producers/producer-ids.ts";
import { ClientQuotas } from "./quotas/client-quotas.ts";
import { throttlesOf } from "./quotas/throttle.ts";
import { lockFolder, openError, openIdentity } from "./storage/data-folder.ts";
import type { Disk } from "./storage/disk.ts";
import { IncidentLog } from "./storage/disk-incident.ts";
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
  /** The ports of all listeners, in the order of the options. */
  readonly ports: readonly number[];
  /** Closes the connections, brings everything to the disk and gives the folder back. */
  stop(): Promise<void>;
  /**
   * Ends like a killed process: what the system has not got is lost, nothing is tidied up. Started again with the
   * same `dataDir` or `disk`, a broker finds what a crash leaves behind.
   */
  kill(): Promise<void>;
}

/** How the broker is about to end. */
interface Ending {
  isKill: boolean;
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
  const given = withDefaults(options);
  const incidents = new IncidentLog(given.log, options.clock ?? systemClock);
  opened.defer(() => incidents.close());
  const settings = { ...given, log: incidents.log };
  const disk = await openDisk(options, opened);
  const ending: Ending = { isKill: false };
  const parts = await openParts(options, settings, disk, folder, opened, ending);
  const cleaning = new Cleaning(parts);
  // Once the connections are closed: nobody is served while a stop waits for compaction.
  opened.defer(() => cleaning.stop());
  const limits = new ConnectionLimits(parts.settings);
  const listeners: Listener[] = [];
  for (const one of [firstListener(options, settings), ...settings.listeners]) {
    const opening = await Listener.open(parts, one, limits);
    opened.defer(() => opening.close());
    listeners.push(opening);
  }
  parts.configuration.tell(listenerTexts(listeners));
  const port = listeners[0]?.port ?? 0;
  const maintenance = new Maintenance(parts);
  opened.defer(() => maintenance.stop());
  let stopping: Promise<void> | undefined;
  return {
    host: settings.host,
    port,
    address: `${settings.host}:${port}`,
    ports: listeners.map((listener) => listener.port),
    clusterId: parts.clusterId,
    stop: () => {
      stopping ??= opened.disposeAsync();
      return stopping;
    },
    kill: () => {
      // A stop that is under way has promised to bring everything to the disk.
      if (stopping === undefined) ending.isKill = true;
      stopping ??= opened.disposeAsync();
      return stopping;
    },
  };
}

/** The listener that the broker's own options describe. */
function firstListener(options: BrokerOptions, { host, port, protocol }: Settings): ListenerOptions {
  const { advertisedHost, advertisedPort, listenerName } = options;
  return {
    ...(listenerName === undefined ? {} : { name: listenerName }),
    protocol,
    host,
    port,
    ...(advertisedHost === undefined ? {} : { advertisedHost }),
    ...(advertisedPort === undefined ? {} : { advertisedPort }),
  };
}

interface GroupParts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly topics: TopicStore;
  readonly settings: Settings;
  readonly authorizer: Authorizer | undefined;
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
  given: Settings,
  disk: Disk,
  folder: string,
  opened: AsyncDisposableStack,
  ending: Ending,
): Promise<BrokerParts> {
  const clock = options.clock ?? systemClock;
  const visibility: Visibility = given.fsync === "acks-all" ? "after-sync" : "at-once";
  const { clusterId } = openIdentity(disk, folder);
  const journal = new Journal(disk, `${folder}/coordinator.journal`, visibility, (error) =>
    given.log({ level: "error", msg: "cannot shorten the journal", reason: String(error) }),
  );
  opened.defer(() => (ending.isKill ? journal.abandon() : journal.close()));
  const configuration = new BrokerConfiguration(journal, given);
  configuration.tell({ "log.dirs": folder });
  const { settings } = configuration;
  if (journal.droppedBytes > 0) {
    const msg = "cut off an unfinished write at the end of the journal";
    settings.log({ level: "warn", msg, droppedBytes: journal.droppedBytes });
  }
  const { topicDefaults } = settings;
  const topics = new TopicStore({ disk, folder, visibility, topicDefaults, now: () => clock.nowMs() });
  configuration.onChange(() => topics.applyDefaults());
  opened.defer(async () => {
    if (ending.isKill) {
      topics.abandon();
      return;
    }
    const reason = await topics.close();
    if (reason === undefined) return;
    const msg = "cannot save indexes: the next start reads more of the logs";
    settings.log({ level: "warn", msg, reason: String(reason) });
  });
  for (const finding of topics.open()) report(finding, settings);
  const authorizer = settings.acls === undefined ? undefined : new Authorizer(journal, settings.acls);
  const groups = openGroups({ clock, journal, topics, settings, authorizer });
  opened.defer(() => groups.close());
  // A crash, or a full disk, may have come between the end of a topic and that of its offsets.
  groups.offsets.forgetOrphans((topic) => topics.get(topic) !== undefined);
  topics.beforeCreation(() => groups.offsets.settle());
  topics.onDeleted((topic) => forgetOffsets(topic.name, groups, settings));
  const producerIds = new ProducerIds(journal);
  const transactions = new TransactionCoordinator({
    clock,
    journal,
    topics,
    offsets: groups.offsets,
    offsetsTopicPartitions: settings.offsetsTopicPartitions,
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
  const bearer = settings.sasl?.oauthbearer;
  // What checks tokens brings a library along that most starts do not need.
  const validateToken =
    bearer === undefined ? undefined : (await import("./auth/bearer-token.ts")).tokenValidator(bearer, clock);
  const quotas = new ClientQuotas(journal);
  const credentials = new Credentials(journal, settings.sasl?.users ?? {});
  return {
    settings,
    configuration,
    folder,
    disk,
    clusterId,
    clock,
    memory: new Memory(settings),
    topics,
    groups,
    offsetsView: new OffsetsView(groups, clock),
    producerIds,
    transactions,
    credentials,
    authorizer,
    validateToken,
    quotas,
    throttles: throttlesOf(quotas),
    handlers,
  };
}

/** The topic is gone, whether or not the disk takes it that its offsets are. */
function forgetOffsets(topic: string, { offsets }: GroupCoordinator, { log }: Settings): void {
  try {
    offsets.removeTopic(topic);
  } catch (error) {
    const msg =
      "cannot write down that the offsets of a deleted topic are gone: no topic is created before that";
    log({ level: "error", msg, topic, reason: String(error) });
  }
}

function openGroups({ clock, journal, topics, settings, authorizer }: GroupParts): GroupCoordinator {
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
      migration: settings.groupConsumerMigration,
    },
  };
  return new GroupCoordinator({
    clock,
    journal,
    topics,
    settings: groupSettings,
    maySee: ({ user, clientHost }, topic) => {
      const requester = { principal: `User:${user}`, host: hostOf(clientHost.slice(1)) };
      return authorizer?.allows(requester, Operation.DESCRIBE, ResourceType.TOPIC, topic) ?? true;
    },
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
