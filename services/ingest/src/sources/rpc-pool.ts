import type { ChainAccount } from "@candlewick/decode";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { type BackoffRule, backoffMs, DEFAULT_BACKOFF } from "../backoff.ts";
import { GenesisCheck, type GenesisMemory } from "./genesis-check.ts";
import { RpcError } from "./rpc-error.ts";
import { isNormal, needsPerson, RpcNode, type RpcNodeOptions } from "./rpc-node.ts";
import type { RpcEndpoint } from "./rpc-url.ts";

export interface RpcPoolOptions extends Omit<RpcNodeOptions, "endpoint"> {
  /** At least one. */
  readonly endpoints: readonly RpcEndpoint[];
  readonly random: () => number;
  /** Whether a second endpoint is asked where the first takes longer than nearly always. */
  readonly hedge: boolean;
  /** An endpoint whose head is so much below the highest one is behind. */
  readonly maxBehindSlots: number;
  /** How long an endpoint that showed a false block is not asked for blocks. */
  readonly quarantineMs: number;
  /** Where it is kept which chain is followed; null: it is not checked. */
  readonly genesis: GenesisMemory | null;
  /** Told of what an endpoint is found out to be. */
  readonly onEndpoint: (endpoint: string, trouble: EndpointTrouble) => void;
}

export type EndpointTrouble = "behind" | "wrong-genesis" | "false-block";

/** A block is there a moment later than its slot is announced. */
const NOT_YET_BACKOFF: BackoffRule = { firstMs: 100, maxMs: 2_000 };
/** A second request is not sent before this, however fast blocks come. */
const MIN_HEDGE_MS = 50;

/** The endpoints of one chain: each call goes to the one that works best at the moment. */
export class RpcPool {
  readonly nodes: readonly RpcNode[];
  readonly #options: RpcPoolOptions;
  readonly #genesis: GenesisCheck | null;
  readonly #behind = new Set<RpcNode>();
  #turn = 0;

  constructor(options: RpcPoolOptions) {
    this.#options = options;
    this.nodes = options.endpoints.map((endpoint) => new RpcNode({ ...options, endpoint }));
    const { genesis, logger, onEndpoint } = options;
    this.#genesis = genesis === null ? null : new GenesisCheck(this.nodes, genesis, { logger, onEndpoint });
  }

  /** The endpoints that serve the chain, as far as that is known. */
  get usable(): readonly RpcNode[] {
    return this.nodes.filter((node) => this.#genesis?.isWrong(node) !== true);
  }

  /** Asks for the head until an endpoint answers or `timeoutMs` are over; then rejects with a CandlewickError. */
  async probe(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const patience = AbortSignal.timeout(timeoutMs);
    const both = AbortSignal.any([signal, patience]);
    let reason = `no answer in ${timeoutMs} ms`;
    for (let attempt = 1; ; attempt++) {
      const node = this.nodes[(attempt - 1) % this.nodes.length] ?? this.#none();
      try {
        await node.anySlot(both);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RpcError) reason = error.message;
        else if (!patience.aborted) throw error;
        const hopeless = error instanceof RpcError && (needsPerson(error) || error.trouble === "forbidden");
        const last = attempt % this.nodes.length === 0;
        if (hopeless && last && error instanceof RpcError)
          throw this.#refusal(node, error) ?? this.#unreachable(reason, error);
        if (patience.aborted) throw this.#unreachable(reason, error);
      }
      await this.#options.clock.delay(Math.min(1_000, 100 * attempt), both).catch(() => {});
    }
  }

  /** The head at our commitment, of one endpoint after the other. Asks until there is an answer. */
  async headSlot(signal: AbortSignal): Promise<number> {
    const { commitment } = this.#options;
    return await this.#ask(
      async (node) => {
        const head = await node.headSlot(commitment, signal);
        this.#heard(node, head);
        return head;
      },
      signal,
      this.nodes[this.#turn++ % this.nodes.length],
    );
  }

  async finalizedSlot(signal: AbortSignal): Promise<number> {
    return await this.#ask((node) => node.headSlot("finalized", signal), signal);
  }

