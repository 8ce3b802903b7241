import { createHash } from "node:crypto";
import { encodeBase58 } from "../encoding/base58.ts";
import { METADATA_PROGRAM } from "./programs.ts";
import type { Token } from "./token.ts";

/**
 * An address that a program derives is the first hash, with a bump from 255 down, that is no point of the
 * curve: the one of 16 in all but one case of 65,536.
 */
const BUMPS = 16;
const MAX_COINS = 4_000;

/**
 * Finds the mint whose metadata Metaplex keeps at an address. Which of a mint's hashes is a point of the curve
 * is not computed: whoever asks has done so, and asks for no other.
 */
export class MetadataIndex {
  readonly #lasting: () => Iterable<Token>;
  readonly #mints = new Map<string, string>();
  readonly #coins = new Map<string, ReadonlyMap<string, string>>();

  constructor(lasting: () => Iterable<Token>) {
    this.#lasting = lasting;
  }

  /** `coins`: the tokens that exist beside the lasting ones at the moment. */
  mintAt(address: string, coins: readonly Token[]): string | undefined {
    if (this.#mints.size === 0) {
      for (const { mint } of this.#lasting())
        for (const key of candidates(mint.bytes)) this.#mints.set(key, mint.text);
    }
    const lasting = this.#mints.get(address);
    if (lasting !== undefined) return lasting;
    for (const { mint } of coins) {
      const found = this.#ofCoin(mint.text, mint.bytes).get(address);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #ofCoin(mint: string, bytes: Uint8Array): ReadonlyMap<string, string> {
    const known = this.#coins.get(mint);
    if (known !== undefined) return known;
    if (this.#coins.size >= MAX_COINS) this.#coins.clear();
    const made = new Map(candidates(bytes).map((address) => [address, mint]));
    this.#coins.set(mint, made);
    return made;
  }
}

function candidates(mint: Uint8Array): string[] {
  return Array.from({ length: BUMPS }, (_, k) => {
    const hash = createHash("sha256").update("metadata").update(METADATA_PROGRAM.bytes).update(mint);
    hash
      .update(Uint8Array.of(255 - k))
      .update(METADATA_PROGRAM.bytes)
      .update("ProgramDerivedAddress");
    return encodeBase58(hash.digest());
  });
}
