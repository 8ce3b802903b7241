import { discriminator, readU8, readU64 } from "../little-endian.ts";
import { eventOfPool, type ProgramEvent, selfCpiEvents } from "./event.ts";
import { type Exchange, exchangeOf, fillOf, type Hop, isWhole, paysFirst } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { type PoolReader, poolReader, withClaim } from "./pool-finding.ts";
import { METEORA_DBC_PROGRAM } from "./programs.ts";
import { readClaim } from "./token-claim.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** swap and swap2: the same accounts. */
const SWAPS = ["f8c69e91e17587c8", "414b3f4ceb5b5b88"];

const EVT_SWAP = "1b3c15d58aaabb93";
const EVT_SWAP_2 = "bd4233a826507599";

/** What an event says of a swap. A swap may leave both events: one is enough. */
interface Told {
  readonly baseToQuote: boolean;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const events = selfCpiEvents(transaction, instruction);
  if (!SWAPS.includes(discriminator(data))) {
    return events.some(isSwapEvent) ? ["unknown-instruction"] : NOT_A_SWAP;
  }
  const pool = transaction.address(instruction.account(2));
  if (instruction.accounts.length < 10 || pool === null) return ["malformed-instruction"];
  const at = {
    pool: instruction.account(2),
    source: instruction.account(3),
    destination: instruction.account(4),
  };
  const [base, quote] = [instruction.account(5), instruction.account(6)];
  const transfers = tokenTransfers(transaction.children(instruction));
  const told = toldBy(events, pool);
  const baseIn = told?.baseToQuote ?? paysFirst(transfers, at.source, at.destination, base, quote);
  if (baseIn === null) return ["no-transfer"];
  const hop: Hop = { ...at, vaultIn: baseIn ? base : quote, vaultOut: baseIn ? quote : base };
  const moved = exchangeOf(transfers, hop);
  const exchange = told === null || isWhole(moved) ? moved : asTold(told);
  if (exchange === null) return ["no-transfer"];
  const [baseMint, quoteMint] = [instruction.account(7), instruction.account(8)];
  const [mintIn, mintOut] = baseIn ? [baseMint, quoteMint] : [quoteMint, baseMint];
  const terms = { maker: instruction.account(9), mintIn, mintOut, quote: baseIn ? "out" : "in" } as const;
  return [fillOf(transaction, hop, terms, exchange)];
}

function isSwapEvent({ name }: ProgramEvent): boolean {
  return name === EVT_SWAP || name === EVT_SWAP_2;
}

function toldBy(events: readonly ProgramEvent[], pool: string): Told | null {
  const second = eventOfPool(events, EVT_SWAP_2, 123, pool);
  if (second !== undefined) {
    return {
      baseToQuote: readU8(second, 72) === 0,
      amountIn: readU64(second, 91),
      amountOut: readU64(second, 115),
    };
  }
  const first = eventOfPool(events, EVT_SWAP, 106, pool);
  if (first === undefined) return null;
  return {
    baseToQuote: readU8(first, 72) === 0,
    amountIn: readU64(first, 90),
    amountOut: readU64(first, 98),
  };
}

/** The event's amounts, where the transfers are not to be found. */
function asTold({ amountIn, amountOut }: Told): Exchange {
  return {
    paid: amountIn,
    received: amountOut,
    intoPool: amountIn,
    outOfPool: amountOut,
    token2022: false,
  };
}

const table = poolReader({
  created: {
    "8c55d7b06636684f": { pool: 5, mints: [3, 4], vaults: [6, 7], creator: 2 }, // initialize_virtual_pool_with_spl_token
    a976334e916edc9b: { pool: 5, mints: [3, 4], vaults: [6, 7], creator: 2 }, // …_with_token2022
  },
  migrated: {
    "1b013016b43f76d9": { pool: 0, target: 4 }, // migrate_meteora_damm
    "9ca9e66735e45040": { pool: 0, target: 4 }, // migration_damm_v2
  },
});

/** What makes a pool makes its token too, and says what its maker calls it: name, symbol and address of a picture. */
const pools: PoolReader = (transaction, instruction, data) =>
  withClaim(table(transaction, instruction, data), readClaim(data, 8));

/** Meteora's dynamic bonding curves: the transfers tell the amounts, the event (by self-call) the direction. */
export const meteoraDbc: VenueDecoder = { venue: "MeteoraDbc", program: METEORA_DBC_PROGRAM, decode, pools };
