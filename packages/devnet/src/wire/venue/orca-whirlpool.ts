import { type Fill, tokenIn, tokenOut, vaultIn, vaultOut } from "../../chain/fill.ts";
import { MEMO_PROGRAM, TOKEN_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
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
  sqrtPriceX64,
  userBase,
  userQuote,
} from "../swap-context.ts";
import { type TokenTransfer, transfer, transferChecked } from "../token-instructions.ts";
import type { InstructionPath } from "../transaction-builder.ts";

const PROGRAM = VENUE_PROGRAMS.OrcaWhirlpool;

/** Orca's concentrated pools; the event stands only in the log. */
export const encodeOrcaWhirlpool: SwapEncoder = (context) => {
  const { tx, fill, random, wallet } = context;
  const { pool } = fill;
  openVaults(context, pool.address);
  const newer = needsChecked(fill) || random.chance(0.5);
  const exactIn = random.chance(0.9);
  const data = new ByteWriter()
    .hex(newer ? "2b04ed0b1ac91e62" : "f8c69e91e17587c8")
    .u64(exactIn ? fill.userIn : fill.userOut, exactIn ? leastOut(fill) : mostIn(fill))
    .u128(fill.baseIn ? 4_295_048_016n : 79_226_673_515_401_279_992_447_579_055n)
    .flag(exactIn)
    .flag(fill.baseIn);
  // The newer form ends with an optional list of further accounts.
  if (newer) data.u8(0);
  const sides = [userBase(context), pool.vaultBase, userQuote(context), pool.vaultQuote];
  const tail = [...tickArrays(context), poolAccount(context, "oracle")];
  const accounts = newer
    ? [
        pool.base.program,
        pool.quote.program,
        MEMO_PROGRAM,
        wallet,
        pool.address,
        pool.base.mint,
        pool.quote.mint,
        ...sides,
        ...tail,
      ]
    : [TOKEN_PROGRAM, wallet, pool.address, ...sides, ...tail];
  const move = newer ? transferChecked : transfer;
  return tx.invoke(PROGRAM, accounts, data.finish(), 50_000, () => {
    tx.log.say(newer ? "Instruction: SwapV2" : "Instruction: Swap");
    move(tx, payIn(context));
    move(tx, payOut(context, pool.address));
    tx.log.data(traded(fill));
  });
};

/** Two pools in one instruction. `first.destination` and `second.source` are the user's account in between. */
export function encodeTwoHop(first: SwapContext, second: SwapContext): InstructionPath {
  openVaults(first, first.fill.pool.address);
  openVaults(second, second.fill.pool.address);
  const newer = needsChecked(first.fill) || needsChecked(second.fill) || first.random.chance(0.5);
  return newer ? twoHopV2(first, second) : twoHopV1(first, second);
}

function twoHopV1(first: SwapContext, second: SwapContext): InstructionPath {
  const { tx, wallet } = first;
  const sidesOf = (context: SwapContext) => {
    const { pool } = context.fill;
    return [userBase(context), pool.vaultBase, userQuote(context), pool.vaultQuote];
  };
  const accounts = [
    TOKEN_PROGRAM,
    wallet,
    first.fill.pool.address,
    second.fill.pool.address,
    ...sidesOf(first),
    ...sidesOf(second),
    ...tickArrays(first),
    ...tickArrays(second),
    poolAccount(first, "oracle"),
    poolAccount(second, "oracle"),
  ];
  const data = twoHopArguments("c360ed6c44a2dbe6", first.fill, second.fill);
  return tx.invoke(PROGRAM, accounts, data.finish(), 95_000, () => {
    tx.log.say("Instruction: TwoHopSwap");
    for (const context of [first, second]) {
      transfer(tx, payIn(context));
      transfer(tx, payOut(context, context.fill.pool.address));
    }
    tx.log.data(traded(first.fill));
    tx.log.data(traded(second.fill));
  });
}

/** The token in between goes from vault to vault. */
function twoHopV2(first: SwapContext, second: SwapContext): InstructionPath {
  const { tx, wallet } = first;
  const tokens = [tokenIn(first.fill), tokenOut(first.fill), tokenOut(second.fill)];
  const accounts = [
    first.fill.pool.address,
    second.fill.pool.address,
    ...tokens.map((token) => token.mint),
    ...tokens.map((token) => token.program),
    first.source,
    vaultIn(first.fill),
    vaultOut(first.fill),
    vaultIn(second.fill),
    vaultOut(second.fill),
    second.destination,
    wallet,
    ...tickArrays(first),
    ...tickArrays(second),
    poolAccount(first, "oracle"),
    poolAccount(second, "oracle"),
    MEMO_PROGRAM,
  ];
  const data = twoHopArguments("ba8fd11dfe02c275", first.fill, second.fill).u8(0);
  const between: TokenTransfer = {
    token: tokenOut(first.fill),
    source: vaultOut(first.fill),
    destination: vaultIn(second.fill),
    authority: first.fill.pool.address,
    amount: first.fill.userOut,
  };
  return tx.invoke(PROGRAM, accounts, data.finish(), 105_000, () => {
    tx.log.say("Instruction: TwoHopSwapV2");
    transferChecked(tx, payIn(first));
    transferChecked(tx, between);
    transferChecked(tx, payOut(second, second.fill.pool.address));
    tx.log.data(traded(first.fill));
    tx.log.data(traded(second.fill));
  });
}

function twoHopArguments(discriminator: string, first: Fill, second: Fill): ByteWriter {
  return new ByteWriter()
    .hex(discriminator)
    .u64(first.userIn, leastOut(second))
    .flag(true)
    .flag(first.baseIn)
    .flag(second.baseIn)
    .u128(0n)
    .u128(0n);
}

/** The older instructions know only the original token program. */
function needsChecked({ pool }: Fill): boolean {
  return pool.base.program !== TOKEN_PROGRAM || pool.quote.program !== TOKEN_PROGRAM;
}

function tickArrays(context: SwapContext) {
  return [0, 1, 2].map((number) => poolAccount(context, `ticks-${number}`));
}

/** The Traded event. */
function traded(fill: Fill): Buffer {
  const protocol = (fill.fees.lp * 13n) / 100n;
  return new ByteWriter()
    .hex("e1ca49af932ba096")
    .bytes(fill.pool.address.bytes)
    .flag(fill.baseIn)
    .u128(sqrtPriceX64(fill.before))
    .u128(sqrtPriceX64(fill.after))
    .u64(fill.userIn, fill.userOut, 0n, 0n, fill.fees.lp - protocol, protocol)
    .finish();
}
