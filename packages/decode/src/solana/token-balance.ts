import { arrayOrEmpty, isJsonObject, type JsonObject } from "../json-value.ts";

/** A token account of a transaction as the node lists it before or after the execution. */
export interface TokenBalance {
  readonly account: number;
  readonly mint: string;
  /** The wallet or program address that owns it; null in old records. */
  readonly owner: string | null;
  readonly amount: bigint;
  readonly decimals: number;
}

/** `preTokenBalances` and `postTokenBalances`, by index into the account table. Entries that make no sense are left out. */
export class TokenBalances {
  readonly #before: ReadonlyMap<number, TokenBalance>;
  readonly #after: ReadonlyMap<number, TokenBalance>;

  constructor(meta: JsonObject) {
    this.#before = readBalances(meta.preTokenBalances);
    this.#after = readBalances(meta.postTokenBalances);
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

function readBalances(list: unknown): ReadonlyMap<number, TokenBalance> {
  const balances = new Map<number, TokenBalance>();
  for (const entry of arrayOrEmpty(list)) {
    const balance = readBalance(entry);
    if (balance !== null) balances.set(balance.account, balance);
  }
  return balances;
}

function readBalance(entry: unknown): TokenBalance | null {
  if (!isJsonObject(entry)) return null;
  const { accountIndex, mint, owner, uiTokenAmount } = entry;
  if (typeof accountIndex !== "number" || typeof mint !== "string" || mint === "") return null;
  if (!isJsonObject(uiTokenAmount)) return null;
  // `amount` is the exact text; `uiAmount` is a rounded float.
  const { amount, decimals } = uiTokenAmount;
  if (typeof amount !== "string" || !/^\d{1,20}$/.test(amount)) return null;
  if (typeof decimals !== "number" || !isDecimals(decimals)) return null;
  return {
    account: accountIndex,
    mint,
    owner: typeof owner === "string" ? owner : null,
    amount: BigInt(amount),
    decimals,
  };
}

/** Decimals are one byte in a mint account. */
export function isDecimals(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}
