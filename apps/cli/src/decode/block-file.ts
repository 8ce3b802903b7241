import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type DecodedBlock, DecodeError, decodeSolanaBlock } from "@candlewick/decode";
import { type Slot, slot } from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { inputError, inputName, readInput } from "../input-file.ts";

/** A file that holds one block, and the slot that its name tells. */
export interface BlockFile {
  readonly file: string;
  readonly slot: Slot | null;
}

/** A block that unpacks to more than this is none. */
const MAX_BLOCK_BYTES = 512 * 1024 * 1024;

/**
 * The block files that arguments name: files and `-` as they are, a folder as the block files in it (those
 * whose names start with a slot and end in .json or .json.gz).
 */
export function expandBlockFiles(names: readonly string[]): BlockFile[] {
  return names.flatMap((name) =>
    isFolder(name) ? blockFilesOf(name) : [{ file: name, slot: slotOfName(name) }],
  );
}

function blockFilesOf(folder: string): BlockFile[] {
  const files = readdirSync(folder)
    .filter((name) => /^\d+.*\.json(\.gz)?$/.test(name))
    .map((name) => ({ file: join(folder, name), slot: slotOfName(name) }));
  if (files.length > 0) return files;
  throw new CandlewickError(
    ERRORS.badInput,
    `${folder} holds no block files`,
    "Name a folder with files such as 332254855.json.gz: the slot first, .json or .json.gz last",
  );
}

function isFolder(name: string): boolean {
  if (name === "-") return false;
  try {
    return statSync(name).isDirectory();
  } catch (cause) {
    throw inputError(name, cause);
  }
}

/** The slot that a file name starts with, or null. */
function slotOfName(file: string): Slot | null {
  const digits = /^\d+/.exec(basename(file))?.[0];
  const value = Number(digits);
  return digits !== undefined && Number.isSafeInteger(value) ? slot(value) : null;
}

/** Reads the bytes of a block file. */
export async function readBlockBytes(file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of readInput(file)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BLOCK_BYTES) {
      throw notABlock(file, `it holds more than ${MAX_BLOCK_BYTES / 1024 / 1024} MiB`);
    }
  }
  return Buffer.concat(chunks);
}

/** Decodes the bytes of a block file. Throws CandlewickError(BAD_INPUT) that names the file. */
export function decodeBlockFile(file: string, bytes: Buffer, at: Slot): DecodedBlock {
  if (bytes.length === 0) throw notABlock(file, "it is empty");
  try {
    return decodeSolanaBlock(bytes, at);
  } catch (cause) {
    if (cause instanceof DecodeError) throw notABlock(file, cause.message, cause);
    throw cause;
  }
}

function notABlock(file: string, why: string, cause?: unknown): CandlewickError {
  return new CandlewickError(
    ERRORS.badInput,
    `${inputName(file)} is not a Solana block: ${why}`,
    'Give the result of getBlock with encoding "json" and maxSupportedTransactionVersion 0',
    { cause },
  );
}
