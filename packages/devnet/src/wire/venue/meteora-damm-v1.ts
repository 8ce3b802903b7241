import { tokenIn } from "../../chain/fill.ts";
import { METEORA_VAULT_PROGRAM, TOKEN_PROGRAM, VENUE_PROGRAMS } from "../../chain/programs.ts";
import { ByteWriter } from "../../encoding/byte-writer.ts";
import {
  leastOut,
  openVaults,
  payIn,
  payOut,
  poolAccount,
  type SwapContext,
  type SwapEncoder,
  venueAccount,
} from "../swap-context.ts";
import { changeSupply, transfer } from "../token-instructions.ts";

const PROGRAM = VENUE_PROGRAMS.MeteoraDammV1;

/** Meteora's first pools keep their tokens in shared vaults of another program. */
export const encodeMeteoraDammV1: SwapEncoder = (context) => {
  const { tx, fill, wallet, source, destination } = context;
  const { pool, fees } = fill;
  openVaults(context, vaultState(context, "a"));
  const feeAccount = poolAccount(context, fill.baseIn ? "fee-a" : "fee-b");
  tx.balances.open(feeAccount, tokenIn(fill), pool.address, 1_000_000n);
  const data = new ByteWriter().hex("f8c69e91e17587c8").u64(fill.userIn, leastOut(fill)).finish();
  const accounts = [
    pool.address,
    source,
    destination,
    vaultState(context, "a"),
    vaultState(context, "b"),
    pool.vaultBase,
    pool.vaultQuote,
    poolAccount(context, "shares-mint-a"),
    poolAccount(context, "shares-mint-b"),
    poolAccount(context, "shares-a"),
    poolAccount(context, "shares-b"),
    feeAccount,
    wallet,
    METEORA_VAULT_PROGRAM,
    TOKEN_PROGRAM,
  ];
  return tx.invoke(PROGRAM, accounts, data, 130_000, () => {
    tx.log.say("Instruction: Swap");
    if (fees.protocol > 0n) {
      const { token, authority } = payIn(context);
      transfer(tx, { token, source, destination: feeAccount, authority, amount: fees.protocol });
    }
    deposit(context);
    withdraw(context);
    // The event's input is one raw unit less than what was paid: rounding of vault shares.
    const event = new ByteWriter()
      .hex("516ce3becdd00ac4")
      .u64(fill.userIn - 1n, fill.userOut, fees.lp, fees.protocol, 0n);
    tx.log.data(event.finish());
  });
};

function deposit(context: SwapContext): void {
  const { tx, fill, source, wallet } = context;
  const side = fill.baseIn ? "a" : "b";
  const amount = fill.userIn - fill.fees.protocol;
  const shares = poolAccount(context, `shares-${side}`);
  const mint = poolAccount(context, `shares-mint-${side}`);
  const vault = vaultState(context, side);
  const accounts = [vault, payIn(context).destination, mint, source, shares, wallet, tokenIn(fill).program];
  const data = new ByteWriter().hex("f223c68952e1f2b6").u64(amount, 0n).finish();
  tx.invoke(METEORA_VAULT_PROGRAM, accounts, data, 31_000, () => {
    tx.log.say("Instruction: Deposit");
    transfer(tx, payIn(context, fill.fees.protocol));
    changeSupply(tx, "mint", mint, shares, vault, (amount * 97n) / 100n);
  });
}

function withdraw(context: SwapContext): void {
  const { tx, fill, destination } = context;
  const side = fill.baseIn ? "b" : "a";
  const shares = poolAccount(context, `shares-${side}`);
  const mint = poolAccount(context, `shares-mint-${side}`);
  const vault = vaultState(context, side);
  const out = payOut(context, vault);
  const accounts = [vault, out.source, mint, destination, shares, fill.pool.address, out.token.program];
  const data = new ByteWriter().hex("b712469c946da122").u64(fill.userOut, 0n).finish();
  tx.invoke(METEORA_VAULT_PROGRAM, accounts, data, 30_000, () => {
    tx.log.say("Instruction: Withdraw");
    transfer(tx, out);
    changeSupply(tx, "burn", mint, shares, fill.pool.address, (fill.userOut * 97n) / 100n);
  });
}

const vaultState = (context: SwapContext, side: "a" | "b") =>
  venueAccount(
    context,
    `vault-${side === "a" ? context.fill.pool.base.mint.text : context.fill.pool.quote.mint.text}`,
  );
