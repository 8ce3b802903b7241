import { arrayOrEmpty, type JsonObject } from "../json-value.ts";

/** What each account of a transaction holds in native SOL before and after it. Few decoders ask: it is read on demand. */
export interface LamportBalances {
  /** By how much an account's lamports changed; null where the record does not tell. */
  change(account: number): bigint | null;
}

/** `preBalances` and `postBalances` of JSON metadata. */
export function jsonLamports(meta: JsonObject): LamportBalances {
  return {
    change(account) {
      const [before, after] = [meta.preBalances, meta.postBalances].map(
        (list) => arrayOrEmpty(list)[account],
      );
      // A number above 2^53 was rounded on its way through JSON.
      if (!isExact(before) || !isExact(after)) return null;
      return BigInt(after) - BigInt(before);
    },
  };
}

function isExact(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}
