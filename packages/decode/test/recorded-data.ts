import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { base58 } from "@scure/base";

/** Recorded data lies beside the project and is never part of it: tests that need it are skipped where it is absent. */
const FOLDER = fileURLToPath(new URL("../../../../shared/data/solana/", import.meta.url));

export const hasRecordedData = existsSync(`${FOLDER}blocks`);
export const NO_DATA = "recorded data is absent (../shared/data beside the project)";
if (!hasRecordedData) console.warn(`skipped: ${NO_DATA}`);

export function recorded(path: string): Buffer {
  const bytes = readFileSync(FOLDER + path);
  return path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
}

export const BLOCK = "blocks/332254855.getBlock.json.gz";
export const BLOCK_SLOT = 332254855;

export type Json = Record<string, unknown>;

export interface RecordedTransaction {
  readonly summary: Readonly<Record<string, number>>;
  /** The `result` of getTransaction, in `json` encoding. */
  readonly result: Json;
}

/** The fifty recorded transactions; those recorded as jsonParsed are turned into the json encoding. */
export function recordedTransactions(): RecordedTransaction[] {
  const lines = recorded("transactions/transactions.jsonl.gz").toString().trim().split("\n");
  return lines.map((line) => {
    const { summary, response } = JSON.parse(line);
    return { summary, result: unparsed(response.result) };
  });
}

interface ParsedInstruction {
  programId?: string;
  accounts?: string[];
  data?: string;
  stackHeight?: number;
  program?: string;
  parsed?: { type: string; info: Record<string, never> };
}

function unparsed(result: Json): Json {
  const transaction = result.transaction as { message: { accountKeys: unknown[]; instructions: never[] } };
  const meta = result.meta as { innerInstructions?: { index: number; instructions: never[] }[] };
  const { accountKeys, instructions } = transaction.message;
  if (typeof accountKeys[0] === "string") return result;
  const keys = (accountKeys as { pubkey: string }[]).map(({ pubkey }) => pubkey);
  const convert = (list: ParsedInstruction[]) => list.map((instruction) => compiled(instruction, keys));
  return {
    ...result,
    transaction: {
      ...transaction,
      message: { ...transaction.message, accountKeys: keys, instructions: convert(instructions) },
    },
    meta: {
      ...meta,
      innerInstructions: meta.innerInstructions?.map((group) => ({
        index: group.index,
        instructions: convert(group.instructions),
      })),
    },
  };
}

/** Token transfers are encoded again; other parsed instructions keep their program only. */
function compiled(
  { programId = "", accounts, data, stackHeight, parsed, program }: ParsedInstruction,
  keys: string[],
) {
  const index = (key: string) => keys.indexOf(key);
  const base = { programIdIndex: index(programId), stackHeight };
  if (parsed === undefined) return { ...base, accounts: (accounts ?? []).map(index), data };
  const info = parsed.info as Record<string, string> & { tokenAmount?: { amount: string; decimals: number } };
  if (program === "spl-token" && parsed.type === "transfer") {
    const list = [info.source, info.destination, info.authority].map((key) => index(key ?? ""));
    return { ...base, accounts: list, data: base58.encode(Buffer.from([3, ...u64(info.amount ?? "0")])) };
  }
  if (program === "spl-token" && parsed.type === "transferChecked") {
    const list = [info.source, info.mint, info.destination, info.authority].map((key) => index(key ?? ""));
    const { amount = "0", decimals = 0 } = info.tokenAmount ?? {};
    return { ...base, accounts: list, data: base58.encode(Buffer.from([12, ...u64(amount), decimals])) };
  }
  return { ...base, accounts: [], data: "" };
}

function u64(amount: string): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(amount));
  return bytes;
}
