import { RpcError, rpcErrorOf } from "./rpc-error.ts";
import type { RpcEndpoint } from "./rpc-url.ts";

export interface RpcClientOptions {
  readonly endpoint: RpcEndpoint;
  /** For one call, from the request to the last byte of the answer. */
  readonly timeoutMs: number;
  /** The largest answer, inflated. */
  readonly maxResponseBytes: number;
  /** For the dates of Retry-After, in milliseconds since the epoch. */
  readonly now: () => number;
}

/** Calls a node's JSON-RPC over HTTP, once per call: whether to try again is the caller's business. */
export class RpcClient {
  readonly #options: RpcClientOptions;
  #id = 0;

  constructor(options: RpcClientOptions) {
    this.#options = options;
  }

  /** The `result` of a call. Rejects with an RpcError. */
  async call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    return resultOf(parseAnswer(await this.#post(method, params, signal)));
  }

  /**
   * The bytes of an answer that holds a result, the envelope included: a block is decoded from them
   * without being parsed as a whole before. Rejects with an RpcError, also where the result is null.
   */
  async callForBytes(method: string, params: readonly unknown[], signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#post(method, params, signal);
    if (beginsWithResult(bytes)) return bytes;
    const result = resultOf(parseAnswer(bytes));
    if (result === null) throw new RpcError("not-yet", "the node answers with no block");
    return bytes;
  }

  async #post(method: string, params: readonly unknown[], signal: AbortSignal): Promise<Buffer> {
    const { endpoint, timeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    this.#id = (this.#id + 1) % Number.MAX_SAFE_INTEGER;
    try {
      const response = await fetch(endpoint.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "accept-encoding": "gzip",
          ...(endpoint.authorization === null ? {} : { authorization: endpoint.authorization }),
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: this.#id, method, params }),
        signal: AbortSignal.any([signal, timeout]),
      });
      const bytes = await this.#read(response);
      if (!response.ok && !isRpcAnswer(bytes)) throw this.#httpError(response);
      return bytes;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RpcError) throw error;
      if (timeout.aborted) throw new RpcError("timeout", `no whole answer to ${method} in ${timeoutMs} ms`);
      throw new RpcError("network", `${method}: ${networkReason(error)}`, { cause: error });
    }
  }

  async #read(response: Response): Promise<Buffer> {
    const { maxResponseBytes } = this.#options;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      // Leaving the loop cancels the body and with it the connection.
      if (size > maxResponseBytes) {
        throw new RpcError("too-large", `the answer has more than ${maxResponseBytes} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  }

  #httpError(response: Response): RpcError {
    const { status } = response;
    const text = `HTTP status ${status}`;
    if (status === 429) {
      const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), this.#options.now());
      return new RpcError("rate-limited", text, { retryAfterMs });
    }
    if (status === 413) return new RpcError("too-large", text);
    return new RpcError(status === 401 || status === 403 ? "forbidden" : "http", text);
  }
}

/** Milliseconds that a Retry-After header asks for: seconds or an HTTP date; null where it is neither. At most ten minutes. */
export function parseRetryAfter(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const ms = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(600_000, Math.max(0, ms)) : null;
}

/** A `result` that is no null before any `error`: what a block's answer begins with, whatever the order of the members. */
const RESULT_FIRST =
  /^\s*\{(?:\s*"(?:jsonrpc|id)"\s*:\s*(?:"[^"]{0,40}"|\d{1,20}|null)\s*,)*\s*"result"\s*:\s*[{[]/;

function beginsWithResult(bytes: Buffer): boolean {
  return RESULT_FIRST.test(bytes.toString("latin1", 0, 256));
}

/** Nodes send JSON-RPC errors with other statuses than 200 too: what they say is then more than the status. */
function isRpcAnswer(bytes: Buffer): boolean {
  try {
    return bytes.length < 65_536 && typeof JSON.parse(bytes.toString("utf8"))?.error?.code === "number";
  } catch {
    return false;
  }
}

function parseAnswer(bytes: Buffer): { result?: unknown; error?: unknown } {
  try {
    const answer: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof answer === "object" && answer !== null) return answer;
  } catch {
    // Said below: whatever is wrong with it, it is no answer.
  }
  const start = bytes.toString("latin1", 0, 60).replaceAll(/[^ -~]/g, ".");
  throw new RpcError("malformed", `the answer is not JSON-RPC (${bytes.length} bytes, "${start}")`);
}

function resultOf(answer: { result?: unknown; error?: unknown }): unknown {
  if (answer.error !== undefined && answer.error !== null) throw rpcErrorOf(answer.error);
  if (answer.result === undefined) throw new RpcError("malformed", "the answer has neither result nor error");
  return answer.result;
}

/** `fetch failed` says nothing: what happened is in the cause. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error && cause.message !== "" ? cause.message : error.message;
}
