import { CandlewickError, type Clock, ERRORS, type Logger } from "@candlewick/runtime";
import { type BackoffRule, backoffMs, DEFAULT_BACKOFF, PeerHealth } from "../backoff.ts";
import { RpcClient } from "./rpc-client.ts";
import { RpcError, type RpcTrouble } from "./rpc-error.ts";
import type { RpcEndpoint } from "./rpc-url.ts";

export interface RpcNodeOptions {
  readonly endpoint: RpcEndpoint;
  readonly commitment: "confirmed" | "finalized";
  /** The highest version of transactions that the node may send. */
  readonly maxTransactionVersion: number;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onRpcError: (trouble: RpcTrouble) => void;
}

/** A block is there a moment later than its slot is announced. */
const NOT_YET_BACKOFF: BackoffRule = { firstMs: 100, maxMs: 2_000 };

/** The calls that ingest makes to a Solana node, with the patience that each deserves. */
export class RpcNode {
  readonly #options: RpcNodeOptions;
  readonly #client: RpcClient;
  readonly #health: PeerHealth;
  /** Until when the node asked not to be called, in monotonic milliseconds. */
  #closedUntilMs = 0;

  constructor(options: RpcNodeOptions) {
    const { endpoint, timeoutMs, maxResponseBytes, clock, logger } = options;
    this.#options = options;
    this.#client = new RpcClient({ endpoint, timeoutMs, maxResponseBytes, now: () => clock.now() });
    this.#health = new PeerHealth(`the RPC node at ${endpoint.shown}`, clock, logger);
  }

  /** Asks for the head until the node answers or `timeoutMs` are over; then rejects with a CandlewickError. */
  async probe(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const patience = AbortSignal.timeout(timeoutMs);
    const both = AbortSignal.any([signal, patience]);
    let reason = `no answer in ${timeoutMs} ms`;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#once("getSlot", [], both);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RpcError) reason = error.message;
        else if (!patience.aborted) throw error;
        const refusal = error instanceof RpcError ? this.#refusal(error) : null;
        if (refusal !== null) throw refusal;
        const forbidden = error instanceof RpcError && error.trouble === "forbidden";
        if (patience.aborted || forbidden) throw this.#unreachable(reason, error);
      }
      await this.#options.clock.delay(Math.min(1_000, 100 * attempt), both).catch(() => {});
    }
  }

  /** The highest slot at our commitment. Asks until there is an answer. */
  async headSlot(signal: AbortSignal): Promise<number> {
    const { commitment } = this.#options;
    return await this.#persist(
      async () => slotIn(await this.#once("getSlot", [{ commitment }], signal)),
      signal,
    );
  }

  /** The first slot whose block the node still has; 0 where it cannot tell. Asks until there is an answer. */
  async firstSlot(signal: AbortSignal): Promise<number> {
    return await this.#persist(async () => {
      try {
        return slotIn(await this.#once("getFirstAvailableBlock", [], signal));
      } catch (error) {
        if (error instanceof RpcError && error.trouble === "unable") return 0;
        throw error;
      }
    }, signal);
  }

  /** The slots from `start` to `end` that hold blocks, ascending. Asks until there is an answer. */
  async blockSlots(start: number, end: number, signal: AbortSignal): Promise<number[]> {
    const { commitment } = this.#options;
    return await this.#persist(
      async () => slotsIn(await this.#once("getBlocks", [start, end, { commitment }], signal), start, end),
      signal,
    );
  }

  /** The bytes of a block's answer, by one call. Rejects with an RpcError. */
  async block(slot: number, signal: AbortSignal): Promise<Uint8Array> {
    const { commitment, maxTransactionVersion } = this.#options;
    await this.#open(signal);
    const bytes = await this.#client.callForBytes(
      "getBlock",
      [
        slot,
        {
          encoding: "json",
          transactionDetails: "full",
          maxSupportedTransactionVersion: maxTransactionVersion,
          rewards: false,
          commitment,
        },
      ],
      signal,
    );
    this.#health.worked();
    return bytes;
  }

  /** Counts a failed call and waits before the next; rejects where no further call can help. */
  async pause(attempt: number, error: RpcError, signal: AbortSignal): Promise<void> {
    const { clock, random, onRpcError } = this.#options;
    onRpcError(error.trouble);
    const refusal = this.#refusal(error);
    if (refusal !== null) throw refusal;
    const normal = error.trouble === "not-yet" || error.trouble === "skipped";
    if (!normal) this.#health.failed(error);
    if (error.retryAfterMs !== null) {
      this.#closedUntilMs = Math.max(this.#closedUntilMs, clock.monotonic() + error.retryAfterMs);
    }
    const rule = normal ? NOT_YET_BACKOFF : DEFAULT_BACKOFF;
    await clock.delay(backoffMs(rule, attempt + 1, random()), signal);
  }

  async #once(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    await this.#open(signal);
    const result = await this.#client.call(method, params, signal);
    this.#health.worked();
    return result;
  }

  async #persist<Result>(action: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        await this.pause(attempt, error, signal);
      }
    }
  }

  /** Waits out what the node asked for with Retry-After, for all calls alike. */
  async #open(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const waitMs = this.#closedUntilMs - clock.monotonic();
    if (waitMs > 0) await clock.delay(waitMs, signal);
  }

  /** What a person must mend before any call can succeed. */
  #refusal(error: RpcError): CandlewickError | null {
    const { shown } = this.#options.endpoint;
    switch (error.trouble) {
      case "pruned":
        return new CandlewickError(
          ERRORS.badInput,
          `The node at ${shown} no longer has a block that ingest needs: ${error.message}.`,
          "Point ingest.rpcUrl at an archive node until the gap is filled.",
          { cause: error },
        );
      case "unsupported-version":
        return new CandlewickError(
          ERRORS.configuration,
          `A block of the node at ${shown} holds transactions of a newer version than ingest asks for: ${error.message}.`,
          "Raise ingest.maxTransactionVersion.",
          { cause: error },
        );
      case "unable":
        return new CandlewickError(
          ERRORS.configuration,
          `The node at ${shown} cannot serve blocks: ${error.message}.`,
          "Use a node with transaction history and getBlock, getBlocks and getSlot enabled.",
          { cause: error },
        );
      default:
        return null;
    }
  }

  #unreachable(reason: string, cause: unknown): CandlewickError {
    return new CandlewickError(
      ERRORS.rpcUnreachable,
      `The RPC node at ${this.#options.endpoint.shown} cannot be reached: ${reason}.`,
      "Check ingest.rpcUrl and that the node runs.",
      { cause },
    );
  }
}

function slotIn(result: unknown): number {
  if (typeof result === "number" && Number.isSafeInteger(result) && result >= 0) return result;
  throw new RpcError("malformed", "the answer is not a slot");
}

function slotsIn(result: unknown, start: number, end: number): number[] {
  if (!Array.isArray(result)) throw new RpcError("malformed", "the answer is not a list of slots");
  const slots = result.map(slotIn);
  const ordered = slots.every((slot, index) => slot > (slots[index - 1] ?? start - 1) && slot <= end);
  if (!ordered) throw new RpcError("malformed", "the answer is not a list of slots in order");
  return slots;
}
