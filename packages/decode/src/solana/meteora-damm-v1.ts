import { discriminator } from "../little-endian.ts";
import { exchangeOf, fillOf, type Hop, paysFirst } from "./exchange.ts";
import { NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
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

/** Meteora's dynamic pools over shared yield vaults: amounts from the transfers, the protocol's fee beside them. */
export const meteoraDammV1: VenueDecoder = {
  venue: "MeteoraDammV1",
  program: METEORA_DAMM_V1_PROGRAM,
  decode,
};
