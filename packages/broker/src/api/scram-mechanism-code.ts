import type { ScramMechanism } from "../auth/scram.ts";

/** Kafka's numbers for the SCRAM mechanisms. */
const CODES: readonly (readonly [number, ScramMechanism])[] = [
  [1, "SCRAM-SHA-256"],
  [2, "SCRAM-SHA-512"],
];

export function mechanismOf(code: number): ScramMechanism | undefined {
  return CODES.find(([number]) => number === code)?.[1];
}

export function codeOf(mechanism: ScramMechanism): number {
  return CODES.find(([, name]) => name === mechanism)?.[0] ?? 0;
}
