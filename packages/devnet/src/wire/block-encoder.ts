import type { Address, AddressBook } from "../chain/address.ts";
import type { BlockPlan, PlannedTransaction } from "../chain/plan.ts";
import type { SlotCalendar } from "../chain/slot-calendar.ts";
import { type TruthTrade, truthTrade } from "../chain/truth.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { Random, type Seed, TOPIC } from "../encoding/random.ts";
import type { BlockJson, RewardJson, TransactionJson } from "./block-json.ts";
import { encodeCreate, encodeMigration } from "./coin-transaction.ts";
import { encodeDecoy } from "./decoy-transaction.ts";
import { encodeSwaps, type PlacedFill } from "./swap-transaction.ts";
import { TransactionBuilder } from "./transaction-builder.ts";
import { encodeVote } from "./vote-transaction.ts";

/** A block as `getBlock` shows it, and the trades that are in it. */
export interface EncodedBlock {
  readonly block: BlockJson & { readonly transactions: readonly TransactionJson[] };
  /** In the order of their positions. */
  readonly trades: readonly TruthTrade[];
}

/** Writes planned blocks in the wire format of the RPC. */
export class BlockEncoder {
  readonly #seed: Seed;
  readonly #book: AddressBook;
  readonly #calendar: SlotCalendar;

  constructor(seed: Seed, book: AddressBook, calendar: SlotCalendar) {
    this.#seed = seed;
    this.#book = book;
    this.#calendar = calendar;
  }

  encode(plan: BlockPlan): EncodedBlock {
    const { slot } = plan;
    const parentSlot = this.#calendar.parentOf(slot);
    const trades: TruthTrade[] = [];
    const transactions = plan.transactions.map((planned, txIndex) => {
      const { transaction, placed, maker } = this.#transaction(plan, planned, txIndex, parentSlot);
      const tx = transaction.transaction.signatures[0] ?? "";
      for (const { fill, path, hop } of placed) {
        trades.push(truthTrade(fill, { slot, txIndex, ...path, hop, tx, maker }));
      }
      return transaction;
    });
    const block = {
      blockHeight: this.#calendar.heightOf(slot),
      blockTime: this.#calendar.timeOf(slot),
      blockhash: this.#calendar.hashOf(slot),
      parentSlot,
      previousBlockhash: this.#calendar.hashOf(parentSlot),
      rewards: [this.#reward(slot, transactions)],
      transactions,
    };
    return { block, trades };
  }

  #transaction(
    plan: BlockPlan,
    planned: PlannedTransaction,
    txIndex: number,
    parentSlot: number,
  ): { transaction: TransactionJson; placed: readonly PlacedFill[]; maker: string } {
    const random = new Random(this.#seed, TOPIC.transaction, plan.slot, txIndex);
    const payer = this.#payerOf(planned);
    const vote = planned.kind === "vote";
    const version = !vote && random.chance(0.6) ? 0 : "legacy";
    const tx = new TransactionBuilder({
      payer,
      signature: encodeBase58(random.bytes(64)),
      version,
      recentBlockhash: this.#calendar.hashOf(this.#calendar.lastBlockAt(parentSlot - random.below(30))),
      lookupTable:
        version === 0 && random.chance(0.8) ? this.#book.derive(`lookup/${random.below(40)}`) : null,
      unitLimit: vote ? 3_000 : 1_400_000,
      feeLamports: vote ? 5_000n : BigInt(5_000 + random.below(200_000)),
    });
    const placed = this.#write(tx, planned, plan.slot, random);
    return { transaction: tx.finish(), placed, maker: payer.text };
  }

  #write(
    tx: TransactionBuilder,
    planned: PlannedTransaction,
    slot: number,
    random: Random,
  ): readonly PlacedFill[] {
    const book = this.#book;
    const time = this.#calendar.timeOf(slot);
    const job = { tx, wallet: tx.payer, random, time, book };
    switch (planned.kind) {
      case "vote":
        encodeVote(tx, book, planned.validator, slot, random);
        return [];
      case "decoy":
        encodeDecoy(tx, book, planned.decoy, planned.fill, random);
        return [];
      case "swaps": {
        const placed = encodeSwaps({ ...job, ...planned });
        return planned.failed ? [] : placed;
      }
      case "launch": {
        encodeCreate(tx, book, planned.coin, time);
        if (planned.firstBuy === null) return [];
        return encodeSwaps({ ...job, fills: [planned.firstBuy], shape: "direct", failed: false });
      }
      case "completion":
        return encodeSwaps({ ...job, fills: [planned.fill], shape: "direct", failed: false });
      case "migration":
        encodeMigration(tx, book, planned.coin, time);
        return [];
    }
  }

  #payerOf(planned: PlannedTransaction): Address {
    switch (planned.kind) {
      case "vote":
        return this.#book.derive(`validator/${planned.validator}`);
      case "launch":
        return planned.coin.creator;
      case "migration":
        return this.#book.derive("migrator");
      case "swaps":
      case "completion":
      case "decoy":
        return this.#book.derive(`trader/${planned.trader}`);
    }
  }

  /** The leader gets half of the fees. */
  #reward(slot: number, transactions: readonly TransactionJson[]): RewardJson {
    const fees = transactions.reduce((sum, transaction) => sum + transaction.meta.fee, 0);
    const leader = Math.floor(slot / 4) % 60;
    return {
      commission: null,
      lamports: Math.floor(fees / 2),
      postBalance: 640_000_000_000 + Math.floor(fees / 2),
      pubkey: this.#book.derive(`validator/${leader}`).text,
      rewardType: "Fee",
    };
  }
}