  /** The first slot whose block an endpoint still has; 0 where none can tell. */
  async firstSlot(signal: AbortSignal): Promise<number> {
    const { length } = this.usable;
    const firsts: number[] = [];
    // The one that reaches back furthest counts.
    for (let i = 0; i < length; i++) {
      firsts.push(await this.#ask((node) => node.firstSlot(signal), signal, this.usable[i]));
    }
    return Math.min(...firsts);
  }

  /** The slots from `start` to `end` that hold blocks, ascending. Asks until there is an answer. */
  async blockSlots(
    start: number,
    end: number,
    signal: AbortSignal,
    commitment = this.#options.commitment,
  ): Promise<number[]> {
    const reaching = this.usable.find((node) => (node.head ?? 0) >= end && node.waitMs === 0);
    return await this.#ask((node) => node.blockSlots(start, end, commitment, signal), signal, reaching);
  }

  /** Accounts in the order of the addresses. Asks until there is an answer. */
  async accounts(addresses: readonly string[], signal: AbortSignal): Promise<(ChainAccount | null)[]> {
    return await this.#ask((node) => node.accounts(addresses, signal), signal);
  }

  /** The bytes of a block's answer, from an endpoint that is not among `tried` if there is one; it is added. Rejects with an RpcError. */
  async block(slot: number, tried: Set<RpcNode>, signal: AbortSignal): Promise<Uint8Array> {
    const node = await this.#pick(signal, slot, tried);
    tried.add(node);
    const hedgeMs = this.#hedgeMs(node);
    if (hedgeMs === null) return await node.block(slot, signal);
    return await this.#hedged(node, slot, hedgeMs, tried, signal);
  }

  /** Waits before a next call, where all endpoints were tried; rejects where no further call can help. */
  async pause(attempt: number, error: RpcError, tried: Set<RpcNode>, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const all = this.usable.every((node) => tried.has(node));
    if (!all) return;
    const [node] = [...tried].slice(-1);
    tried.clear();
    const refusal = node === undefined ? null : this.#refusal(node, error);
    if (refusal !== null) throw refusal;
    const round = Math.ceil(attempt / Math.max(1, this.usable.length));
    const rule = isNormal(error) ? NOT_YET_BACKOFF : DEFAULT_BACKOFF;
    await clock.delay(backoffMs(rule, round + 1, random()), signal);
  }

  /** An endpoint showed a block that is not the chain's: it is asked for no blocks for a while, if there are others. */
  quarantine(node: RpcNode, slot: number, shown: string, truth: string | null): void {
    const { logger, quarantineMs, onEndpoint } = this.#options;
    onEndpoint(node.shown, "false-block");
    if (this.usable.length > 1) node.quarantine(quarantineMs);
    logger.error("an endpoint shows a block that is not the chain's", {
      endpoint: node.shown,
      slot,
      shown,
      truth,
      quarantineMs: this.usable.length > 1 ? quarantineMs : 0,
    });
  }

  async #ask<Result>(
    action: (node: RpcNode) => Promise<Result>,
    signal: AbortSignal,
    preferred?: RpcNode,
  ): Promise<Result> {
    const tried = new Set<RpcNode>();
    for (let attempt = 1; ; attempt++) {
      const first = attempt === 1 && preferred !== undefined && preferred.waitMs === 0 ? preferred : null;
      const node =
        first !== null && (await this.serves(first, signal)) ? first : await this.#pick(signal, null, tried);
      tried.add(node);
      try {
        return await action(node);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        await this.pause(attempt, error, tried, signal);
      }
    }
  }

