import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Chain, createChain } from "./chain/chain.ts";
import { GenesisFile } from "./chain/genesis-file.ts";
import { type ChainOptions, chainOptions } from "./chain/options.ts";
import type { TruthTrade } from "./chain/truth.ts";
import { DevnetError } from "./devnet-error.ts";
import { seedOf } from "./encoding/random.ts";
import { BlockCache } from "./rpc/block-cache.ts";
import { type DevnetClock, machineClock } from "./rpc/clock.ts";
import { FaultPlan, type FaultRates, NO_FAULTS } from "./rpc/faults.ts";
import { HttpHandler } from "./rpc/http-handler.ts";
import { type Commitment, Ledger } from "./rpc/ledger.ts";
import { Subscriptions } from "./rpc/subscriptions.ts";

export interface DevnetOptions {
  /** The chain; what is left out has defaults. */
  readonly chain?: Partial<ChainOptions>;
  /** Remembers the chain over restarts; without it every start has a chain of its own time. */
  readonly genesisFile?: string;
  /** How many slots there are before now at the first start; default 900. */
  readonly historySlots?: number;
  /** Default 0: any free port. Only 127.0.0.1 is listened on. */
  readonly port?: number;
  /** Older blocks are cleaned up; default: none. */
  readonly keepSlots?: number;
  readonly faults?: Partial<FaultRates>;
  readonly clock?: DevnetClock;
  /** Told of errors that are the node's own fault, which its clients see as "Internal error". */
  readonly onBug?: (error: unknown) => void;
}

/** A running node. */
export interface Devnet {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  readonly chain: Chain;
  /** What must be found in that slot's block. */
  truthOf(slot: number): readonly TruthTrade[];
  /** The newest slot at a commitment; default processed. */
  headSlot(commitment?: Commitment): number;
  stop(): Promise<void>;
}

const DEFAULT_HISTORY_SLOTS = 900;
const CONFIRMED_LAG_SLOTS = 2;
const FINALIZED_LAG_SLOTS = 32;
const LATE_SLOTS = 5;

/**
 * Starts the simulated Solana node on 127.0.0.1: JSON-RPC over HTTP, and over WebSocket on the same port.
 * Throws a DevnetError: INVALID_OPTION, GENESIS_UNREADABLE, GENESIS_MISMATCH, PORT_IN_USE, LISTEN_FAILED.
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const clock = options.clock ?? machineClock;
  const genesis = genesisOf(options, clock);
  const chain = createChain(genesis.options);
  const seed = seedOf(chain.options.seed);
  const rates = { ...NO_FAULTS, ...options.faults };
  const faults = new FaultPlan(seed, rates);
  const ledger = new Ledger(chain, seed, clock, {
    confirmedLagSlots: CONFIRMED_LAG_SLOTS,
    finalizedLagSlots: FINALIZED_LAG_SLOTS,
    keepSlots: options.keepSlots ?? Number.POSITIVE_INFINITY,
    lateBlockRate: rates.lateBlock,
    lateSlots: LATE_SLOTS,
  });
  const onBug = options.onBug ?? (() => {});
  const handler = new HttpHandler({ ledger, blocks: new BlockCache(chain), onBug }, faults);
  const subscriptions = new Subscriptions(ledger, clock, faults);
  const server = createServer((request, response) => {
    handler.handle(request, response).catch((error: unknown) => {
      // A client that goes away in the middle of its request is nobody's fault.
      if (!request.destroyed) onBug(error);
      response.destroy();
    });
  });
  server.on("upgrade", (request, socket, head) => subscriptions.upgrade(request, socket, head));
  const port = await listen(server, options.port ?? 0);
  const stopped = new AbortController();
  const following = Promise.all([subscriptions.run(), keepAlive(genesis, clock, stopped.signal)]);
  let stopping: Promise<void> | null = null;
  return {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    port,
    chain,
    truthOf: (slot) => chain.truthOf(slot),
    headSlot: (commitment = "processed") => ledger.head(commitment),
    stop() {
      stopped.abort();
      stopping ??= shutDown(server, subscriptions, following);
      return stopping;
    },
  };
}

/** The chain, and where its life is written down, if it is. */
interface Genesis {
  readonly options: ChainOptions;
  alive(nowMs: number): void;
}

const ALIVE_MS = 5_000;

/** Writes signs of life down until the node stops, and a last one then. */
async function keepAlive(genesis: Genesis, clock: DevnetClock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // The rejection only says that the node stops.
    await clock.delay(ALIVE_MS, signal).catch(() => undefined);
    genesis.alive(clock.now());
  }
}

function genesisOf(options: DevnetOptions, clock: DevnetClock): Genesis {
  const given = options.chain ?? {};
  const historySlots = options.historySlots ?? DEFAULT_HISTORY_SLOTS;
  if (!Number.isSafeInteger(historySlots) || historySlots < 0 || historySlots > 10_000_000) {
    throw new DevnetError(
      "INVALID_OPTION",
      `devnet historySlots must be from 0 to 10000000, not ${historySlots}.`,
    );
  }
  const { slotMs } = chainOptions({ genesisUnixMs: 0, ...given });
  const genesisUnixMs = Math.floor(clock.now() - historySlots * slotMs);
  return options.genesisFile === undefined
    ? { options: chainOptions({ genesisUnixMs, ...given }), alive: () => undefined }
    : GenesisFile.open(options.genesisFile, given, genesisUnixMs, clock.now());
}

function listen(server: Server, port: number): Promise<number> {
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
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function shutDown(
  server: Server,
  subscriptions: Subscriptions,
  following: Promise<unknown>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  subscriptions.stop();
  server.closeAllConnections();
  await Promise.all([closed, following]);
}
