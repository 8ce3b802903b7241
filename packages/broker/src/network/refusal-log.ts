import type { LogLine } from "../options.ts";
import { ErrorCode } from "../protocol/error-code.ts";

/** Codes by which a client is told what to do next, or which are told of where they arise. */
const ORDINARY: ReadonlySet<number> = new Set([
  ErrorCode.NONE,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.SASL_AUTHENTICATION_FAILED,
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.MEMBER_ID_REQUIRED,
]);

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(ErrorCode).map(([name, code]) => [code, name]),
);

/** Answers are not deep; nothing in them is looked for further down. */
const MAX_DEPTH = 4;

/** Tells once, for each connection, API and error code, that a client is refused something. */
export class RefusalLog {
  readonly #write: (line: LogLine) => void;
  readonly #client: string;
  readonly #told = new Set<string>();

  constructor(write: (line: LogLine) => void, client: string) {
    this.#write = write;
    this.#client = client;
  }

  /** Looks for error codes in an answer. */
  note(api: string, clientId: string, answer: object): void {
    const code = firstError(answer, MAX_DEPTH);
    if (code === undefined) return;
    const error = names.get(code) ?? String(code);
    const key = `${api} ${error}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#write({ level: "warn", msg: "request refused", api, error, clientId, client: this.#client });
  }
}

/** The first error code in an answer that a person may want to know of. Asked of every answer: it makes nothing. */
function firstError(value: object, depth: number): number | undefined {
  if (depth < 0 || Buffer.isBuffer(value)) return undefined;
  if (Array.isArray(value)) return firstErrorIn(value, depth);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in fields) {
    const field = fields[name];
    if (typeof field === "number") {
      if (name.endsWith("rrorCode") && !ORDINARY.has(field)) return field;
    } else if (typeof field === "object" && field !== null) {
      const found = firstError(field, depth - 1);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function firstErrorIn(list: readonly unknown[], depth: number): number | undefined {
  for (const item of list) {
    // All items of a list are of one kind, and numbers or texts by themselves are no error codes.
    if (typeof item !== "object") return undefined;
    if (item === null) continue;
    const found = firstError(item, depth);
    if (found !== undefined) return found;
  }
  return undefined;
}
