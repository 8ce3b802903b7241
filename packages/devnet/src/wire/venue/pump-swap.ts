import { keepsFeesInVault } from "../../chain/fill.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  PUMP_SWAP_EVENT_AUTHORITY,
  SYSTEM_PROGRAM,
  VENUE_PROGRAMS,
  ZERO_KEY,
} from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  mostIn,
  openVaults,
  payIn,
  payOut,
  poolAccount,
  type SwapContext,
  type SwapEncoder,
  userBase,
  userQuote,
  venueAccount,
} from "../swap-context.ts";
import { transferChecked } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.PumpSwap;

/** PumpSwap names its instructions by what happens to the base side: a buy takes base out. */
export const encodePumpSwap: SwapEncoder = (context) => {
  const { tx, fill } = context;
  openVaults(context, fill.pool.address);
  tx.balances.open(protocolAccount(context), fill.pool.quote, feeRecipient(context), 1_798_000_000_000n);
  tx.balances.open(creatorAccount(context), fill.pool.quote, fill.pool.creator, 4_000_000n);
  const { name, data } = callOf(context);
  return tx.invoke(PROGRAM, accountsOf(context), data, 58_000, () => {
    tx.log.say(`Instruction: ${name}`);
    if (fill.baseIn) settleSell(context);
    else settleBuy(context);
    const event = fill.baseIn ? sellEvent(context) : buyEvent(context);
    tx.log.data(event);
    tx.emit(PROGRAM, PUMP_SWAP_EVENT_AUTHORITY, event);
  });
};

function callOf({ fill, random }: SwapContext): { name: string; data: Uint8Array } {
  const second = keepsFeesInVault(fill.pool);
  const write = (name: string, first: string, newer: string, amount: bigint, limit: bigint) => ({
    name: second ? `${name}V2` : name,
    data: new ByteWriter()
      .hex(second ? newer : first)
      .u64(amount, limit)
      .finish(),
  });
  if (fill.baseIn) return write("Sell", "33e685a4017f83ad", "5df6823ce7e940b2", fill.userIn, leastOut(fill));
  if (random.chance(0.3)) {
    return write("BuyExactQuoteIn", "c62e1552b4d9e870", "c2ab1c46684d5b2f", fill.userIn, leastOut(fill));
  }
  return write("Buy", "66063d1201daebea", "b817ee6167c5d33d", fill.userOut, mostIn(fill));
}

function accountsOf(context: SwapContext) {
  const { fill, wallet, book } = context;
  const { pool } = fill;
  const common = [
    pool.address,
    wallet,
    venueAccount(context, "global"),
    pool.base.mint,
    pool.quote.mint,
    userBase(context),
    userQuote(context),
    pool.vaultBase,
    pool.vaultQuote,
  ];
  const programs = [pool.base.program, pool.quote.program];
  const self = [PUMP_SWAP_EVENT_AUTHORITY, PROGRAM];
  const fees = [venueAccount(context, "fee-config"), venueAccount(context, "fee-program")];
  if (keepsFeesInVault(pool)) {
    return [...common, ...programs, SYSTEM_PROGRAM, ...self, ...fees, book.derive(`volume/${wallet.text}`)];
  }
  const volumes = fill.baseIn ? [] : [venueAccount(context, "volume"), book.derive(`volume/${wallet.text}`)];
  return [
    ...common,
    feeRecipient(context),
    protocolAccount(context),
    ...programs,
    SYSTEM_PROGRAM,
    ASSOCIATED_TOKEN_PROGRAM,
    ...self,
    creatorAccount(context),
    pool.creator,
    ...volumes,
    ...fees,
  ];
}

function settleBuy(context: SwapContext): void {
  const { tx, fill, wallet } = context;
  const { pool, fees } = fill;
  transferChecked(tx, payOut(context, pool.address));
  if (keepsFeesInVault(pool)) {
    transferChecked(tx, payIn(context));
    return;
  }
  transferChecked(tx, { ...payIn(context), amount: fill.poolIn + fees.lp });
  const from = { token: pool.quote, source: userQuote(context), authority: wallet };
  transferChecked(tx, { ...from, destination: protocolAccount(context), amount: fees.protocol });
  transferChecked(tx, { ...from, destination: creatorAccount(context), amount: fees.creator });
}

function settleSell(context: SwapContext): void {
  const { tx, fill } = context;
  const { pool, fees } = fill;
  transferChecked(tx, payIn(context));
  transferChecked(tx, payOut(context, pool.address));
  if (keepsFeesInVault(pool)) return;
  const from = { token: pool.quote, source: pool.vaultQuote, authority: pool.address };
  transferChecked(tx, { ...from, destination: protocolAccount(context), amount: fees.protocol });
  transferChecked(tx, { ...from, destination: creatorAccount(context), amount: fees.creator });
}

function buyEvent(context: SwapContext): Buffer {
  const { fill, time } = context;
  const { fees, before } = fill;
  const event = new ByteWriter()
    .hex("67f4521f2cf57777")
    .u64(BigInt(time), fill.userOut, mostIn(fill), 7_000_000_000n, mostIn(fill) * 2n)
    .u64(before.vaultBase, before.vaultQuote, fill.poolIn, 20n, fees.lp, 5n, fees.protocol)
    .u64(fill.poolIn + fees.lp, fill.userIn);
  parties(context, event);
  event
    .flag(true)
    .u64(0n, 0n, fill.poolIn, BigInt(time - (time % 60)), leastOut(fill))
    .string("buy");
  event.u64(0n, 0n, 0n, 0n);
  return tail(context, event);
}

function sellEvent(context: SwapContext): Buffer {
  const { fill, time } = context;
  const { fees, before } = fill;
  const event = new ByteWriter()
    .hex("3e2f370aa503dc2a")
    .u64(BigInt(time), fill.userIn, leastOut(fill), fill.userIn * 3n, 2_000_000_000n)
    .u64(before.vaultBase, before.vaultQuote, fill.poolOut, 20n, fees.lp, 5n, fees.protocol)
    .u64(fill.poolOut - fees.lp, fill.userOut);
  parties(context, event);
  event.u64(0n, 0n, 0n, 0n);
  return tail(context, event);
}

/** From the pool to the creator's fee: the same in both events. */
function parties(context: SwapContext, event: ByteWriter): void {
  const { fill, wallet } = context;
  // The newer instructions have no fee recipient: the fees stay in the vault.
  const noRecipient = keepsFeesInVault(fill.pool);
  event
    .bytes(fill.pool.address.bytes)
    .bytes(wallet.bytes)
    .bytes(userBase(context).bytes)
    .bytes(userQuote(context).bytes)
    .bytes(noRecipient ? ZERO_KEY : feeRecipient(context).bytes)
    .bytes(noRecipient ? ZERO_KEY : protocolAccount(context).bytes)
    .bytes(fill.pool.creator.bytes)
    .u64(5n, fill.fees.creator);
}

function tail({ fill }: SwapContext, event: ByteWriter): Buffer {
  const { pool } = fill;
  event
    .u128(pool.virtualQuote)
    .flag(pool.virtualQuote > 0n)
    .u64(pool.base.supply, 0n, 0n, 0n);
  return event.finish();
}

const feeRecipient = (context: SwapContext) =>
  context.book.derive("venue/PumpSwap/fee-recipient", "readonly");
const protocolAccount = (context: SwapContext) =>
  context.book.tokenAccount(feeRecipient(context), context.fill.pool.quote.mint);
const creatorAccount = (context: SwapContext) => poolAccount(context, "creator-vault");
