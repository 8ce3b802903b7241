import type { Address } from "../chain/address.ts";
import { SOL, type Token } from "../chain/token.ts";
import type { TokenBalanceJson } from "./block-json.ts";

/** Lamports that keep a token account from paying rent. */
export const TOKEN_ACCOUNT_RENT = 2_039_280n;
const PROGRAM_LAMPORTS = 1_141_440n;
const DATA_LAMPORTS = 7_182_720n;

interface TokenAccount {
  readonly token: Token;
  readonly owner: Address;
  readonly pre: bigint;
  post: bigint;
  /** Whether it exists before and after the transaction. */
  readonly existsBefore: boolean;
  readonly existsAfter: boolean;
}

/** What the accounts of one transaction hold before and after it. */
export class BalanceSheet {
  readonly #tokens = new Map<string, TokenAccount>();
  readonly #lamports = new Map<string, { readonly pre: bigint; post: bigint }>();

  /** Names a token account; what is known of it already stays. */
  open(
    account: Address,
    token: Token,
    owner: Address,
    pre: bigint,
    life: { readonly existsBefore: boolean; readonly existsAfter: boolean } = LASTING,
  ): void {
    if (this.#tokens.has(account.text)) return;
    this.#tokens.set(account.text, { token, owner, pre, post: pre, ...life });
  }

  /** Moves tokens between accounts that were opened. Throws a RangeError otherwise, or for more than there is. */
  transfer(source: Address, destination: Address, amount: bigint): void {
    this.#known(source).post -= amount;
    this.#known(destination).post += amount;
    if (this.#known(source).post < 0n) throw new RangeError(`token account ${source.text} lacks ${amount}`);
  }

  /** Tokens that come from outside the known accounts, as wrapped SOL does. */
  credit(account: Address, amount: bigint): void {
    this.#known(account).post += amount;
  }

  /** Names what a plain account holds before the transaction. */
  holds(account: Address, lamports: bigint): void {
    if (!this.#lamports.has(account.text))
      this.#lamports.set(account.text, { pre: lamports, post: lamports });
  }

  moveLamports(account: Address, delta: bigint): void {
    const known = this.#lamports.get(account.text);
    if (known === undefined) throw new RangeError(`account ${account.text} has no known balance`);
    known.post += delta;
  }

  /** Lamports of the accounts, in their order. A failed transaction only costs its fee. */
  lamports(accounts: readonly Address[], when: "pre" | "post", failed: boolean, fee: bigint): number[] {
    return accounts.map((account, index) => {
      const after = when === "post" && !failed;
      const paid = when === "post" && index === 0 ? fee : 0n;
      return Number(this.#lamportsOf(account, after) - paid);
    });
  }

  /** Token balances in the order of the accounts. */
  tokens(accounts: readonly Address[], when: "pre" | "post", failed: boolean): TokenBalanceJson[] {
    const balances: TokenBalanceJson[] = [];
    const after = when === "post" && !failed;
    for (const [accountIndex, address] of accounts.entries()) {
      const account = this.#tokens.get(address.text);
      if (account === undefined || !(after ? account.existsAfter : account.existsBefore)) continue;
      const amount = after ? account.post : account.pre;
      balances.push({
        accountIndex,
        mint: account.token.mint.text,
        owner: account.owner.text,
        programId: account.token.program.text,
        uiTokenAmount: uiAmount(amount, account.token.decimals),
      });
    }
    return balances;
  }

  #lamportsOf(account: Address, after: boolean): bigint {
    const plain = this.#lamports.get(account.text);
    if (plain !== undefined) return after ? plain.post : plain.pre;
    const token = this.#tokens.get(account.text);
    if (token === undefined) return account.kind === "program" ? PROGRAM_LAMPORTS : DATA_LAMPORTS;
    if (!(after ? token.existsAfter : token.existsBefore)) return 0n;
    const wrapped = token.token === SOL ? (after ? token.post : token.pre) : 0n;
    return TOKEN_ACCOUNT_RENT + wrapped;
  }

  #known(account: Address): TokenAccount {
    const known = this.#tokens.get(account.text);
    if (known === undefined) throw new RangeError(`token account ${account.text} was not opened`);
    return known;
  }
}

const LASTING = { existsBefore: true, existsAfter: true };

/** An amount as the RPC writes it: exact as text, and as the nearest float. */
function uiAmount(amount: bigint, decimals: number): TokenBalanceJson["uiTokenAmount"] {
  const digits = amount.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const text = fraction === "" ? whole : `${whole}.${fraction}`;
  return {
    amount: amount.toString(),
    decimals,
    uiAmount: amount === 0n ? null : Number(text),
    uiAmountString: text,
  };
}
