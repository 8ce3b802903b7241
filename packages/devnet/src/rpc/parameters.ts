import type { Commitment } from "./ledger.ts";
import { RPC_ERRORS } from "./rpc-error.ts";

/** The parameters of one call, read with the node's own complaints. */
export class Parameters {
  readonly #values: readonly unknown[];

  /** Throws an RpcError (-32602) for anything but a list. */
  constructor(values: unknown) {
    if (values !== undefined && values !== null && !Array.isArray(values)) {
      throw RPC_ERRORS.invalidParams("Invalid params: expected a list");
    }
    this.#values = values ?? [];
  }

  /** A whole number from 0 on, at that place. */
  number(at: number, name: string): number {
    const value = this.#values[at];
    if (value === undefined) throw RPC_ERRORS.invalidParams(`Invalid params: missing ${name}`);
    if (!isWhole(value)) {
      throw RPC_ERRORS.invalidParams(`Invalid params: ${name} must be u64, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  /** The same, where it may be left out. */
  optionalNumber(at: number, name: string): number | null {
    const value = this.#values[at];
    return value === undefined || value === null || typeof value === "object" ? null : this.number(at, name);
  }

  text(at: number, name: string): string {
    const value = this.#values[at];
    if (typeof value !== "string") throw RPC_ERRORS.invalidParams(`Invalid params: ${name} must be a string`);
    return value;
  }

  texts(at: number, name: string): string[] {
    const value = this.#values[at];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    throw RPC_ERRORS.invalidParams(`Invalid params: ${name} must be a list of strings`);
  }

  /** The configuration object: the last parameter, if it is an object. */
  config(): Readonly<Record<string, unknown>> {
    const last = this.#values.at(-1);
    return typeof last === "object" && last !== null && !Array.isArray(last)
      ? (last as Record<string, unknown>)
      : {};
  }

  /** Default finalized, as on a real node. */
  commitment(): Commitment {
    const value = this.config().commitment ?? "finalized";
    if (value === "processed" || value === "confirmed" || value === "finalized") return value;
    throw RPC_ERRORS.invalidParams(`Invalid params: unknown commitment ${JSON.stringify(value)}`);
  }

  /** The commitment of a call that reads blocks. */
  blockCommitment(): "confirmed" | "finalized" {
    const commitment = this.commitment();
    if (commitment !== "processed") return commitment;
    throw RPC_ERRORS.invalidParams("Method does not support commitment below `confirmed`");
  }
}

export function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