  /** The best endpoint that may be called now; waits for the first one where none may. */
  async #pick(signal: AbortSignal, slot: number | null, tried: ReadonlySet<RpcNode>): Promise<RpcNode> {
    const { clock } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const { usable } = this;
      if (usable.length === 0) throw this.#wrongChain();
      const ready = usable.filter((node) => node.waitMs === 0);
      const fresh = ready.filter((node) => !tried.has(node));
      const reaching = fresh.filter((node) => slot === null || mayHave(node, slot));
      const choice = reaching.length > 0 ? reaching : fresh.length > 0 ? fresh : ready;
      const [best] = this.#ranked(choice);
      if (best !== undefined) {
        if (await this.serves(best, signal)) return best;
        continue;
      }
      await clock.delay(Math.max(1, Math.min(...usable.map((node) => node.waitMs))), signal);
    }
  }

  /** Whether the endpoint serves the chain that is followed, as far as it tells. */
  async serves(node: RpcNode, signal: AbortSignal): Promise<boolean> {
    return this.#genesis === null || (await this.#genesis.serves(node, signal));
  }

  /** After which time a second endpoint is asked for the same block; null for never. */
  #hedgeMs(node: RpcNode): number | null {
    if (!this.#options.hedge || this.usable.length < 2) return null;
    const p95 = node.blockP95Ms;
    return p95 === null ? null : Math.max(MIN_HEDGE_MS, p95);
  }

  async #hedged(
    node: RpcNode,
    slot: number,
    hedgeMs: number,
    tried: Set<RpcNode>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const primary = node.block(slot, both);
    const late = this.#options.clock.delay(hedgeMs, both).then(() => "late" as const);
    // Whichever loses is ended by us: its rejection tells nothing.
    primary.catch(() => {});
    late.catch(() => {});
    try {
      const winner = await Promise.race([primary, late]);
      if (winner !== "late") return winner;
      const secondary = this.#second(slot, tried, both).then(
        (second) => second?.block(slot, both) ?? primary,
      );
      return await Promise.any([primary, secondary]).catch((error: unknown) => {
        throw error instanceof AggregateError ? error.errors[0] : error;
      });
    } finally {
      over.abort(new Error("another endpoint was faster"));
    }
  }

  /** The best endpoint that has a block and was not asked for it, and may be now; it is added to `tried`. Null where there is none. */
  async #second(slot: number, tried: Set<RpcNode>, signal: AbortSignal): Promise<RpcNode | null> {
    const free = this.usable.filter((node) => node.waitMs === 0 && !tried.has(node) && mayHave(node, slot));
    for (const node of this.#ranked(free)) {
      if (!(await this.serves(node, signal))) continue;
      tried.add(node);
      return node;
    }
    return null;
  }

  /** The best first, with a little chance in it. */
  #ranked(nodes: readonly RpcNode[]): RpcNode[] {
    const { random } = this.#options;
    return nodes
      .map((node) => ({ node, rank: node.score * (0.5 + random()) }))
      .sort((a, b) => a.rank - b.rank)
      .map(({ node }) => node);
  }

  #heard(node: RpcNode, head: number): void {
    const { maxBehindSlots, logger, onEndpoint } = this.#options;
    node.head = head;
    const highest = Math.max(...this.usable.map((other) => other.head ?? 0));
    const isBehind = head < highest - maxBehindSlots;
    if (isBehind && !this.#behind.has(node)) {
      this.#behind.add(node);
      onEndpoint(node.shown, "behind");
      logger.warn("an endpoint is behind the others; newer blocks are asked for elsewhere", {
        endpoint: node.shown,
        head,
        highest,
      });
    } else if (!isBehind && this.#behind.delete(node)) {
      logger.info("an endpoint has caught up with the others", { endpoint: node.shown, head });
    }
  }

  /** What a person must mend before any call can succeed. */
  #refusal(node: RpcNode, error: RpcError): CandlewickError | null {
    switch (error.trouble) {
      case "pruned":
        return new CandlewickError(
          ERRORS.badInput,
          `The node at ${node.shown} no longer has a block that ingest needs: ${error.message}.`,
          "Point ingest.rpcUrl at an archive node until the gap is filled.",
          { cause: error },
        );
      case "unable":
        return new CandlewickError(
          ERRORS.configuration,
          `The node at ${node.shown} cannot serve blocks: ${error.message}.`,
          "Use a node with transaction history and getBlock, getBlocks and getSlot enabled.",
          { cause: error },
        );
      default:
        return null;
    }
  }

  #unreachable(reason: string, cause: unknown): CandlewickError {
    const names = this.nodes.map((node) => node.shown).join(", ");
    return new CandlewickError(
      ERRORS.rpcUnreachable,
      this.nodes.length === 1
        ? `The RPC node at ${names} cannot be reached: ${reason}.`
        : `None of the RPC nodes at ${names} can be reached: ${reason}.`,
      "Check ingest.rpcUrl and that the node runs.",
      { cause },
    );
  }

  #wrongChain(): CandlewickError {
    const names = this.nodes.map((node) => node.shown).join(", ");
    return new CandlewickError(
      ERRORS.badInput,
      `The RPC node at ${names} serves another chain than the one that was followed before.`,
      "Correct ingest.rpcUrl, or follow the other chain with another database and other topics.",
    );
  }

  #none(): never {
    throw new RangeError("a pool has an endpoint");
  }
}

/** Whether an endpoint's head, as far as it is known, has come to a slot. */
function mayHave(node: RpcNode, slot: number): boolean {
  return node.head === null || node.head >= slot;
}
