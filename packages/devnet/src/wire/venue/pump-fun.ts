import { CURVE, openingQuote } from "../../chain/coin.ts";
import { hasCashback } from "../../chain/fill.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  PUMP_EVENT_AUTHORITY,
  SYSTEM_PROGRAM,
  VENUE_PROGRAMS,
  ZERO_KEY,
} from "../../chain/programs.ts";
import { SOL } from "../../chain/token.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  mostIn,
  payIn,
  payOut,
  poolAccount,
  type SwapContext,
  type SwapEncoder,
  userBase,
  userQuote,
  venueAccount,
} from "../swap-context.ts";
import { transfer, transferChecked, transferLamports } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.PumpFun;

/** PumpFun's curve: older instructions pay in SOL, the newer ones in any listed token. */
export const encodePumpFun: SwapEncoder = (context) => {
  const { tx, fill } = context;
  const { pool } = fill;
  const inSol = pool.quote === SOL;
  const form = inSol ? solForm(context) : tokenForm(context);
  tx.balances.open(pool.vaultBase, pool.base, pool.address, fill.before.vaultBase);
  return tx.invoke(PROGRAM, form.accounts, form.data, 38_000, () => {
    tx.log.say(`Instruction: ${form.name}`);
    if (inSol) settleInSol(context);
    else settleInToken(context);
    const event = tradeEvent(context);
    tx.log.data(event);
    tx.emit(PROGRAM, PUMP_EVENT_AUTHORITY, event);
    if (fill.after.vaultBase === CURVE.poolToken) {
      const complete = completeEvent(context);
      tx.log.data(complete);
      tx.emit(PROGRAM, PUMP_EVENT_AUTHORITY, complete);
    }
  });
};

interface Form {
  readonly name: string;
  readonly accounts: Parameters<SwapContext["tx"]["invoke"]>[1];
  readonly data: Uint8Array;
}

function solForm(context: SwapContext): Form {
  const { fill, wallet, random } = context;
  const { pool } = fill;
  const head = [
    venueAccount(context, "global"),
    feeRecipient(context),
    pool.base.mint,
    pool.address,
    pool.vaultBase,
    userBase(context),
    wallet,
    SYSTEM_PROGRAM,
  ];
  const tail = [PUMP_EVENT_AUTHORITY, PROGRAM];
  const fees = [venueAccount(context, "fee-config"), venueAccount(context, "fee-program")];
  if (fill.baseIn) {
    const data = new ByteWriter().hex("33e685a4017f83ad").u64(fill.userIn, leastOut(fill)).finish();
    const accounts = [...head, creatorVault(context), pool.base.program, ...tail, ...fees];
    return { name: "Sell", accounts, data };
  }
  const volumes = [venueAccount(context, "volume"), context.book.derive(`volume/${wallet.text}`)];
  const accounts = [...head, pool.base.program, creatorVault(context), ...tail, ...volumes, ...fees];
  if (random.chance(0.4)) {
    const data = new ByteWriter().hex("38fc74089edfcd5f").u64(fill.userIn, leastOut(fill)).finish();
    return { name: "BuyExactSolIn", accounts, data };
  }
  const data = new ByteWriter().hex("66063d1201daebea").u64(fill.userOut, mostIn(fill)).finish();
  return { name: "Buy", accounts, data };
}

function tokenForm(context: SwapContext): Form {
  const { fill, wallet } = context;
  const { pool } = fill;
  const third = pool.variant % 3 === 0;
  const mints = [venueAccount(context, "global"), pool.base.mint, pool.quote.mint];
  const vaults = [pool.vaultBase, pool.vaultQuote, wallet, userBase(context), userQuote(context)];
  const programs = [pool.base.program, pool.quote.program];
  const rest = [SYSTEM_PROGRAM, PUMP_EVENT_AUTHORITY, PROGRAM];
  const recipients = [feeRecipient(context), quoteAccount(context, "fee"), creatorVault(context)];
  const accounts = third
    ? [...mints, ...programs, pool.address, ...vaults, ...recipients, ...rest]
    : [
        ...mints,
        ...programs,
        ASSOCIATED_TOKEN_PROGRAM,
        ...recipients,
        quoteAccount(context, "creator"),
        pool.address,
        ...vaults,
        venueAccount(context, "volume"),
        venueAccount(context, "fee-config"),
        venueAccount(context, "fee-program"),
        ...rest,
      ];
  const version = third ? "3" : "2";
  if (fill.baseIn) {
    const id = third ? "1c92de7726c469d5" : "5df6823ce7e940b2";
    return { name: `SellV${version}`, accounts, data: callData(id, fill.userIn, leastOut(fill)) };
  }
  if (context.random.chance(0.5)) {
    const id = third ? "e1f7501ed5b38488" : "c2ab1c46684d5b2f";
    return { name: `BuyExactQuoteInV${version}`, accounts, data: callData(id, fill.userIn, leastOut(fill)) };
  }
  const id = third ? "07051dc4f5176550" : "b817ee6167c5d33d";
  return { name: `BuyV${version}`, accounts, data: callData(id, fill.userOut, mostIn(fill)) };
}

