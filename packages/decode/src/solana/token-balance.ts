import { arrayOrEmpty, isJsonObject } from "../json-value.ts";

/** A token account of a transaction as the node lists it before or after the execution. */
export interface TokenBalance {
  readonly account: number;
  readonly mint: string;
  /** The wallet or program address that owns it; null in old records. */
  readonly owner: string | null;
  readonly amount: bigint;
  readonly decimals: number;
}

/** `preTokenBalances` and `postTokenBalances`, by index into the account table. Of an account that is listed twice the last counts. */
export class TokenBalances {
  readonly #before: ReadonlyMap<number, TokenBalance>;
  readonly #after: ReadonlyMap<number, TokenBalance>;

  constructor(before: readonly TokenBalance[], after: readonly TokenBalance[]) {
    this.#before = new Map(before.map((balance) => [balance.account, balance]));
    this.#after = new Map(after.map((balance) => [balance.account, balance]));
  }

  /** What is known of an account, with its balance after the transaction where it still exists then. */
  get(account: number): TokenBalance | null {
    return this.#after.get(account) ?? this.#before.get(account) ?? null;
  }

  before(account: number): bigint | null {
    return this.#before.get(account)?.amount ?? null;
  }

  after(account: number): bigint | null {
    return this.#after.get(account)?.amount ?? null;
  }

  /** Decimals of a mint that any account of the transaction holds. */
  decimals(mint: string): number | null {
    for (const balances of [this.#after, this.#before]) {
      for (const balance of balances.values()) if (balance.mint === mint) return balance.decimals;
    }
    return null;
  }
}

/** A list of balances as JSON shows it. Entries that make no sense are left out. */
export function readJsonBalances(list: unknown): TokenBalance[] {
  const balances: TokenBalance[] = [];
  for (const entry of arrayOrEmpty(list)) {
    const balance = readJsonBalance(entry);
    if (balance !== null) balances.push(balance);
  }
  return balances;
}

function readJsonBalance(entry: unknown): TokenBalance | null {
  if (!isJsonObject(entry)) return null;
  const { accountIndex, mint, owner, uiTokenAmount } = entry;
  if (typeof accountIndex !== "number" || typeof mint !== "string") return null;
  if (!isJsonObject(uiTokenAmount)) return null;
  const { amount, decimals } = uiTokenAmount;
  if (typeof amount !== "string" || typeof decimals !== "number") return null;
  return tokenBalance(accountIndex, mint, typeof owner === "string" ? owner : null, amount, decimals);
}

/** A balance whose amount is a decimal text, the only exact form that nodes give; null for nonsense. */
export function tokenBalance(
  account: number,
  mint: string,
  owner: string | null,
  amount: string,
  decimals: number,
): TokenBalance | null {
  if (mint === "" || !isDecimals(decimals) || !isDigits(amount)) return null;
  return { account, mint, owner, amount: BigInt(amount), decimals };
}

/** Whether a text is a whole number of at most 20 digits: what 64 bits hold has no more. */
function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > 20) return false;
  for (let k = 0; k < text.length; k++) {
    const code = text.charCodeAt(k);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/** Decimals are one byte in a mint account. */
export function isDecimals(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}
