import type { SaslOptions } from "./auth/authentication.ts";
import type { AuthorizerOptions } from "./auth/authorizer.ts";
import type { Clock } from "./clock.ts";
import type { GroupMigration } from "./groups/group-settings.ts";
import type { ListenerOptions, SecurityProtocol } from "./network/listener-options.ts";
import type { Disk } from "./storage/disk.ts";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly msg: string;
  readonly [field: string]: unknown;
}

/**
 * When records reach the disk. "acks-all": an acks=-1 answer waits for a sync (concurrent ones share it), and
 * consumers see nothing that a power cut could take back. "never": the operating system decides. An interval:
 * a sync every so often. A killed process loses nothing under any of them.
 */
export type FsyncPolicy = "acks-all" | "never" | { readonly intervalMs: number };

/** A request as an interceptor sees it. */
export interface InterceptedRequest {
  readonly apiKey: number;
  /** Kafka's name of the API, such as "Produce". */
  readonly apiName: string;
  readonly version: number;
  readonly clientId: string;
}

/**
 * What happens to an intercepted request: it is served; it is served and the answer is lost; the connection is
 * closed before it is served; it waits, and whatever the connection sends after it waits too; or it is refused with
 * one of Kafka's error codes, without being served.
 */
export type Interception =
  | "serve"
  | "lose-answer"
  | "close"
  | { readonly delayMs: number }
  | { readonly errorCode: number };

/** A certificate and its key, as PEM or in one store of PKCS12. */
export type TlsOptions = (
  | { readonly cert: string | Buffer; readonly key: string | Buffer }
  | { readonly pfx: Buffer }
) & {
  readonly passphrase?: string;
  /** Who signs the certificates of clients (PEM). */
  readonly ca?: string | Buffer;
  /**
   * Whether clients show a certificate: "required" where `ca` is given, else "none". Whoever shows a good one to
   * a listener without a login is known by the subject's name, such as "User:CN=ada,O=example".
   */
  readonly clientAuth?: "none" | "requested" | "required";
};

export interface BrokerOptions {
  /** The folder for all data; without it everything is in memory and gone when the broker stops. */
  readonly dataDir?: string;
  readonly host?: string;
  /** 0 lets the system choose a free port. */
  readonly port?: number;
  /** The host told to clients; the one they connected to where it is absent and `host` is a wildcard. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** What goes over the listener that the options above describe; as `sasl` and `tls` say where it is left out. */
  readonly protocol?: SecurityProtocol;
  /** What that listener is called in the settings that are told; its protocol where it is left out. */
  readonly listenerName?: string;
  /** More listeners, such as one for machines outside. */
  readonly listeners?: readonly ListenerOptions[];
  readonly nodeId?: number;
  /** Partitions of topics created without a number of their own. */
  readonly numPartitions?: number;
  readonly autoCreateTopics?: boolean;
  readonly fsync?: FsyncPolicy;
  /** Largest record batch, as Kafka's message.max.bytes. */
  readonly messageMaxBytes?: number;
  /** Largest request; a longer one ends its connection. */
  readonly requestMaxBytes?: number;
  /** Largest answer to one fetch, whatever the client asks for. */
  readonly fetchMaxBytes?: number;
  /** What requests that arrive in pieces may hold together, over all connections; others wait. 0: no bound. */
  readonly requestMemoryBytes?: number;
  /** What answers that clients have not taken yet may hold together; beyond it a fetch gets one batch. 0: no bound. */
  readonly answerMemoryBytes?: number;
  readonly maxConnections?: number;
  /** Connections from one address, and other bounds for single addresses. */
  readonly maxConnectionsPerIp?: number;
  readonly maxConnectionsPerIpOverrides?: Readonly<Record<string, number>>;
  /** Requests of one connection that may be under way at the same time. */
  readonly maxInFlightPerConnection?: number;
  readonly connectionIdleMs?: number;
  readonly groupInitialRebalanceDelayMs?: number;
  readonly groupMinSessionTimeoutMs?: number;
  readonly groupMaxSessionTimeoutMs?: number;
  readonly groupMaxMembers?: number;
  /** The same for groups of the new protocol, which the broker tells how often it wants to hear of a member. */
  readonly groupConsumerSessionTimeoutMs?: number;
  readonly groupConsumerMinSessionTimeoutMs?: number;
  readonly groupConsumerMaxSessionTimeoutMs?: number;
  readonly groupConsumerHeartbeatIntervalMs?: number;
  readonly groupConsumerMinHeartbeatIntervalMs?: number;
  readonly groupConsumerMaxHeartbeatIntervalMs?: number;
  readonly groupConsumerMaxMembers?: number;
  /** The assignors that members may ask for, "uniform" and "range"; the first is for groups that ask for none. */
  readonly groupConsumerAssignors?: readonly string[];
  /** Whether groups with members go over to the new protocol and back, as Kafka's group.consumer.migration.policy. */
  readonly groupConsumerMigration?: GroupMigration;
  readonly offsetMetadataMaxBytes?: number;
  /** Partitions of `__consumer_offsets` and `__transaction_state`, once these are there. */
  readonly offsetsTopicPartitions?: number;
  readonly transactionTopicPartitions?: number;
  /** How long a group that nobody uses keeps its offsets. */
  readonly offsetsRetentionMs?: number;
  readonly transactionMaxTimeoutMs?: number;
  /** How often records that are too old are looked for. */
  readonly maintenanceIntervalMs?: number;
  /** How long after the start the first look for them comes, where the interval is not shorter. */
  readonly maintenanceDelayMs?: number;
  /** How long compaction rests between two looks for work, how many logs it rewrites side by side, and how fast. */
  readonly logCleanerBackoffMs?: number;
  readonly logCleanerThreads?: number;
  /** Bytes read and written by compaction, all logs together; without a bound where it is left out. */
  readonly logCleanerMaxBytesPerSecond?: number;
  /** Defaults for topic settings under Kafka's topic-level names, such as "retention.ms". */
  readonly topicDefaults?: Readonly<Record<string, string>>;
  /** Clients must say who they are; without it anybody is served. */
  readonly sasl?: SaslOptions;
  /** Clients may do only what entries of the ACL APIs, or these options, let them; without it everything. */
  readonly acls?: AuthorizerOptions;
  /** Encrypted connections: the broker's certificate, and whether clients show theirs. */
  readonly tls?: TlsOptions;
  readonly log?: (line: LogLine) => void;
  /** For tests: decides about each request before it is served. */
  readonly intercept?: (request: InterceptedRequest) => Interception;
  readonly clock?: Clock;
  readonly disk?: Disk;
}

