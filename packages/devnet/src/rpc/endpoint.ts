import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Chain } from "../chain/chain.ts";
import { DevnetError } from "../devnet-error.ts";
import type { Seed } from "../encoding/random.ts";
import { BlockCache } from "./block-cache.ts";
import type { DevnetClock } from "./clock.ts";
import { isFalse } from "./false-block.ts";
import { FaultPlan, type FaultRates, NO_FAULTS } from "./faults.ts";
import { HttpHandler } from "./http-handler.ts";
import { Ledger } from "./ledger.ts";
import { Subscriptions } from "./subscriptions.ts";

/** How one endpoint of the chain sees and shows it. */
export interface EndpointOptions {
  readonly faults: Partial<FaultRates>;
  /** How many slots it is behind the chain. */
  readonly behindSlots: number;
  /** Older blocks are cleaned up. */
  readonly keepSlots: number;
  /** What it says that its chain is; null: the chain's own. */
  readonly genesisHash: string | null;
  /** What Retry-After says, in seconds. */
  readonly retryAfterSeconds: number;
}

export const PLAIN_ENDPOINT: EndpointOptions = {
  faults: {},
  behindSlots: 0,
  keepSlots: Number.POSITIVE_INFINITY,
  genesisHash: null,
  retryAfterSeconds: 1,
};

const CONFIRMED_LAG_SLOTS = 2;
const FINALIZED_LAG_SLOTS = 32;
const LATE_SLOTS = 5;

export interface EndpointContext {
  readonly chain: Chain;
  readonly seed: Seed;
  readonly clock: DevnetClock;
  readonly index: number;
  readonly onBug: (error: unknown) => void;
}

/** One address of the simulated node: JSON-RPC over HTTP, and over WebSocket on the same port. */
export class Endpoint {
  readonly ledger: Ledger;
  readonly blocks: BlockCache;
  readonly #server: Server;
  readonly #subscriptions: Subscriptions;
  readonly #following: Promise<void>;

  private constructor(context: EndpointContext, options: EndpointOptions) {
    const { chain, seed, clock, index, onBug } = context;
    const faults = new FaultPlan(seed, { ...NO_FAULTS, ...options.faults }, index);
    const { lateBlock, falseBlock } = faults.rates;
    this.ledger = new Ledger(chain, seed, clock, {
      behindSlots: options.behindSlots,
      confirmedLagSlots: CONFIRMED_LAG_SLOTS,
      finalizedLagSlots: FINALIZED_LAG_SLOTS,
      keepSlots: options.keepSlots,
      lateBlockRate: lateBlock,
      lateSlots: LATE_SLOTS,
    });
    this.blocks = new BlockCache(chain, {
      endpoint: index,
      isFalse: (slot) => isFalse(seed, slot, index, falseBlock),
    });
    const genesisHash = options.genesisHash ?? chain.calendar.hashOf(0);
    const handler = new HttpHandler(
      { ledger: this.ledger, blocks: this.blocks, genesisHash, onBug },
      faults,
      options.retryAfterSeconds,
    );
    this.#subscriptions = new Subscriptions(this.ledger, clock, faults);
    this.#server = createServer((request, response) => {
      handler.handle(request, response).catch((error: unknown) => {
        // A client that goes away in the middle of its request is nobody's fault.
        if (!request.destroyed) onBug(error);
        response.destroy();
      });
    });
    this.#server.on("upgrade", (request, socket, head) => this.#subscriptions.upgrade(request, socket, head));
    this.#following = this.#subscriptions.run();
  }

  /** Listens on 127.0.0.1. Throws a DevnetError: INVALID_OPTION, PORT_IN_USE, LISTEN_FAILED. */
  static async start(context: EndpointContext, options: EndpointOptions, port: number): Promise<Endpoint> {
    const endpoint = new Endpoint(context, options);
    try {
      await listen(endpoint.#server, port);
    } catch (error) {
      await endpoint.stop();
      throw error;
    }
    return endpoint;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#subscriptions.stop();
    this.#server.closeAllConnections();
    await Promise.all([closed, this.#following]);
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const message = inUse
        ? `Port ${port} is taken by another program: stop it, or choose another port for the simulated node.`
        : `The simulated node cannot listen on 127.0.0.1:${port}: ${error.message}.`;
      reject(new DevnetError(inUse ? "PORT_IN_USE" : "LISTEN_FAILED", message, { cause: error }));
    };
    server.once("error", onError);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", onError);
      resolve();
    });
  });
}
