import { createHash } from "node:crypto";
import { decodeBase58, encodeBase58 } from "../base58.ts";
import { isCurvePoint } from "./curve-point.ts";

type Seeds = readonly (string | Uint8Array)[];

/**
 * The address that a program derives from seeds, if it is among `known` addresses. A transaction that uses an
 * address names it, so that the curve need not be computed: no other hash is ever among its accounts.
 */
export function derivedAddress(program: string, seeds: Seeds, known: ReadonlySet<string>): string | null {
  for (const hash of candidates(program, seeds)) {
    const address = encodeBase58(hash);
    if (known.has(address)) return address;
  }
  return null;
}

/** The address that a program derives from seeds. Null for a program that is no address. */
export function programAddress(program: string, seeds: Seeds): string | null {
  for (const hash of candidates(program, seeds)) if (!isCurvePoint(hash)) return encodeBase58(hash);
  return null;
}

/** Solana takes the first of these, with a bump from 255 down, that is not a point of the curve. */
function* candidates(program: string, seeds: Seeds): Generator<Uint8Array> {
  const programBytes = decodeBase58(program);
  if (programBytes === null) return;
  for (let bump = 255; bump >= 0; bump--) {
    const hash = createHash("sha256");
    for (const seed of seeds) hash.update(seed);
    hash.update(Uint8Array.of(bump)).update(programBytes).update("ProgramDerivedAddress");
    yield hash.digest();
  }
}
