import type { PoolState } from "../../chain/pool.ts";
import { DLMM_EVENT_AUTHORITY, MEMO_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
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
} from "../swap-context.ts";
import { transferChecked } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.MeteoraDlmm;
const BIN_STEPS = [4, 10, 20, 25, 80, 100];

/** [discriminator, name, whether the newer account list, whether the output is exact] */
const CALLS = [
  ["f8c69e91e17587c8", "Swap", false, false],
  ["414b3f4ceb5b5b88", "Swap2", true, false],
  ["fa49652126cf4bb8", "SwapExactOut", false, true],
  ["2bd7f784893cf351", "SwapExactOut2", true, true],
] as const;

/** Meteora's bins; the events are self-calls. */
export const encodeMeteoraDlmm: SwapEncoder = (context) => {
  const { tx, fill, random, wallet, source, destination } = context;
  const { pool } = fill;
  openVaults(context, pool.address);
  const [discriminator, name, newer, exactOut] = random.chance(0.85)
    ? CALLS[random.chance(0.5) ? 0 : 1]
    : CALLS[random.chance(0.5) ? 2 : 3];
  const data = new ByteWriter()
    .hex(discriminator)
    .u64(exactOut ? mostIn(fill) : fill.userIn, exactOut ? fill.userOut : leastOut(fill));
  if (newer) data.u32(0);
  const accounts = [
    pool.address,
    // Optional accounts that are left out are given as the program itself.
    PROGRAM,
    pool.vaultBase,
    pool.vaultQuote,
    source,
    destination,
    pool.base.mint,
    pool.quote.mint,
    poolAccount(context, "oracle"),
    PROGRAM,
    wallet,
    pool.base.program,
    pool.quote.program,
    ...(newer ? [MEMO_PROGRAM] : []),
    DLMM_EVENT_AUTHORITY,
    PROGRAM,
    poolAccount(context, "bins-0"),
    poolAccount(context, "bins-1"),
  ];
  return tx.invoke(PROGRAM, accounts, data.finish(), 62_000, () => {
    tx.log.say(`Instruction: ${name}`);
    transferChecked(tx, payIn(context));
    transferChecked(tx, payOut(context, pool.address));
    tx.emit(PROGRAM, DLMM_EVENT_AUTHORITY, swapEvent(context));
    // Since the end of 2025 each fill is told twice.
    if (random.chance(0.75)) tx.emit(PROGRAM, DLMM_EVENT_AUTHORITY, secondEvent(context));
  });
};

function swapEvent(context: SwapContext): Buffer {
  const { fill } = context;
  return head(context, "516ce3becdd00ac4")
    .u64(fill.userIn, fill.userOut)
    .flag(fill.baseIn)
    .u64(fill.fees.lp, fill.fees.lp / 20n)
    .u128(feeRate(fill.pool.feeBps))
    .u64(0n)
    .finish();
}

function secondEvent(context: SwapContext): Buffer {
  const { fill } = context;
  return head(context, "2e7452d7941b544d")
    .flag(fill.baseIn)
    .u128(feeRate(fill.pool.feeBps))
    .u64(fill.userIn, 0n, fill.userOut)
    .u64(fill.fees.lp - fill.fees.lp / 20n, fill.fees.lp / 20n, 0n, 0n)
    .flag(true)
    .flag(fill.baseIn)
    .finish();
}

function head({ fill, wallet }: SwapContext, discriminator: string): ByteWriter {
  const step = BIN_STEPS[fill.pool.variant % BIN_STEPS.length] ?? 25;
  return new ByteWriter()
    .hex(discriminator)
    .bytes(fill.pool.address.bytes)
    .bytes(wallet.bytes)
    .i32(binOf(fill.before, step))
    .i32(binOf(fill.after, step));
}

/** The bin that holds a price: its price is (1 + step/10000)^bin. */
function binOf({ base, quote }: PoolState, step: number): number {
  return Math.floor(Math.log(Number(quote) / Number(base)) / Math.log1p(step / 10_000));
}

/** In billionths. */
function feeRate(bps: number): bigint {
  return BigInt(bps) * 100_000n;
}
