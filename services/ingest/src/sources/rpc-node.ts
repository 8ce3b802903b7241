import type { ChainAccount } from "@candlewick/decode";
import type { Clock, Logger } from "@candlewick/runtime";
import { PeerHealth } from "../backoff.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { RateBudget } from "./rate-budget.ts";
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
  /** Null: no bound. */
  readonly requestsPerSecond: number | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onRpcError: (trouble: RpcTrouble) => void;
}

/** What an endpoint says of the block of a slot. */
export interface BlockClaim {
  readonly id: string;
  readonly parentSlot: number;
  readonly parentId: string;
}

/** After a refusal without Retry-After. */
const CLOSED_MS = 1_000;

/** One endpoint of a Solana node's JSON-RPC. Each method is one call, and rejects with an RpcError. */
export class RpcNode {
  readonly shown: string;
  /** The highest head that it told, at our commitment; null before it did. */
  head: number | null = null;
  readonly #options: RpcNodeOptions;
  readonly #client: RpcClient;
  readonly #peer: PeerHealth;
  readonly #health = new EndpointHealth();
  readonly #budget: RateBudget;
  /** Until when it asked not to be called, or is not to be trusted, in monotonic milliseconds. */
  #closedUntilMs = 0;
  #quarantinedUntilMs = 0;

  constructor(options: RpcNodeOptions) {
    const { endpoint, timeoutMs, maxResponseBytes, requestsPerSecond, clock, logger } = options;
    this.shown = endpoint.shown;
    this.#options = options;
    this.#client = new RpcClient({ endpoint, timeoutMs, maxResponseBytes, now: () => clock.now() });
    this.#peer = new PeerHealth(`the RPC node at ${endpoint.shown}`, clock, logger);
    this.#budget = new RateBudget(requestsPerSecond, clock.monotonic());
  }

