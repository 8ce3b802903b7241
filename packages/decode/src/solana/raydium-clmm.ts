import { discriminator, readU8, readU64 } from "../little-endian.ts";
import { exchangeOf, fillOf, type Hop, type HopTerms } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { RAYDIUM_CLMM_PROGRAM } from "./programs.ts";
import { type TokenTransfer, tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";
import { type FeeEvent, withoutTransferFees } from "./transfer-fee.ts";

const SWAP = "f8c69e91e17587c8";
const SWAP_V2 = "2b04ed0b1ac91e62";
const SWAP_ROUTER_BASE_IN = "457d73daf5baf2c4";

const SWAP_EVENT: FeeEvent = {
  name: "40c6cde8260871e2",
  minBytes: 205,
  fees(bytes) {
    const [fee0, fee1] = [readU64(bytes, 144), readU64(bytes, 160)];
    const zeroForOne = readU8(bytes, 168) === 1;
    return zeroForOne ? [fee0, fee1] : [fee1, fee0];
  },
};

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  switch (discriminator(data)) {
    case SWAP:
      return single(transaction, instruction, 7, {});
    case SWAP_V2:
      return single(transaction, instruction, 13, {
        mintIn: instruction.account(11),
        mintOut: instruction.account(12),
      });
    case SWAP_ROUTER_BASE_IN:
      return routed(transaction, instruction);
    default:
      return NOT_A_SWAP;
  }
}

function single(
  transaction: SolanaTransaction,
  instruction: Instruction,
  minAccounts: number,
  mints: Pick<HopTerms, "mintIn" | "mintOut">,
): Outcome {
  if (instruction.accounts.length < minAccounts) return ["malformed-instruction"];
  const hop: Hop = {
    pool: instruction.account(2),
    source: instruction.account(3),
    destination: instruction.account(4),
    vaultIn: instruction.account(5),
    vaultOut: instruction.account(6),
  };
  const exchange = exchangeOf(tokenTransfers(transaction.children(instruction)), hop);
  if (exchange === null) return ["no-transfer"];
  const terms: HopTerms = { maker: instruction.account(0), quote: "greater", ...mints };
  const amounts = withoutTransferFees(transaction, instruction, hop, exchange, SWAP_EVENT);
  return [fillOf(transaction, hop, terms, amounts)];
}

/** Accounts of the router before those of its hops. */
const ROUTER_ACCOUNTS = 6;

/**
 * The router's hops follow each other in the remaining accounts, each with a number of tick arrays that the
 * instruction does not tell. Its transfers do: per hop one into the pool and one out of it, and the two
 * vaults stand side by side in the list, after the pool and the user's receiving account.
 */
function routed(transaction: SolanaTransaction, instruction: Instruction): Outcome {
  if (instruction.accounts.length < ROUTER_ACCOUNTS + 7) return ["malformed-instruction"];
  const transfers = tokenTransfers(transaction.children(instruction));
  const fills: Outcome[number][] = [];
  let source = instruction.account(1);
  let mintIn = instruction.account(2);
  for (let k = 0; k + 1 < transfers.length; k += 2) {
    const pair = transfers.slice(k, k + 2);
    const vault = vaultPosition(instruction, pair);
    if (vault === null) return [...fills, "malformed-instruction"];
    const hop: Hop = {
      pool: instruction.account(vault - 2),
      source,
      destination: instruction.account(vault - 1),
      vaultIn: instruction.account(vault),
      vaultOut: instruction.account(vault + 1),
    };
    const mintOut = instruction.account(vault + 2);
    const exchange = exchangeOf(pair, hop);
    if (exchange === null) return [...fills, "no-transfer"];
    const terms: HopTerms = { maker: instruction.account(0), quote: "greater", mintIn, mintOut };
    const amounts = withoutTransferFees(transaction, instruction, hop, exchange, SWAP_EVENT);
    fills.push(fillOf(transaction, hop, terms, amounts));
    source = hop.destination;
    mintIn = mintOut;
  }
  return fills.length === 0 ? ["no-transfer"] : fills;
}

/** The position of the paying vault of a hop in the router's accounts. */
function vaultPosition(instruction: Instruction, pair: readonly TokenTransfer[]): number | null {
  const [paid, received] = pair;
  for (let position = ROUTER_ACCOUNTS + 3; position < instruction.accounts.length - 1; position++) {
    const here = instruction.account(position) === paid?.destination;
    if (here && instruction.account(position + 1) === received?.source) return position;
  }
  return null;
}

const CREATION = { pool: 2, mints: [3, 4], vaults: [5, 6], creator: 0 } as const;

const pools = poolReader({
  created: {
    e992d18ecf6840bc: CREATION, // create_pool
    "2b44d4a7592fa401": CREATION, // create_customizable_pool
  },
  liquidity: {
    "2e9cf3760dcdfbb2": { change: "added", pool: 2, vaults: [9, 10] }, // increase_liquidity
    "851d59df45eeb00a": { change: "added", pool: 2, vaults: [9, 10] }, // increase_liquidity_v2
    a026d06f685b2c01: { change: "removed", pool: 3, vaults: [5, 6] }, // decrease_liquidity
    "3a7fbc3e4f52c460": { change: "removed", pool: 3, vaults: [5, 6] }, // decrease_liquidity_v2
    "87802f4d0f98f031": { change: "added", pool: 5, vaults: [12, 13] }, // open_position
    "4db84ad67056f1c7": { change: "added", pool: 5, vaults: [12, 13] }, // open_position_v2
    "4dffae527d1dc92e": { change: "added", pool: 4, vaults: [11, 12] }, // open_position_with_token22_nft
  },
});

/** Raydium's concentrated liquidity: amounts from the transfers, its event is in the log only. */
export const raydiumClmm: VenueDecoder = {
  venue: "RaydiumClmm",
  program: RAYDIUM_CLMM_PROGRAM,
  decode,
  pools,
};
