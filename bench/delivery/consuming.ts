import type { Measurement } from "./producing.ts";

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {};

/** The measurement of a client's consumer; null where there is none of that name. */
export function consumeWith(client: string, mode: string): Measurement | null {
  return MEASUREMENTS[`${client} ${mode}`] ?? null;
}
