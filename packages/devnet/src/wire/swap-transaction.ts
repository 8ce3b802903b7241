import type { Address, AddressBook } from "../chain/address.ts";
import { type Fill, tokenIn, tokenOut } from "../chain/fill.ts";
import type { SwapShape } from "../chain/plan.ts";
import { COMPUTE_BUDGET_PROGRAM } from "../chain/programs.ts";
import { SOL, type Token } from "../chain/token.ts";
import { ByteWriter } from "../encoding/byte-writer.ts";
import type { Random } from "../encoding/random.ts";
import { encodeRoute } from "./router.ts";
import type { SwapContext } from "./swap-context.ts";
import { closeTokenAccount, createTokenAccount, transferLamports, wrapSol } from "./token-instructions.ts";
import type { InstructionPath, TransactionBuilder } from "./transaction-builder.ts";
import { SWAP_ENCODERS } from "./venue/index.ts";
import { encodeTwoHop } from "./venue/orca-whirlpool.ts";

/** A swap as it was written, and where. */
export interface PlacedFill {
  readonly fill: Fill;
  readonly path: InstructionPath;
  readonly hop: number;
}

export interface SwapJob {
  readonly tx: TransactionBuilder;
  readonly wallet: Address;
  readonly fills: readonly Fill[];
  readonly shape: SwapShape;
  readonly failed: boolean;
  readonly random: Random;
  readonly time: number;
  readonly book: AddressBook;
}

/** What programs of the venues and the token program fail with: too little out, too little there. */
const FAILURE_CODES = [6001, 6000, 1, 6003, 6022, 1771];

/** Writes a user's transaction: budget, token accounts, the swaps, tip. Returns where the swaps stand. */
export function encodeSwaps(job: SwapJob): PlacedFill[] {
  const { tx, random } = job;
  tx.balances.holds(job.wallet, 5_000_000_000n + BigInt(random.below(40_000_000_000)) + solNeeded(job.fills));
  writeBudget(job);
  const wallet = new WalletAccounts(job);
  wallet.open();
  const contexts = job.fills.map(
    (fill): SwapContext => ({
      tx,
      fill,
      wallet: job.wallet,
      source: wallet.accountOf(tokenIn(fill)),
      destination: wallet.accountOf(tokenOut(fill)),
      random,
      time: job.time,
      book: job.book,
    }),
  );
  const failing = job.failed ? random.below(job.shape === "direct" ? contexts.length : 1) : null;
  const placed = writeSwaps(job, contexts, failing);
  wallet.close();
  if (random.chance(0.3)) {
    const tips = job.book.derive(`tips/${random.below(8)}`);
    tx.balances.holds(tips, 36_479_697n);
    transferLamports(tx, job.wallet, tips, BigInt(random.between(1_000, 5_000_000)));
  }
  return placed;
}

function writeSwaps(job: SwapJob, contexts: readonly SwapContext[], failing: number | null): PlacedFill[] {
  const { tx, random } = job;
  const failHere = (number: number) => {
    if (number === failing) tx.failNext(random.pick(FAILURE_CODES));
  };
  if (job.shape === "direct") {
    return contexts.map((context, number) => {
      failHere(number);
      return { fill: context.fill, path: SWAP_ENCODERS[context.fill.pool.venue](context), hop: 0 };
    });
  }
  failHere(0);
  const [first, second] = contexts;
  if (job.shape === "two-hop" && first !== undefined && second !== undefined) {
    const leg = { swaps: [first, second], write: () => encodeTwoHop(first, second) };
    const paths = random.chance(0.5) ? [leg.write()] : encodeRoute([leg]);
    return paths.flatMap((path) => [
      { fill: first.fill, path, hop: 0 },
      { fill: second.fill, path, hop: 1 },
    ]);
  }
  const legs = contexts.map((context) => ({
    swaps: [context],
    write: () => SWAP_ENCODERS[context.fill.pool.venue](context),
  }));
  const paths = encodeRoute(legs);
  return contexts.flatMap(({ fill }, number) => {
    const path = paths[number];
    return path === undefined ? [] : [{ fill, path, hop: 0 }];
  });
}

/** Sets the limit and the price of compute units, in either order, or leaves one out. */
function writeBudget({ tx, random }: SwapJob): void {
  const limit = new ByteWriter().u8(2).u32(random.between(80_000, 600_000)).finish();
  const price = new ByteWriter()
    .u8(3)
    .u64(BigInt(random.between(1_000, 2_000_000)))
    .finish();
  const calls = random.pick([[limit, price], [price, limit], [limit], [price], []]);
  for (const data of calls) tx.invoke(COMPUTE_BUDGET_PROGRAM, [], data, 150);
}

function solNeeded(fills: readonly Fill[]): bigint {
  return fills.reduce((sum, fill) => (tokenIn(fill) === SOL ? sum + fill.userIn : sum), 0n);
}

/** Whether the user's side of the fill is lamports, not a token account. */
function paysInLamports(fill: Fill): boolean {
  const { venue, quote } = fill.pool;
  return (venue === "PumpFun" || venue === "Moonshot") && quote === SOL;
}

/** The token accounts of the user that a transaction needs. */
class WalletAccounts {
  readonly #job: SwapJob;
  readonly #tokens = new Map<Token, bigint>();
  #temporarySol: Address | null = null;

  constructor(job: SwapJob) {
    this.#job = job;
    for (const fill of job.fills) {
      for (const token of [tokenIn(fill), tokenOut(fill)]) {
        if (token === SOL && paysInLamports(fill)) continue;
        const paid = token === tokenIn(fill) ? fill.userIn : 0n;
        this.#tokens.set(token, (this.#tokens.get(token) ?? 0n) + paid);
      }
    }
  }

  accountOf(token: Token): Address {
    const { book, wallet } = this.#job;
    if (token === SOL && this.#temporarySol !== null) return this.#temporarySol;
    return book.tokenAccount(wallet, token.mint);
  }

  /** Names the accounts with what they hold, and writes the instructions that make those that are new. */
  open(): void {
    const { tx, wallet, random, book } = this.#job;
    for (const [token, paid] of this.#tokens) {
      if (token === SOL && random.chance(0.45)) {
        // Made for this transaction and closed in it: such an account is in no list of balances.
        this.#temporarySol = book.deriveOnce(`temporary/${tx.signature}`);
        tx.balances.open(this.#temporarySol, SOL, wallet, 0n, { existsBefore: false, existsAfter: false });
        createTokenAccount(tx, this.#temporarySol, wallet, SOL);
        if (paid > 0n) wrapSol(tx, this.#temporarySol, paid);
        continue;
      }
      const account = this.accountOf(token);
      const isNew = paid === 0n && random.chance(0.35);
      const spare =
        isNew || random.chance(0.3) ? 0n : BigInt(random.below(10 ** Math.min(15, token.decimals + 3)));
      tx.balances.open(account, token, wallet, paid + spare, { existsBefore: !isNew, existsAfter: true });
      if (isNew) createTokenAccount(tx, account, wallet, token);
    }
  }

  close(): void {
    const { tx, wallet } = this.#job;
    if (this.#temporarySol !== null) closeTokenAccount(tx, this.#temporarySol, wallet);
  }
}
