import type { Logger } from "@candlewick/runtime";
import { RpcError } from "./rpc-error.ts";
import type { RpcNode } from "./rpc-node.ts";
import type { EndpointTrouble } from "./rpc-pool.ts";

/** Where it is kept which chain is followed, by the hash of its first block. */
export interface GenesisMemory {
  load(): Promise<string | null>;
  save(hash: string): Promise<void>;
}

export interface GenesisReport {
  readonly logger: Logger;
  readonly onEndpoint: (endpoint: string, trouble: EndpointTrouble) => void;
}

/** Sees to it that all endpoints serve the chain that was followed before: each is asked once, before its first use. */
export class GenesisCheck {
  readonly #nodes: readonly RpcNode[];
  readonly #memory: GenesisMemory;
  readonly #report: GenesisReport;
  readonly #verdicts = new Map<RpcNode, "right" | "wrong">();
  #expected: Promise<string | null> | null = null;

  constructor(nodes: readonly RpcNode[], memory: GenesisMemory, report: GenesisReport) {
    this.#nodes = nodes;
    this.#memory = memory;
    this.#report = report;
  }

  isWrong(node: RpcNode): boolean {
    return this.#verdicts.get(node) === "wrong";
  }

  /** Whether the endpoint may be used. One that does not say what it serves may. */
  async serves(node: RpcNode, signal: AbortSignal): Promise<boolean> {
    const known = this.#verdicts.get(node);
    if (known !== undefined) return known === "right";
    this.#expected ??= this.#decide(signal);
    let expected: string | null;
    try {
      expected = await this.#expected;
    } catch (error) {
      this.#expected = null;
      throw error;
    }
    const hash = await ask(node, signal);
    // Nobody said which chain it is, or this endpoint does not answer: it is asked again before its next use.
    if (hash === undefined) return true;
    if (expected === null && hash !== null) this.#expected = null;
    const wrong = hash !== null && expected !== null && hash !== expected;
    if (this.#verdicts.has(node)) return !wrong;
    this.#verdicts.set(node, wrong ? "wrong" : "right");
    if (!wrong) return true;
    const { logger, onEndpoint } = this.#report;
    onEndpoint(node.shown, "wrong-genesis");
    logger.error("an endpoint serves another chain and is not used", {
      endpoint: node.shown,
      genesis: hash,
      expected,
    });
    return false;
  }

  /** The chain that was followed before; on a first run the one that most endpoints serve. */
  async #decide(signal: AbortSignal): Promise<string | null> {
    const known = await this.#memory.load();
    if (known !== null) return known;
    const counts = new Map<string, number>();
    for (const hash of await Promise.all(this.#nodes.map((node) => ask(node, signal)))) {
      if (typeof hash === "string") counts.set(hash, (counts.get(hash) ?? 0) + 1);
    }
    const [most] = [...counts].sort(([, a], [, b]) => b - a);
    if (most === undefined) return null;
    await this.#memory.save(most[0]);
    return most[0];
  }
}

/** Null: the endpoint does not offer it. Undefined: it did not answer. */
async function ask(node: RpcNode, signal: AbortSignal): Promise<string | null | undefined> {
  try {
    return await node.genesisHash(signal);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return error.trouble === "unable" ? null : undefined;
  }
}
