import { arrayOrEmpty, isJsonObject, type JsonObject } from "../json-value.ts";
import type { CompiledCall } from "./instruction.ts";

/**
 * The encoding `jsonParsed`: nodes replace the instructions of programs that they know by names and fields,
 * and indexes by addresses. The few that move tokens or lamports are written back to their bytes; others
 * that a node has taken apart are no venue's, and keep only their program.
 */
export class ParsedForm {
  /** Static and loaded ones, in the order of the account table. */
  readonly keys: readonly string[];
  readonly #index: ReadonlyMap<string, number>;

  constructor(message: JsonObject) {
    this.keys = arrayOrEmpty(message.accountKeys).map((key) => text(isJsonObject(key) ? key.pubkey : key));
    this.#index = new Map(this.keys.map((key, index) => [key, index]));
  }

  calls(list: unknown): CompiledCall[] {
    return arrayOrEmpty(list).map((entry) => this.#call(isJsonObject(entry) ? entry : {}));
  }

  inner(meta: JsonObject): ReadonlyMap<number, readonly CompiledCall[]> {
    const groups = new Map<number, readonly CompiledCall[]>();
    for (const group of arrayOrEmpty(meta.innerInstructions)) {
      if (isJsonObject(group) && typeof group.index === "number") {
        groups.set(group.index, this.calls(group.instructions));
      }
    }
    return groups;
  }

  #call({ programId, stackHeight, accounts, data, parsed }: JsonObject): CompiledCall {
    const rebuilt = isJsonObject(parsed) ? rebuild(parsed) : null;
    return {
      program: this.#indexOf(programId),
      accounts: (rebuilt?.accounts ?? arrayOrEmpty(accounts)).map((key) => this.#indexOf(key)),
      data: rebuilt?.data ?? text(data),
      height: typeof stackHeight === "number" ? stackHeight : null,
    };
  }

  #indexOf(key: unknown): number {
    return (typeof key === "string" ? this.#index.get(key) : undefined) ?? -1;
  }
}

interface Rebuilt {
  readonly accounts: readonly unknown[];
  readonly data: Uint8Array;
}

/** Instructions of the token programs and the system program by the names that nodes give them. */
function rebuild(parsed: JsonObject): Rebuilt | null {
  const info = isJsonObject(parsed.info) ? parsed.info : {};
  const { source, mint, destination, account, lamports } = info;
  const checked = isJsonObject(info.tokenAmount) ? info.tokenAmount : null;
  const amount = u64(checked === null ? info.amount : checked.amount);
  const decimals = typeof checked?.decimals === "number" ? checked.decimals & 0xff : 0;
  // The node names who agreed to it by what kind of signer it was: it is not looked at.
  const authority = null;
  if (parsed.type === "transfer" && lamports !== undefined) {
    const data = Buffer.concat([Buffer.from([2, 0, 0, 0]), u64(lamports) ?? Buffer.alloc(8)]);
    return { accounts: [source, destination], data };
  }
  if (amount === null) return null;
  switch (parsed.type) {
    case "transfer":
      return { accounts: [source, destination, authority], data: bytes(3, amount) };
    case "transferChecked":
      return { accounts: [source, mint, destination, authority], data: bytes(12, amount, decimals) };
    case "transferCheckedWithFee": {
      const fee = u64(isJsonObject(info.feeAmount) ? info.feeAmount.amount : undefined) ?? Buffer.alloc(8);
      const data = Buffer.concat([Buffer.from([26]), bytes(1, amount, decimals), fee]);
      return { accounts: [source, mint, destination, authority], data };
    }
    case "mintTo":
      return { accounts: [mint, account, authority], data: bytes(7, amount) };
    case "mintToChecked":
      return { accounts: [mint, account, authority], data: bytes(14, amount, decimals) };
    case "burn":
      return { accounts: [account, mint, authority], data: bytes(8, amount) };
    case "burnChecked":
      return { accounts: [account, mint, authority], data: bytes(15, amount, decimals) };
    default:
      return null;
  }
}

function bytes(tag: number, amount: Buffer, ...rest: number[]): Uint8Array {
  return Buffer.concat([Buffer.from([tag]), amount, Buffer.from(rest)]);
}

/** Eight bytes of a decimal text or a number; null for anything that is no amount. */
function u64(value: unknown): Buffer | null {
  const digits = typeof value === "number" ? String(value) : value;
  if (typeof digits !== "string" || !/^\d{1,20}$/.test(digits)) return null;
  const amount = BigInt(digits);
  if (amount >= 1n << 64n) return null;
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(amount);
  return buffer;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
