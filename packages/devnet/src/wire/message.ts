import type { Address } from "../chain/address.ts";
import type { InstructionJson, LookupJson, MessageJson, MetaJson } from "./block-json.ts";
import type { RawInstruction } from "./transaction-builder.ts";

export interface MessageOptions {
  readonly version: "legacy" | 0;
  readonly recentBlockhash: string;
  /** The lookup table that a versioned message loads addresses from; null: it names all of them itself. */
  readonly lookupTable: Address | null;
}

export interface BuiltMessage {
  /** All accounts in the order that instructions index: named ones, loaded writable, loaded read-only. */
  readonly accounts: readonly Address[];
  readonly loadedAddresses: MetaJson["loadedAddresses"];
  indexOf(account: Address): number;
  message(instructions: readonly InstructionJson[]): MessageJson;
}

/** Lays out the accounts of a message: payer, writable, read-only, and what comes from a lookup table. */
export function buildMessage(
  payer: Address,
  outer: readonly RawInstruction[],
  inner: readonly RawInstruction[],
  options: MessageOptions,
): BuiltMessage {
  const seen = new Map<string, Address>([[payer.text, payer]]);
  const topLevelPrograms = new Set(outer.map((instruction) => instruction.program.text));
  for (const instruction of [...outer, ...inner]) {
    for (const account of instruction.accounts) seen.set(account.text, account);
  }
  for (const instruction of [...outer, ...inner]) seen.set(instruction.program.text, instruction.program);
  seen.delete(payer.text);
  const loads = options.version === 0 && options.lookupTable !== null;
  const others = [...seen.values()];
  // A program that is called at the top must be named by the message itself.
  const loaded = (account: Address, order: number) =>
    loads && !topLevelPrograms.has(account.text) && order % 8 !== 0;
  const named = others.filter((account, order) => !loaded(account, order));
  const fromTable = others.filter(loaded);
  const isWritable = (account: Address) => account.kind === "writable";
  const namedReadonly = named.filter((account) => !isWritable(account));
  const staticKeys = [payer, ...named.filter(isWritable), ...namedReadonly];
  const writable = fromTable.filter(isWritable);
  const readonly = fromTable.filter((account) => !isWritable(account));
  const accounts = [...staticKeys, ...writable, ...readonly];
  const indexes = new Map(accounts.map((account, index) => [account.text, index]));
  return {
    accounts,
    loadedAddresses: { readonly: readonly.map(text), writable: writable.map(text) },
    indexOf(account) {
      const index = indexes.get(account.text);
      if (index === undefined) throw new RangeError(`account ${account.text} is not in the message`);
      return index;
    },
    message: (instructions) => ({
      accountKeys: staticKeys.map(text),
      ...(options.version === 0 ? { addressTableLookups: lookups(options, writable, readonly) } : {}),
      header: {
        numReadonlySignedAccounts: 0,
        numReadonlyUnsignedAccounts: namedReadonly.length,
        numRequiredSignatures: 1,
      },
      instructions,
      recentBlockhash: options.recentBlockhash,
    }),
  };
}

function lookups(
  options: MessageOptions,
  writable: readonly Address[],
  readonly: readonly Address[],
): LookupJson[] {
  if (options.lookupTable === null || writable.length + readonly.length === 0) return [];
  return [
    {
      accountKey: options.lookupTable.text,
      readonlyIndexes: readonly.map((_, index) => (writable.length + index) % 256),
      writableIndexes: writable.map((_, index) => index % 256),
    },
  ];
}

const text = (address: Address) => address.text;
