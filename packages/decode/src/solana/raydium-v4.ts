import { exchangeOf, fillOf, type Hop, paysFirst } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { RAYDIUM_V4_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

/** Where the accounts of a swap stand; they differ by how many the instruction has. */
interface Layout {
  readonly coinVault: number;
  readonly pcVault: number;
  readonly source: number;
}

/** Swaps by their tag, the first byte: with the order book's accounts, and since September 2025 without. */
const BASE_IN = 9;
const BASE_OUT = 11;
const BASE_IN_V2 = 16;
const BASE_OUT_V2 = 17;

function layoutOf(tag: number | undefined, accounts: number): Layout | "too-few" | null {
  switch (tag) {
    case BASE_IN:
    case BASE_OUT:
      if (accounts < 17) return "too-few";
      // The account of target orders is left out by newer clients; only the count tells.
      return accounts === 17
        ? { coinVault: 4, pcVault: 5, source: 14 }
        : { coinVault: 5, pcVault: 6, source: 15 };
    case BASE_IN_V2:
    case BASE_OUT_V2:
      return accounts < 8 ? "too-few" : { coinVault: 3, pcVault: 4, source: 5 };
    default:
      return null;
  }
}

const POOL = 1;

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const layout = layoutOf(data[0], instruction.accounts.length);
  if (layout === null) return NOT_A_SWAP;
  if (layout === "too-few") return ["malformed-instruction"];
  const at = {
    pool: instruction.account(POOL),
    source: instruction.account(layout.source),
    destination: instruction.account(layout.source + 1),
  };
  const [coin, pc] = [instruction.account(layout.coinVault), instruction.account(layout.pcVault)];
  const transfers = tokenTransfers(transaction.children(instruction));
  const paysCoin = paysFirst(transfers, at.source, at.destination, coin, pc);
  if (paysCoin === null) return ["no-transfer"];
  const hop: Hop = { ...at, vaultIn: paysCoin ? coin : pc, vaultOut: paysCoin ? pc : coin };
  const exchange = exchangeOf(transfers, hop);
  if (exchange === null) return ["no-transfer"];
  const maker = instruction.account(layout.source + 2);
  return [fillOf(transaction, hop, { maker, quote: paysCoin ? "out" : "in" }, exchange)];
}

/** By tag: initialize2, deposit, withdraw. */
const pools = poolReader(
  {
    created: { 1: { pool: 4, mints: [8, 9], vaults: [10, 11], creator: 17 } },
    liquidity: {
      3: { change: "added", pool: POOL, vaults: [6, 7] },
      4: { change: "removed", pool: POOL, vaults: [6, 7] },
    },
  },
  (data) => String(data[0]),
);

/** Raydium AMM v4: one-byte tags, no events of its own but a line of log; amounts from the transfers. */
export const raydiumV4: VenueDecoder = { venue: "RaydiumV4", program: RAYDIUM_V4_PROGRAM, decode, pools };
