declare const brand: unique symbol;

/** A nominal type: a plain value that cannot be mixed up with another of the same shape. */
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };

/** A Solana slot or an EVM block number: what orders blocks. Below 2^53. */
export type Slot = Brand<number, "Slot">;

/** An amount of a token in its smallest unit (lamports, wei), never negative. */
export type RawAmount = Brand<bigint, "RawAmount">;

/** Checks that `value` can be a slot: a whole number from 0 to 2^53 - 1. Throws a RangeError otherwise. */
export function slot(value: number): Slot {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a slot: ${value}`);
  return value as Slot;
}

/** Checks that `value` can be an amount: not negative. Throws a RangeError otherwise. */
export function rawAmount(value: bigint): RawAmount {
  if (value < 0n) throw new RangeError(`not an amount: ${value}`);
  return value as RawAmount;
}
