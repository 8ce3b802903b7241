import type { AddressBook } from "../chain/address.ts";
import { type Coin, CURVE, openingQuote } from "../chain/coin.ts";
import type { Fill } from "../chain/fill.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  PUMP_EVENT_AUTHORITY,
  SYSTEM_PROGRAM,
  TOKEN_2022_PROGRAM,
  VENUE_PROGRAMS,
  ZERO_KEY,
} from "../chain/programs.ts";
import { SOL } from "../chain/token.ts";
import { ByteWriter } from "../encoding/byte-writer.ts";
import { changeSupply } from "./token-instructions.ts";
import type { TransactionBuilder } from "./transaction-builder.ts";

const PROGRAM = VENUE_PROGRAMS.PumpFun;

/** Creates the coin; its maker's first buy, where there is one, follows in the same transaction. */
export function encodeCreate(tx: TransactionBuilder, book: AddressBook, coin: Coin, time: number): void {
  const { curve, token, creator } = coin;
  const newer = token.program === TOKEN_2022_PROGRAM;
  const uri = `https://example.invalid/${coin.token.symbol.toLowerCase()}.json`;
  const data = new ByteWriter()
    .hex(newer ? "d6904cec5f8b31b4" : "181ec828051c0777")
    .string(coin.token.name)
    .string(coin.token.symbol)
    .string(uri)
    .bytes(creator.bytes);
  const authority = book.derive("venue/PumpFun/mint-authority", "readonly");
  const global = book.derive("venue/PumpFun/global", "readonly");
  const metadata = book.derive(`coin/${coin.number}/metadata`);
  const tail = [SYSTEM_PROGRAM, token.program, ASSOCIATED_TOKEN_PROGRAM, PUMP_EVENT_AUTHORITY, PROGRAM];
  const head = [token.mint, authority, curve.address, curve.vaultBase];
  const accounts = newer
    ? [...head, global, creator, ...tail]
    : [...head, global, book.derive("metadata-program", "program"), metadata, creator, ...tail];
  tx.balances.open(curve.vaultBase, token, curve.address, 0n, { existsBefore: false, existsAfter: true });
  tx.invoke(PROGRAM, accounts, data.finish(), 98_000, () => {
    tx.log.say(newer ? "Instruction: CreateV2" : "Instruction: Create");
    changeSupply(tx, "mint", token.mint, curve.vaultBase, authority, CURVE.supply);
    tx.balances.credit(curve.vaultBase, CURVE.supply);
    const event = createEvent(coin, uri, time);
    tx.log.data(event);
    tx.emit(PROGRAM, PUMP_EVENT_AUTHORITY, event);
  });
}

function createEvent(coin: Coin, uri: string, time: number): Buffer {
  const { curve, token, creator } = coin;
  const opening = openingQuote(curve.quote);
  return new ByteWriter()
    .hex("1b72a94ddeeb6376")
    .string(coin.token.name)
    .string(coin.token.symbol)
    .string(uri)
    .bytes(token.mint.bytes)
    .bytes(curve.address.bytes)
    .bytes(creator.bytes)
    .bytes(creator.bytes)
    .u64(BigInt(time), CURVE.virtualToken, curve.quote === SOL ? opening : 0n, CURVE.realToken, CURVE.supply)
    .bytes(token.program.bytes)
    .flag(false)
    .flag(coin.cashback)
    .bytes(curve.quote === SOL ? ZERO_KEY : curve.quote.mint.bytes)
    .u64(opening)
    .finish();
}

/** Moves a completed curve's holdings into a new PumpSwap pool. */
export function encodeMigration(tx: TransactionBuilder, book: AddressBook, coin: Coin, time: number): void {
  const pool = coin.graduated;
  if (pool === null) throw new RangeError(`coin ${coin.number} does not graduate`);
  const { curve, token } = coin;
  const holdings = pool.stateAt(coin.migrationIndex);
  const authority = book.derive("venue/PumpFun/withdraw-authority", "readonly");
  const accounts = [
    book.derive("venue/PumpFun/global", "readonly"),
    authority,
    token.mint,
    curve.address,
    curve.vaultBase,
    tx.payer,
    SYSTEM_PROGRAM,
    token.program,
    VENUE_PROGRAMS.PumpSwap,
    pool.address,
    pool.vaultBase,
    pool.vaultQuote,
    PUMP_EVENT_AUTHORITY,
    PROGRAM,
  ];
  const event = new ByteWriter()
    .hex("bde95db95c94ea94")
    .bytes(tx.payer.bytes)
    .bytes(token.mint.bytes)
    .u64(holdings.vaultBase, holdings.vaultQuote, 15_000_001n)
    .bytes(curve.address.bytes)
    .u64(BigInt(time))
    .bytes(pool.address.bytes)
    .bytes(curve.quote === SOL ? ZERO_KEY : curve.quote.mint.bytes)
    .finish();
  tx.invoke(PROGRAM, accounts, new ByteWriter().hex("9beae792ec9ea21e").finish(), 170_000, () => {
    tx.log.say("Instruction: Migrate");
    createPool(tx, book, coin, holdings, time);
    tx.log.data(event);
    tx.emit(PROGRAM, PUMP_EVENT_AUTHORITY, event);
  });
}

function createPool(
  tx: TransactionBuilder,
  book: AddressBook,
  coin: Coin,
  holdings: Fill["before"],
  time: number,
): void {
  const pool = coin.graduated;
  if (pool === null) return;
  const shares = book.derive(`pool/${pool.number}/shares-mint`);
  const accounts = [
    pool.address,
    book.derive("venue/PumpSwap/global", "readonly"),
    tx.payer,
    pool.base.mint,
    pool.quote.mint,
    shares,
    coin.curve.vaultBase,
    coin.curve.vaultQuote,
    shares,
    pool.vaultBase,
    pool.vaultQuote,
    SYSTEM_PROGRAM,
  ];
  const data = new ByteWriter()
    .hex("e992d18ecf6840bc")
    .u16(0)
    .u64(holdings.vaultBase, holdings.vaultQuote)
    .finish();
  const event = new ByteWriter()
    .hex("b1310cd2a076a774")
    .u64(BigInt(time))
    .u16(0)
    .bytes(tx.payer.bytes)
    .bytes(pool.base.mint.bytes)
    .bytes(pool.quote.mint.bytes)
    .u8(pool.base.decimals)
    .u8(pool.quote.decimals)
    .u64(
      holdings.vaultBase,
      holdings.vaultQuote,
      holdings.vaultBase,
      holdings.vaultQuote,
      100n,
      1_000_000n,
      999_900n,
    )
    .u8(255)
    .bytes(pool.address.bytes)
    .bytes(shares.bytes)
    .finish();
  tx.invoke(VENUE_PROGRAMS.PumpSwap, accounts, data, 60_000, () => {
    tx.log.say("Instruction: CreatePool");
    tx.log.data(event);
    tx.emit(VENUE_PROGRAMS.PumpSwap, book.derive("venue/PumpSwap/event-authority", "readonly"), event);
  });
}
