/** What kind of trouble an answer of a node is, as far as it decides what to do about it. */
export type RpcTrouble =
  /** No answer: connection refused, cut, name not found. */
  | "network"
  | "timeout"
  /** HTTP 429. */
  | "rate-limited"
  /** HTTP 401 and 403. */
  | "forbidden"
  /** Any other HTTP status. */
  | "http"
  /** The answer exceeds the bound. */
  | "too-large"
  /** The answer is not JSON-RPC. */
  | "malformed"
  /** The slot has no block, says the node. */
  | "skipped"
  /** The block is not there yet, or the node is behind. */
  | "not-yet"
  /** The node no longer has the block. */
  | "pruned"
  /** A transaction in the block has a newer version than was asked for. */
  | "unsupported-version"
  /** The node keeps no transaction history, or does not offer the method. */
  | "unable"
  /** Any other error that the node reports. */
  | "rpc";

/** One failed call to a node. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly trouble: RpcTrouble;
  /** What the other side asks to wait before the next call, where it says so. */
  readonly retryAfterMs: number | null;

  constructor(
    trouble: RpcTrouble,
    message: string,
    options?: { retryAfterMs?: number | null; cause?: unknown },
  ) {
    super(message, { cause: options?.cause });
    this.trouble = trouble;
    this.retryAfterMs = options?.retryAfterMs ?? null;
  }
}

/** Codes of Solana nodes' JSON-RPC errors (solana-rpc-client-api, custom_error) and of JSON-RPC 2.0 itself. */
const TROUBLE_OF_CODE: ReadonlyMap<number, RpcTrouble> = new Map([
  [-32001, "pruned"],
  [-32004, "not-yet"],
  [-32005, "not-yet"],
  [-32007, "skipped"],
  [-32009, "skipped"],
  [-32011, "unable"],
  [-32014, "not-yet"],
  [-32015, "unsupported-version"],
  [-32016, "not-yet"],
  [-32019, "not-yet"],
  [-32601, "unable"],
]);

/** The error that the `error` member of an answer stands for. */
export function rpcErrorOf(error: unknown): RpcError {
  const { code, message } =
    typeof error === "object" && error !== null
      ? (error as { code?: unknown; message?: unknown })
      : { code: undefined, message: undefined };
  const text = typeof message === "string" ? message.slice(0, 300) : "no message";
  if (typeof code !== "number") return new RpcError("malformed", "the error of the answer has no code");
  return new RpcError(TROUBLE_OF_CODE.get(code) ?? "rpc", `${text} (${code})`);
}
