import { WSOL_MINT } from "@candlewick/domain";
import { discriminator, readKey, readU64 } from "../little-endian.ts";
import { logEvents } from "./event.ts";
import { type Fill, NOT_A_SWAP, type Outcome, type VenueDecoder } from "./fill.ts";
import type { Instruction } from "./instruction.ts";
import { addressAt, type PoolReader } from "./pool-finding.ts";
import { MOONSHOT_PROGRAM } from "./programs.ts";
import { systemTransfers } from "./system-transfer.ts";
import { readClaim } from "./token-claim.ts";
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
  const amounts =
    toldBy(transaction, instruction, curve) ??
    (buy ? paidBy(transaction, instruction) : soldBy(transaction, instruction));
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
 * coins by a token transfer.
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

/**
 * Without a log: a seller's lamports leave the curve without a transfer. What the balances of the curve and
 * of the two accounts for fees changed by, beside the transfers, is the sale's, where there is one only.
 */
function soldBy(transaction: SolanaTransaction, instruction: Instruction): Amounts | null {
  const sales = transaction.instructions.filter(({ program, data }) => {
    return program === MOONSHOT_PROGRAM && data !== null && TRADES.get(discriminator(data)) === "sell";
  });
  if (sales.length !== 1) return null;
  const [account, curve, curveCoins, dexFee, helioFee] = [1, 2, 3, 4, 5].map((k) => instruction.account(k));
  const transfers = systemTransfers(transaction.instructions);
  const change = (of: number | undefined): bigint | null => {
    let direct = of === undefined ? null : transaction.lamports.change(of);
    for (const { source, destination, lamports } of transfers) {
      if (direct !== null && destination === of) direct -= lamports;
      if (direct !== null && source === of) direct += lamports;
    }
    return direct;
  };
  const [given, dex, helio] = [change(curve), change(dexFee), dexFee === helioFee ? 0n : change(helioFee)];
  if (given === null || dex === null || helio === null || given >= 0n || dex < 0n || helio < 0n) return null;
  let coins = 0n;
  for (const { source, destination, amount } of tokenTransfers(transaction.children(instruction))) {
    if (source === account && destination === curveCoins) coins += amount;
  }
  return coins > 0n ? { coins, collateral: -given, fees: dex + helio } : null;
}

const TOKEN_MINT = "032ca4b87b0df5b3";
const MIGRATE_FUNDS = "2ae50ae7bd3ec1ae";

/** A launch makes its token: name, symbol, address of a picture, decimals, collateral, supply. */
function pools(
  transaction: SolanaTransaction,
  instruction: Instruction,
  data: Uint8Array,
): ReturnType<PoolReader> {
  const pool = addressAt(transaction, instruction, 2);
  switch (discriminator(data)) {
    case TOKEN_MINT: {
      const coin = addressAt(transaction, instruction, 3);
      if (coin === null || pool === null) return ["malformed-instruction"];
      const creator = addressAt(transaction, instruction, 0);
      const token = readClaim(data, 8, 2);
      const common = { kind: "created", pool, mints: [coin, WSOL_MINT] } as const;
      return [{ ...common, vaults: null, reserves: null, creator, token }];
    }
    case MIGRATE_FUNDS:
      // The pool that takes over is made later, in another transaction.
      return [pool === null ? "malformed-instruction" : { kind: "migrated", pool, target: null }];
    default:
      return [];
  }
}

/** Moonshot's curves: the event, in the log only, tells all amounts; where it is cut, balances do. */
export const moonshot: VenueDecoder = { venue: "Moonshot", program: MOONSHOT_PROGRAM, decode, pools };
