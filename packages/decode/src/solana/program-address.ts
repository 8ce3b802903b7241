import { createHash } from "node:crypto";
import { decodeBase58, encodeBase58 } from "../base58.ts";

/**
 * The address that a program derives from seeds, if it is among `known` addresses. Solana takes the first
 * bump, from 255 down, whose hash is not a point of the curve; a transaction that uses the address names it,
 * so that the curve need not be computed: no other hash is ever among a transaction's accounts.
 */
export function derivedAddress(
  program: string,
  seeds: readonly (string | Uint8Array)[],
  known: ReadonlySet<string>,
): string | null {
  const programBytes = decodeBase58(program);
  if (programBytes === null) return null;
  for (let bump = 255; bump >= 0; bump--) {
    const hash = createHash("sha256");
    for (const seed of seeds) hash.update(seed);
    hash.update(Uint8Array.of(bump)).update(programBytes).update("ProgramDerivedAddress");
    const address = encodeBase58(hash.digest());
    if (known.has(address)) return address;
  }
  return null;
}