function callData(discriminator: string, amount: bigint, limit: bigint): Uint8Array {
  return new ByteWriter().hex(discriminator).u64(amount, limit).finish();
}

/** SOL moves as lamports: by system transfers from a buyer, by a plain change of balances to a seller. */
function settleInSol(context: SwapContext): void {
  const { tx, fill, wallet } = context;
  const { pool, fees, before } = fill;
  tx.balances.holds(pool.address, before.vaultQuote + 1_231_920n);
  tx.balances.holds(feeRecipient(context), 11_963_487_971_047n);
  tx.balances.holds(creatorVault(context), 31_000_000n);
  if (fill.baseIn) {
    transfer(tx, payIn(context));
    tx.balances.moveLamports(pool.address, -fill.poolOut);
    tx.balances.moveLamports(wallet, fill.userOut);
    tx.balances.moveLamports(feeRecipient(context), fees.protocol);
    tx.balances.moveLamports(creatorVault(context), fees.creator);
    return;
  }
  transfer(tx, payOut(context, pool.address));
  transferLamports(tx, wallet, pool.address, fill.poolIn);
  transferLamports(tx, wallet, feeRecipient(context), fees.protocol + fees.cashback);
  if (fees.creator > 0n) transferLamports(tx, wallet, creatorVault(context), fees.creator);
}

function settleInToken(context: SwapContext): void {
  const { tx, fill, wallet } = context;
  const { pool, fees, before } = fill;
  const token = pool.quote;
  const fee = quoteAccount(context, "fee");
  const creator = quoteAccount(context, "creator");
  tx.balances.open(pool.vaultQuote, token, pool.address, before.vaultQuote);
  tx.balances.open(fee, token, feeRecipient(context), 88_000_000_000n);
  tx.balances.open(creator, token, creatorVault(context), 5_000_000n);
  const source = fill.baseIn ? pool.vaultQuote : userQuote(context);
  const authority = fill.baseIn ? pool.address : wallet;
  if (fill.baseIn) {
    transferChecked(tx, payIn(context));
    transferChecked(tx, payOut(context, pool.address));
  } else {
    transferChecked(tx, payOut(context, pool.address));
    transferChecked(tx, { ...payIn(context), amount: fill.poolIn });
  }
  const toFee = fees.protocol + fees.cashback;
  transferChecked(tx, { token, source, destination: fee, authority, amount: toFee });
  if (fees.creator > 0n) {
    transferChecked(tx, { token, source, destination: creator, authority, amount: fees.creator });
  }
}

/** TradeEvent; reserves are those after the trade. What is quoted in a token says so only in the tail. */
function tradeEvent(context: SwapContext): Buffer {
  const { fill, wallet, time } = context;
  const { pool, after, fees } = fill;
  const inSol = pool.quote === SOL;
  const quoteAmount = fill.baseIn ? fill.poolOut : fill.poolIn;
  const baseAmount = fill.baseIn ? fill.poolIn : fill.poolOut;
  const realQuote = after.quote - openingQuote(pool.quote);
  const creatorBps = hasCashback(pool) ? 0n : 30n;
  const event = new ByteWriter()
    .hex("bddb7fd34ee661ee")
    .bytes(pool.base.mint.bytes)
    .u64(inSol ? quoteAmount : 0n, baseAmount)
    .flag(!fill.baseIn)
    .bytes(wallet.bytes)
    .u64(BigInt(time), inSol ? after.quote : 0n, after.base)
    .u64(inSol ? realQuote : 0n, after.vaultBase - CURVE.poolToken)
    .bytes(feeRecipient(context).bytes)
    .u64(95n, fees.protocol)
    .bytes(pool.creator.bytes)
    .u64(creatorBps, fees.creator)
    .flag(!fill.baseIn)
    .u64(0n, 0n, fill.baseIn ? 0n : quoteAmount, BigInt(time - (time % 60)))
    .string(fill.baseIn ? "sell" : "buy")
    .u8(0)
    .u64(hasCashback(pool) ? 30n : 0n, fees.cashback, 5_000n, fees.protocol / 2n)
    .u32(0)
    .bytes(inSol ? ZERO_KEY : pool.quote.mint.bytes)
    .u64(quoteAmount, after.quote, realQuote);
  // Appended one after the other: holders' rewards, then creator fees that are not claimed yet.
  const age = context.random.below(10);
  if (age >= 2) event.u64(0n, 0n);
  if (age >= 4) event.u64(0n);
  return event.finish();
}

/** CompleteEvent: the curve is sold out. */
function completeEvent({ fill, wallet, time }: SwapContext): Buffer {
  const { pool } = fill;
  return new ByteWriter()
    .hex("5f72619cd42e9808")
    .bytes(wallet.bytes)
    .bytes(pool.base.mint.bytes)
    .bytes(pool.address.bytes)
    .u64(BigInt(time))
    .bytes(pool.quote === SOL ? ZERO_KEY : pool.quote.mint.bytes)
    .finish();
}

const feeRecipient = (context: SwapContext) => context.book.derive("venue/PumpFun/fee-recipient");
const creatorVault = (context: SwapContext) => poolAccount(context, "creator-vault");
const quoteAccount = (context: SwapContext, role: string) => poolAccount(context, `${role}-quote-account`);
