import { type ChainName, chainOfId, type RawAmount, rawAmount, type Slot, slot } from "@candlewick/domain";
import { ContractError } from "./contract-error.ts";

/** Twice what the longest name on a chain takes; rows of an index in PostgreSQL are bounded too. */
const MAX_TEXT_LENGTH = 256;

/** A JSON object whose fields are read one by one, each error with its path. */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new ContractError(path, "is not an object");
    }
    this.#value = value as Record<string, unknown>;
    this.#path = path;
  }

  object(name: string): Fields {
    return new Fields(this.#value[name], this.#at(name));
  }

  /** A text that PostgreSQL can hold and index: without NUL, of bounded length. */
  string(name: string): string {
    const value = this.#value[name];
    if (typeof value !== "string" || value === "") throw this.#error(name, "is not a text");
    if (value.length > MAX_TEXT_LENGTH)
      throw this.#error(name, `is a text of more than ${MAX_TEXT_LENGTH} characters`);
    if (value.includes("\0")) throw this.#error(name, "holds a NUL character");
    return value;
  }

  stringOrNull(name: string): string | null {
    return this.#absent(name) ? null : this.string(name);
  }

  /** A whole number from 0 to `max`. */
  count(name: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#value[name];
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max) {
      throw this.#error(name, `is not a whole number from 0 to ${max}`);
    }
    return value;
  }

  countOrNull(name: string, max = Number.MAX_SAFE_INTEGER): number | null {
    return this.#absent(name) ? null : this.count(name, max);
  }

  slot(name: string): Slot {
    return slot(this.count(name));
  }

  slotOrNull(name: string): Slot | null {
    return this.#absent(name) ? null : this.slot(name);
  }

  /** A raw amount: a safe whole number or a string of at most 78 digits (2^256). */
  amount(name: string): RawAmount {
    const value = this.#value[name];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)
      return rawAmount(BigInt(value));
    if (typeof value === "string" && /^\d{1,78}$/.test(value)) return rawAmount(BigInt(value));
    throw this.#error(name, "is not an amount");
  }

  amountOrNull(name: string): RawAmount | null {
    return this.#absent(name) ? null : this.amount(name);
  }

  /** A price in dollars with at most nine decimals, below a million dollars, as nano-dollars. */
  nanoUsdOrNull(name: string): bigint | null {
    if (this.#absent(name)) return null;
    const value = this.#value[name];
    if (typeof value !== "number" || !(value >= 0 && value < 1e6))
      throw this.#error(name, "is not a price in dollars");
    return BigInt(value.toFixed(9).replace(".", ""));
  }

  booleanOrNull(name: string): boolean | null {
    if (this.#absent(name)) return null;
    const value = this.#value[name];
    if (typeof value !== "boolean") throw this.#error(name, "is not true or false");
    return value;
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value {
    const value = this.#value[name];
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw this.#error(name, `is not one of ${values.join(", ")}`);
    return found;
  }

  chain(name: string): ChainName {
    const chain = chainOfId(this.count(name));
    if (chain === undefined) throw this.#error(name, "is not a known chain");
    return chain;
  }

  #absent(name: string): boolean {
    return this.#value[name] === null || this.#value[name] === undefined;
  }

  #at(name: string): string {
    return `${this.#path}.${name}`;
  }

  #error(name: string, problem: string): ContractError {
    return new ContractError(this.#at(name), problem);
  }
}
