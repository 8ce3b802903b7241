import { type Chain, createChain } from "./chain/chain.ts";
import { GenesisFile } from "./chain/genesis-file.ts";
import { type ChainOptions, chainOptions } from "./chain/options.ts";
import type { TruthTrade } from "./chain/truth.ts";
import { DevnetError } from "./devnet-error.ts";
import { seedOf } from "./encoding/random.ts";
import { type DevnetClock, machineClock } from "./rpc/clock.ts";
import { Endpoint, type EndpointOptions, PLAIN_ENDPOINT } from "./rpc/endpoint.ts";
import type { FaultRates } from "./rpc/faults.ts";
import type { Commitment } from "./rpc/ledger.ts";

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
  /** Of the first endpoint. */
  readonly faults?: Partial<FaultRates>;
  /** What the first endpoint's Retry-After says; default 1. */
  readonly retryAfterSeconds?: number;
  /** Further endpoints of the same chain, each with its own view of it, on free ports. */
  readonly endpoints?: readonly Partial<EndpointOptions>[];
  readonly clock?: DevnetClock;
  /** Told of errors that are the node's own fault, which its clients see as "Internal error". */
  readonly onBug?: (error: unknown) => void;
}

/** A running node. */
export interface Devnet {
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
  /** Addresses of all endpoints, the first included. */
  readonly endpoints: readonly { readonly url: string; readonly wsUrl: string }[];
  readonly chain: Chain;
  /** What must be found in that slot's block. */
  truthOf(slot: number): readonly TruthTrade[];
  /** The newest slot at a commitment; default processed. */
  headSlot(commitment?: Commitment): number;
  stop(): Promise<void>;
}

const DEFAULT_HISTORY_SLOTS = 900;

/**
 * Starts the simulated Solana node on 127.0.0.1: JSON-RPC over HTTP, and over WebSocket on the same port.
 * Throws a DevnetError: INVALID_OPTION, GENESIS_UNREADABLE, GENESIS_MISMATCH, PORT_IN_USE, LISTEN_FAILED.
 */
export async function startDevnet(options: DevnetOptions = {}): Promise<Devnet> {
  const clock = options.clock ?? machineClock;
  const genesis = genesisOf(options, clock);
  const chain = createChain(genesis.options);
  const seed = seedOf(chain.options.seed);
  const onBug = options.onBug ?? (() => {});
  const { faults = {}, keepSlots = Number.POSITIVE_INFINITY, retryAfterSeconds = 1 } = options;
  const views: Partial<EndpointOptions>[] = [
    { faults, keepSlots, retryAfterSeconds },
    ...(options.endpoints ?? []),
  ];
  const endpoints: Endpoint[] = [];
  try {
    for (const [index, view] of views.entries()) {
      const context = { chain, seed, clock, index, onBug };
      const port = index === 0 ? (options.port ?? 0) : 0;
      endpoints.push(await Endpoint.start(context, { ...PLAIN_ENDPOINT, ...view }, port));
    }
  } catch (error) {
    await Promise.all(endpoints.map((endpoint) => endpoint.stop()));
    throw error;
  }
  const [first] = endpoints;
  if (first === undefined) throw new RangeError("a node has an endpoint");
  const stopped = new AbortController();
  const alive = keepAlive(genesis, clock, stopped.signal);
  let stopping: Promise<unknown> | null = null;
  return {
    url: first.url,
    wsUrl: first.wsUrl,
    port: first.port,
    endpoints: endpoints.map(({ url, wsUrl }) => ({ url, wsUrl })),
    chain,
    truthOf: (slot) => chain.truthOf(slot),
    headSlot: (commitment = "processed") => first.ledger.head(commitment),
    async stop() {
      stopped.abort();
      stopping ??= Promise.all([...endpoints.map((endpoint) => endpoint.stop()), alive]);
      await stopping;
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