  /** How long until it may be called again: Retry-After, the budget of calls, quarantine. */
  get waitMs(): number {
    const now = this.#options.clock.monotonic();
    const until = Math.max(this.#closedUntilMs, this.#quarantinedUntilMs);
    return Math.max(0, until - now, this.#budget.waitMs(now));
  }

  get score(): number {
    return this.#health.score;
  }

  get blockP95Ms(): number | null {
    return this.#health.blockP95Ms;
  }

  quarantine(ms: number): void {
    this.#quarantinedUntilMs = this.#options.clock.monotonic() + ms;
  }

  async genesisHash(signal: AbortSignal): Promise<string> {
    const hash = await this.#call("getGenesisHash", [], signal);
    if (typeof hash === "string") return hash;
    throw new RpcError("malformed", "the answer is not a genesis hash");
  }

  async headSlot(commitment: "confirmed" | "finalized", signal: AbortSignal): Promise<number> {
    return slotIn(await this.#call("getSlot", [{ commitment }], signal));
  }

  /** Whether it answers at all. Its failure is the caller's to tell. */
  async anySlot(signal: AbortSignal): Promise<void> {
    await this.#counted(signal, () => this.#client.call("getSlot", [], signal), "quiet");
  }

  /** The first slot whose block the node still has; 0 where it cannot tell. */
  async firstSlot(signal: AbortSignal): Promise<number> {
    try {
      return slotIn(await this.#call("getFirstAvailableBlock", [], signal));
    } catch (error) {
      if (error instanceof RpcError && error.trouble === "unable") return 0;
      throw error;
    }
  }

  /** The slots from `start` to `end` that hold blocks, ascending. */
  async blockSlots(
    start: number,
    end: number,
    commitment: "confirmed" | "finalized",
    signal: AbortSignal,
  ): Promise<number[]> {
    return slotsIn(await this.#call("getBlocks", [start, end, { commitment }], signal), start, end);
  }

  /** The bytes of a block's answer. */
  async block(slot: number, signal: AbortSignal): Promise<Uint8Array> {
    const began = this.#options.clock.monotonic();
    const params = [slot, { encoding: "json", transactionDetails: "full", ...this.#blockOptions() }];
    const bytes = await this.#counted(signal, () => this.#client.callForBytes("getBlock", params, signal));
    this.#health.blockCame(this.#options.clock.monotonic() - began);
    return bytes;
  }

  /** What the node says of a slot's block, without its transactions; null where it says that there is none. */
  async claim(slot: number, signal: AbortSignal): Promise<BlockClaim | null> {
    const params = [slot, { encoding: "json", transactionDetails: "none", ...this.#blockOptions() }];
    try {
      return claimIn(await this.#call("getBlock", params, signal));
    } catch (error) {
      if (error instanceof RpcError && error.trouble === "skipped") return null;
      throw error;
    }
  }

  /** Accounts in the order of the addresses, at most a hundred; null for one that does not exist. */
  async accounts(addresses: readonly string[], signal: AbortSignal): Promise<(ChainAccount | null)[]> {
    const { commitment } = this.#options;
    const params = [addresses, { encoding: "base64", commitment }];
    return accountsIn(await this.#call("getMultipleAccounts", params, signal), addresses);
  }

  #blockOptions() {
    const { commitment, maxTransactionVersion } = this.#options;
    return { maxSupportedTransactionVersion: maxTransactionVersion, rewards: false, commitment };
  }

  async #call(method: string, params: readonly unknown[], signal: AbortSignal): Promise<unknown> {
    return await this.#counted(signal, () => this.#client.call(method, params, signal));
  }

  async #counted<Result>(
    signal: AbortSignal,
    action: () => Promise<Result>,
    telling: "told" | "quiet" = "told",
  ): Promise<Result> {
    signal.throwIfAborted();
    const { clock } = this.#options;
    const began = clock.monotonic();
    this.#budget.take(began);
    try {
      const result = await action();
      this.#health.succeeded(clock.monotonic() - began);
      this.#peer.worked();
      return result;
    } catch (error) {
      if (error instanceof RpcError) this.#failed(error, clock.monotonic() - began, telling);
      throw error;
    }
  }

  #failed(error: RpcError, ms: number, telling: "told" | "quiet"): void {
    const { clock, onRpcError } = this.#options;
    onRpcError(error.trouble);
    if (isNormal(error)) {
      this.#health.succeeded(ms);
      return;
    }
    this.#health.failed();
    // What a person must mend is told by whoever gives up because of it.
    if (telling === "told" && !needsPerson(error)) this.#peer.failed(error);
    const closedMs = error.retryAfterMs ?? (error.trouble === "rate-limited" ? CLOSED_MS : 0);
    this.#closedUntilMs = Math.max(this.#closedUntilMs, clock.monotonic() + closedMs);
  }
}

/** The answers of a node that works, to a question that came early or asked for nothing. */
export function isNormal({ trouble }: RpcError): boolean {
  return trouble === "not-yet" || trouble === "skipped";
}

/** Whether the same call can succeed at this endpoint only after somebody did something. */
export function needsPerson({ trouble }: RpcError): boolean {
  return trouble === "pruned" || trouble === "unable" || trouble === "unsupported-version";
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

function accountsIn(result: unknown, addresses: readonly string[]): (ChainAccount | null)[] {
  const value: unknown = Object(result).value;
  if (!Array.isArray(value) || value.length !== addresses.length) {
    throw new RpcError("malformed", "the answer is not a list of as many accounts as were asked for");
  }
  return value.map((account: unknown, index) => {
    const { owner, data } = Object(account) as { owner?: unknown; data?: unknown };
    const text: unknown = Array.isArray(data) ? data[0] : null;
    if (typeof owner !== "string" || typeof text !== "string") return null;
    return { address: addresses[index] ?? "", owner, data: Buffer.from(text, "base64") };
  });
}

function claimIn(result: unknown): BlockClaim {
  if (result === null) throw new RpcError("not-yet", "the node answers with no block");
  const { blockhash: id, parentSlot, previousBlockhash: parentId } = result as Record<string, unknown>;
  if (typeof id !== "string" || typeof parentId !== "string") {
    throw new RpcError("malformed", "the answer is not a block");
  }
  return { id, parentSlot: slotIn(parentSlot), parentId };
}
