import { WSOL_MINT } from "@candlewick/domain";
import { discriminator, readKey, readU64 } from "../little-endian.ts";
import { logEvents } from "./event.ts";
import { type Fill, NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { MOONSHOT_PROGRAM } from "./programs.ts";
import { systemTransfers } from "./system-transfer.ts";
import { tokenTransfers } from "./token-transfer.ts";
import type { SolanaTransaction } from "./transaction.ts";

const TRADES: ReadonlyMap<string, "buy" | "sell"> = new Map([
  ["66063d1201daebea", "buy"],
  ["33e685a4017f83ad", "sell"],
]);

const TRADE_EVENT = "bddb7fd34ee661ee";
/** Up to the sender; a type and a label of any length follow. */
const EVENT_SIZE = 144;

/** Amounts of a trade: coins, and lamports with and without fees. */
interface Amounts {
  readonly coins: bigint;
  readonly collateral: bigint;
  readonly fees: bigint;
}

function decode(transaction: SolanaTransaction, instruction: Instruction, data: Uint8Array): Outcome {
  const side = TRADES.get(discriminator(data));
  if (side === undefined) return NOT_A_SWAP;
  const curve = transaction.address(instruction.account(2));
  const maker = transaction.address(instruction.account(0));
  const coin = transaction.address(instruction.account(6));
  if (curve === null || maker === null || coin === null) return ["malformed-instruction"];
  const buy = side === "buy";
  const amounts = toldBy(transaction, instruction, curve) ?? (buy ? paidBy(transaction, instruction) : null);
  if (amounts === null) return ["no-event"];
  const { coins, collateral, fees } = amounts;
  if (!buy && fees > collateral) return ["malformed-event"];
  const curveCoins = instruction.account(3);
  const common = { pool: curve, quoteMint: WSOL_MINT, maker, destination: null };
  const fill: Fill = buy
    ? {
        ...common,
        mintIn: WSOL_MINT,
        mintOut: coin,
        userIn: collateral + fees,
        userOut: coins,
        poolIn: collateral,
        poolOut: coins,
        reserves: { kind: "vaults", in: NO_ACCOUNT, out: curveCoins },
      }
    : {
        ...common,
        mintIn: coin,
        mintOut: WSOL_MINT,
        userIn: coins,
        userOut: collateral - fees,
        poolIn: coins,
        poolOut: collateral,
        reserves: { kind: "vaults", in: curveCoins, out: NO_ACCOUNT },
      };
  return [fill];
}

/** The curve's SOL are lamports of the curve itself, which no token account shows. */
const NO_ACCOUNT = -1;

function toldBy(transaction: SolanaTransaction, instruction: Instruction, curve: string): Amounts | null {
  for (const { name, bytes } of logEvents(transaction, instruction)) {
    if (name !== TRADE_EVENT || bytes.length < EVENT_SIZE || readKey(bytes, 48) !== curve) continue;
    const [coins, collateral] = [readU64(bytes, 8), readU64(bytes, 16)];
    return { coins, collateral, fees: readU64(bytes, 24) + readU64(bytes, 32) };
  }
  return null;
}

/**
 * Without a log: a buyer pays by system transfers, to the curve and to those who take the fees, and gets the
 * coins by a token transfer. A seller's lamports come without a transfer: that only the event tells.
 */
function paidBy(transaction: SolanaTransaction, instruction: Instruction): Amounts | null {
  const [sender, account, curve, curveCoins] = [0, 1, 2, 3].map((k) => instruction.account(k));
  const children = transaction.children(instruction);
  let [collateral, fees, coins] = [0n, 0n, 0n];
  for (const { source, destination, lamports } of systemTransfers(children)) {
    if (source !== sender) continue;
    if (destination === curve) collateral += lamports;
    else fees += lamports;
  }
  for (const { source, destination, amount } of tokenTransfers(children)) {
    if (source === curveCoins && destination === account) coins += amount;
  }
  return collateral > 0n && coins > 0n ? { coins, collateral, fees } : null;
}

/** Moonshot's curves: the event, in the log only, tells all amounts. */
export const moonshot: VenueDecoder = { venue: "Moonshot", program: MOONSHOT_PROGRAM, decode };
