import { discriminator } from "../little-endian.ts";
import { exchangeOf, fillOf, type Hop, paysFirst } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { poolReader } from "./pool-finding.ts";
import { METEORA_DAMM_V1_PROGRAM } from "./programs.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

const SWAP = "f8c69e91e17587c8";

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  if (discriminator(data) !== SWAP) return NOT_A_SWAP;
  if (instruction.accounts.length < 13) return ["malformed-instruction"];
  const at = {
    pool: instruction.account(0),
    source: instruction.account(1),
    destination: instruction.account(2),
    feeAccount: instruction.account(11),
  };
  const [a, b] = [instruction.account(5), instruction.account(6)];
  // The vault program, called by the pool, moves the tokens: they are grandchildren of the swap.
  const transfers = tokenTransfers(transaction.descendants(instruction));
  const aToB = paysFirst(transfers, at.source, at.destination, a, b);
  if (aToB === null) return ["no-transfer"];
  const hop: Hop = { ...at, vaultIn: aToB ? a : b, vaultOut: aToB ? b : a };
  const exchange = exchangeOf(transfers, hop);
  if (exchange === null) return ["no-transfer"];
  const terms = {
    maker: instruction.account(12),
    quote: aToB ? "out" : "in",
    // Many pools share the vaults: their balances are nobody's reserve.
    reserves: { kind: "unknown" },
  } as const;
  return [fillOf(transaction, hop, terms, exchange)];
}

/** The same accounts in all that change liquidity. */
const ADDED = { change: "added", pool: 0, vaults: [9, 10], sharedVaults: true } as const;
const REMOVED = { ...ADDED, change: "removed" } as const;

const pools = poolReader({
  created: {
    "76ad299dad486167": { pool: 0, mints: [2, 3] }, // initialize_permissionless_pool
    "06874493e552a971": { pool: 0, mints: [2, 3] }, // …_with_fee_tier
    "07a68aabceabecf4": { pool: 0, mints: [3, 4] }, // …_constant_product_pool_with_config
    "3095dc823d0b09b2": { pool: 0, mints: [3, 4] }, // …_config2
    "9118acc2db7d03be": { pool: 0, mints: [2, 3] }, // initialize_customizable_…
  },
  liquidity: {
    a8e3323ebdab54b0: ADDED, // add_balance_liquidity
    "4f237a54ad0f5dbf": ADDED, // add_imbalance_liquidity
    "04e4d747e1fd77ce": ADDED, // bootstrap_liquidity
    "856d2cb338ee7221": REMOVED, // remove_balance_liquidity
  },
});

/** Meteora's dynamic pools over shared yield vaults: amounts from the transfers, the protocol's fee beside them. */
export const meteoraDammV1: VenueDecoder = {
  venue: "MeteoraDammV1",
  program: METEORA_DAMM_V1_PROGRAM,
  decode,
  pools,
};