type Optional =
  | "dataDir"
  | "advertisedHost"
  | "advertisedPort"
  | "listenerName"
  | "disk"
  | "clock"
  | "sasl"
  | "acls"
  | "tls"
  | "intercept";
export type Settings = Required<Omit<BrokerOptions, Optional>> &
  Pick<BrokerOptions, "listenerName" | "sasl" | "acls" | "tls" | "intercept">;

/** The options with Kafka's defaults in the places of those left out. */
export function withDefaults(options: BrokerOptions): Settings {
  const { dataDir: _d, disk: _k, clock: _c, advertisedHost: _h, advertisedPort: _p, ...given } = options;
  const messageMaxBytes = given.messageMaxBytes ?? 1_048_588;
  return {
    host: "127.0.0.1",
    port: 0,
    protocol: protocolOf(options),
    listeners: [],
    nodeId: 1,
    numPartitions: 1,
    autoCreateTopics: true,
    fsync: "acks-all",
    requestMaxBytes: 104_857_600,
    fetchMaxBytes: 57_671_680,
    requestMemoryBytes: 256 << 20,
    answerMemoryBytes: 256 << 20,
    maxConnections: 10_000,
    maxConnectionsPerIp: 10_000,
    maxConnectionsPerIpOverrides: {},
    maxInFlightPerConnection: 64,
    connectionIdleMs: 600_000,
    groupInitialRebalanceDelayMs: 3000,
    groupMinSessionTimeoutMs: 6000,
    groupMaxSessionTimeoutMs: 1_800_000,
    groupMaxMembers: 10_000,
    groupConsumerSessionTimeoutMs: 45_000,
    groupConsumerMinSessionTimeoutMs: 45_000,
    groupConsumerMaxSessionTimeoutMs: 60_000,
    groupConsumerHeartbeatIntervalMs: 5000,
    groupConsumerMinHeartbeatIntervalMs: 5000,
    groupConsumerMaxHeartbeatIntervalMs: 15_000,
    groupConsumerMaxMembers: 10_000,
    groupConsumerAssignors: ["uniform", "range"],
    groupConsumerMigration: "bidirectional",
    offsetMetadataMaxBytes: 4096,
    offsetsTopicPartitions: 50,
    transactionTopicPartitions: 50,
    offsetsRetentionMs: 7 * 86_400_000,
    transactionMaxTimeoutMs: 900_000,
    maintenanceIntervalMs: 300_000,
    maintenanceDelayMs: 30_000,
    logCleanerBackoffMs: 15_000,
    logCleanerThreads: 1,
    logCleanerMaxBytesPerSecond: Number.MAX_VALUE,
    log: () => {},
    ...given,
    messageMaxBytes,
    topicDefaults: { "max.message.bytes": String(messageMaxBytes), ...given.topicDefaults },
  };
}

function protocolOf({ sasl, tls }: BrokerOptions): SecurityProtocol {
  if (sasl === undefined) return tls === undefined ? "PLAINTEXT" : "SSL";
  return tls === undefined ? "SASL_PLAINTEXT" : "SASL_SSL";
}
