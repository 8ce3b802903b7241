import { discriminator, readU64 } from "../little-endian.ts";
import { exchangeOf, fillOf, type Hop } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { RAYDIUM_CPMM_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";
import { type FeeEvent, withoutTransferFees } from "./transfer-fee.ts";

/** swap_base_input and swap_base_output: the same accounts. */
const SWAPS = ["8fbe5adac41e33de", "37d96256a34ab4ad"];

const SWAP_EVENT: FeeEvent = {
  name: "40c6cde8260871e2",
  minBytes: 89,
  fees: (bytes) => [readU64(bytes, 72), readU64(bytes, 80)],
};

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  if (!SWAPS.includes(discriminator(data))) return NOT_A_SWAP;
  if (instruction.accounts.length < 12) return ["malformed-instruction"];
  const hop: Hop = {
    pool: instruction.account(3),
    source: instruction.account(4),
    destination: instruction.account(5),
    vaultIn: instruction.account(6),
    vaultOut: instruction.account(7),
  };
  const exchange = exchangeOf(tokenTransfers(transaction.children(instruction)), hop);
  if (exchange === null) return ["no-transfer"];
  const maker = instruction.account(0);
  const [mintIn, mintOut] = [instruction.account(10), instruction.account(11)];
  const amounts = withoutTransferFees(transaction, instruction, hop, exchange, SWAP_EVENT);
  return [fillOf(transaction, hop, { maker, mintIn, mintOut, quote: "greater" }, amounts)];
}

const pools = poolReader({
  created: {
    afaf6d1f0d989bed: { pool: 3, mints: [4, 5], vaults: [10, 11], creator: 0 }, // initialize
  },
  liquidity: {
    f223c68952e1f2b6: { change: "added", pool: 2, vaults: [6, 7] }, // deposit
    b712469c946da122: { change: "removed", pool: 2, vaults: [6, 7] }, // withdraw
  },
});

/** Raydium's constant product pools for any token program: amounts from the transfers. */
export const raydiumCpmm: VenueDecoder = {
  venue: "RaydiumCpmm",
  program: RAYDIUM_CPMM_PROGRAM,
  decode,
  pools,
};
