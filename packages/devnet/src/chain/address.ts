import { createHash } from "node:crypto";
import { base58 } from "@scure/base";
import { encodeBase58 } from "../encoding/base58.ts";

/** How an account appears in a message: programs and read-only data are never written by a transaction. */
export type AddressKind = "program" | "readonly" | "writable";

/** A 32-byte account address. */
export interface Address {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly kind: AddressKind;
}

/** An address that is known by its base58 text: programs and sysvars of the real chain. */
export function knownAddress(text: string, kind: AddressKind = "program"): Address {
  return { text, bytes: base58.decode(text), kind };
}

const CACHE_LIMIT = 50_000;

/** Derives addresses from the seed: the same label always gives the same address. */
export class AddressBook {
  readonly #seed: string;
  readonly #cache = new Map<string, Address>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  derive(label: string, kind: AddressKind = "writable"): Address {
    const known = this.#cache.get(label);
    if (known !== undefined) return known;
    return this.#remember(label, this.deriveOnce(label, kind));
  }

  /** The same for an address that is needed by a single transaction, and not remembered. */
  deriveOnce(label: string, kind: AddressKind = "writable"): Address {
    const bytes = createHash("sha256").update(`${this.#seed}/${label}`).digest();
    return { text: encodeBase58(bytes), bytes, kind };
  }

  /** An address whose text ends with `ending`, as launch pads grind for their mints. */
  vanity(label: string, ending: string, kind: AddressKind = "readonly"): Address {
    const known = this.#cache.get(label);
    if (known !== undefined) return known;
    const plain = this.derive(`${label}/ground`).text;
    return this.#remember(label, knownAddress(plain.slice(0, -ending.length) + ending, kind));
  }

  /** The associated token account of a wallet for a mint. */
  tokenAccount(wallet: Address, mint: Address): Address {
    return this.derive(`token-account/${wallet.text}/${mint.text}`);
  }

  #remember(label: string, address: Address): Address {
    // Every address can be derived again: forgetting all of them only costs time.
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
    this.#cache.set(label, address);
    return address;
  }
}
