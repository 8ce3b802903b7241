import type { AddressBook } from "../chain/address.ts";
import { VOTE_PROGRAM } from "../chain/programs.ts";
import { ByteWriter } from "../encoding/byte-writer.ts";
import type { Random } from "../encoding/random.ts";
import type { TransactionBuilder } from "./transaction-builder.ts";

/** A validator's vote: the tower of slots it stands on. */
export function encodeVote(
  tx: TransactionBuilder,
  book: AddressBook,
  validator: number,
  slot: number,
  random: Random,
): void {
  const account = book.derive(`validator/${validator}/vote`);
  tx.balances.holds(tx.payer, 10_000_000_000n + BigInt(random.below(500_000_000)));
  tx.balances.holds(account, 9_879_785_146n);
  const data = new ByteWriter().u32(14).u64(BigInt(slot - 32));
  data.u8(31);
  for (let depth = 31; depth > 0; depth--) data.u8(1).u8(depth);
  data.bytes(random.bytes(64));
  tx.invoke(VOTE_PROGRAM, [account, tx.payer], data.finish(), 2_100);
}
