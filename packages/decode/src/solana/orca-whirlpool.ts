import { discriminator, readU8, readU64 } from "../little-endian.ts";
import { exchangeOf, fillOf, type Hop, type HopTerms } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { ORCA_WHIRLPOOL_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";
import { type FeeEvent, withoutTransferFees } from "./transfer-fee.ts";

const SWAP = "f8c69e91e17587c8";
const SWAP_V2 = "2b04ed0b1ac91e62";
const TWO_HOP_SWAP = "c360ed6c44a2dbe6";
const TWO_HOP_SWAP_V2 = "ba8fd11dfe02c275";

const TRADED: FeeEvent = {
  name: "e1ca49af932ba096",
  minBytes: 121,
  fees: (bytes) => [readU64(bytes, 89), readU64(bytes, 97)],
};

/** Where the direction flag of a swap stands in the data, and those of the two hops of a two-hop swap. */
const A_TO_B = 41;
const A_TO_B_ONE = 25;
const A_TO_B_TWO = 26;

interface Leg {
  readonly hop: Hop;
  readonly terms: HopTerms;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const layout = LAYOUTS.get(discriminator(data));
  if (layout === undefined) return NOT_A_SWAP;
  const tooShort = data.length < layout.dataSize || instruction.accounts.length < layout.accounts;
  if (tooShort) return ["malformed-instruction"];
  const transfers = tokenTransfers(transaction.children(instruction));
  return layout.legs(instruction, data).map(({ hop, terms }) => {
    const exchange = exchangeOf(transfers, hop);
    if (exchange === null) return "no-transfer";
    const amounts = withoutTransferFees(transaction, instruction, hop, exchange, TRADED);
    return fillOf(transaction, hop, terms, amounts);
  });
}

interface Layout {
  /** How much of data and accounts is read at least. */
  readonly dataSize: number;
  readonly accounts: number;
  legs(instruction: Instruction, data: Uint8Array): Leg[];
}

const LAYOUTS: ReadonlyMap<string, Layout> = new Map([
  [
    SWAP,
    {
      dataSize: 42,
      accounts: 7,
      legs: (of, data) => [sided(of, { pool: 2, userA: 3, maker: 1 }, readU8(data, A_TO_B))],
    },
  ],
  [
    SWAP_V2,
    {
      dataSize: 42,
      accounts: 11,
      legs: (of, data) => [sided(of, { pool: 4, userA: 7, maker: 3, mintA: 5 }, readU8(data, A_TO_B))],
    },
  ],
  [
    TWO_HOP_SWAP,
    {
      dataSize: 27,
      accounts: 12,
      legs: (of, data) => [
        sided(of, { pool: 2, userA: 4, maker: 1 }, readU8(data, A_TO_B_ONE)),
        sided(of, { pool: 3, userA: 8, maker: 1 }, readU8(data, A_TO_B_TWO)),
      ],
    },
  ],
  [TWO_HOP_SWAP_V2, { dataSize: 27, accounts: 15, legs: chained }],
] satisfies [string, Layout][]);

/** A hop whose accounts are named A and B: user A, vault A, user B, vault B in a row. */
function sided(
  instruction: Instruction,
  at: { pool: number; userA: number; maker: number; mintA?: number },
  aToB: number,
): Leg {
  const [userA, vaultA, userB, vaultB] = [0, 1, 2, 3].map((k) => instruction.account(at.userA + k));
  const a = { user: userA ?? -1, vault: vaultA ?? -1 };
  const b = { user: userB ?? -1, vault: vaultB ?? -1 };
  const [paid, received] = aToB === 0 ? [b, a] : [a, b];
  const pool = instruction.account(at.pool);
  const hop = {
    pool,
    source: paid.user,
    vaultIn: paid.vault,
    vaultOut: received.vault,
    destination: received.user,
  };
  const terms: HopTerms = { maker: instruction.account(at.maker), quote: aToB === 0 ? "in" : "out" };
  if (at.mintA === undefined) return { hop, terms };
  const [mintA, mintB] = [instruction.account(at.mintA), instruction.account(at.mintA + 1)];
  const [mintIn, mintOut] = aToB === 0 ? [mintB, mintA] : [mintA, mintB];
  return { hop, terms: { ...terms, mintIn, mintOut } };
}

/** The second version passes the middle token from vault to vault: one transfer ends hop 1 and begins hop 2. */
function chained(instruction: Instruction, data: Uint8Array): Leg[] {
  const at = (position: number) => instruction.account(position);
  const maker = at(14);
  const quoteOf = (aToB: number) => (aToB === 0 ? "in" : "out");
  return [
    {
      hop: { pool: at(0), source: at(8), vaultIn: at(9), vaultOut: at(10), destination: at(11) },
      terms: {
        maker,
        mintIn: at(2),
        mintOut: at(3),
        quote: quoteOf(readU8(data, A_TO_B_ONE)),
        passedOn: true,
      },
    },
    {
      hop: { pool: at(1), source: at(10), vaultIn: at(11), vaultOut: at(12), destination: at(13) },
      terms: { maker, mintIn: at(3), mintOut: at(4), quote: quoteOf(readU8(data, A_TO_B_TWO)) },
    },
  ];
}

const pools = poolReader({
  created: {
    "5fb40aac54aee828": { pool: 4, mints: [1, 2], vaults: [5, 6], creator: 3 }, // initialize_pool
    cf2d57f21b3fcc43: { pool: 6, mints: [1, 2], vaults: [7, 8], creator: 5 }, // initialize_pool_v2
    "8f5e604cac7c77c7": { pool: 7, mints: [1, 2], vaults: [9, 10], creator: 5 }, // …_with_adaptive_fee
  },
  liquidity: {
    "2e9cf3760dcdfbb2": { change: "added", pool: 0, vaults: [7, 8] }, // increase_liquidity
    a026d06f685b2c01: { change: "removed", pool: 0, vaults: [7, 8] }, // decrease_liquidity
    "851d59df45eeb00a": { change: "added", pool: 0, vaults: [11, 12] }, // increase_liquidity_v2
    "3a7fbc3e4f52c460": { change: "removed", pool: 0, vaults: [11, 12] }, // decrease_liquidity_v2
  },
});

/** Orca's concentrated liquidity: amounts from the transfers, its event is in the log only. */
export const orcaWhirlpool: VenueDecoder = {
  venue: "OrcaWhirlpool",
  program: ORCA_WHIRLPOOL_PROGRAM,
  decode,
  pools,
};
