/** Whether trying again can help: never, after a delay, or after reading the state anew. */
export type Retry = "never" | "backoff" | "refresh";
/** Who can mend it: the person who runs it, the other side of a connection, or the authors. */
export type Fault = "user" | "peer" | "bug";

/** One entry of the catalogue: what is common to all errors of a code. */
export interface ErrorKind {
  readonly code: string;
  readonly retry: Retry;
  readonly fault: Fault;
}

/** Process exit codes: 1 usage or configuration, 70 a bug, 75 try again later. */
export const EXIT = { ok: 0, usage: 1, bug: 70, tryAgain: 75 } as const;

/**
 * An error for a person: what happened and what to do, each one sentence. A user's mistake is shown
 * without a stack trace.
 */
export class CandlewickError extends Error {
  override readonly name = "CandlewickError";
  readonly code: string;
  readonly retry: Retry;
  readonly fault: Fault;
  /** What the reader can do about it; one sentence. */
  readonly advice: string;

  constructor(kind: ErrorKind, what: string, advice: string, options?: { cause?: unknown }) {
    super(what, options);
    this.code = kind.code;
    this.retry = kind.retry;
    this.fault = kind.fault;
    this.advice = advice;
  }

  /** The exit code of a process that ends with this error. */
  get exitCode(): number {
    if (this.fault === "bug") return EXIT.bug;
    return this.fault === "peer" ? EXIT.tryAgain : EXIT.usage;
  }
}

/** The catalogue. A code is stable: scripts and alerts may rely on it. */
export const ERRORS = {
  usage: { code: "USAGE", retry: "never", fault: "user" },
  configuration: { code: "CONFIGURATION", retry: "never", fault: "user" },
  badInput: { code: "BAD_INPUT", retry: "never", fault: "user" },
  portInUse: { code: "PORT_IN_USE", retry: "never", fault: "user" },
  dataDirLocked: { code: "DATA_DIR_LOCKED", retry: "never", fault: "user" },
  dataDirUnusable: { code: "DATA_DIR_UNUSABLE", retry: "never", fault: "user" },
  diskFull: { code: "DISK_FULL", retry: "backoff", fault: "user" },
  schemaNewer: { code: "SCHEMA_NEWER", retry: "never", fault: "user" },
  unsupportedPlatform: { code: "UNSUPPORTED_PLATFORM", retry: "never", fault: "user" },
  kafkaUnreachable: { code: "KAFKA_UNREACHABLE", retry: "backoff", fault: "peer" },
  databaseUnreachable: { code: "DATABASE_UNREACHABLE", retry: "backoff", fault: "peer" },
  rpcUnreachable: { code: "RPC_UNREACHABLE", retry: "backoff", fault: "peer" },
  offsetLost: { code: "OFFSET_LOST", retry: "never", fault: "user" },
  fenced: { code: "FENCED", retry: "refresh", fault: "peer" },
  poison: { code: "POISON", retry: "never", fault: "peer" },
  bug: { code: "BUG", retry: "never", fault: "bug" },
} as const satisfies Record<string, ErrorKind>;
