import { glob, readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { type Slot, slot } from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** A file that holds one recorded `getBlock` result. */
export interface BlockFile {
  readonly slot: Slot;
  readonly path: string;
}

/** `<slot>.getBlock.json`, `<slot>.json`, each with or without `.gz` or `.zst`. */
const BLOCK_NAME = /^(\d{1,16})(?:\.getBlock)?\.json(?:\.gz|\.zst)?$/;
const LEADING_SLOT = /^(\d{1,16})(?!\d).*\.json(?:\.gz|\.zst)?$/;
const PATTERN = /[*?[{]/;

/**
 * The block files of folders and files, sorted by slot. In a folder only files named like blocks count,
 * the others come back as `ignored`; a file that is named outright must begin with its slot. Throws a
 * CandlewickError for a path that is absent, a name without a slot, two files of one slot, and for none at all.
 */
export async function findBlockFiles(
  paths: readonly string[],
  recursive: boolean,
): Promise<{ files: BlockFile[]; ignored: string[] }> {
  const files: BlockFile[] = [];
  const ignored: string[] = [];
  for (const path of paths) {
    const absolute = resolve(path);
    if (PATTERN.test(path) && !(await exists(absolute))) {
      for await (const found of glob(absolute)) {
        if (!(await isFolder(found))) files.push(namedFile(found));
      }
      continue;
    }
    if (await isFolder(absolute)) await scanFolder(absolute, recursive, files, ignored);
    else files.push(namedFile(absolute));
  }
  if (files.length === 0) {
    throw new CandlewickError(
      ERRORS.badInput,
      `There is no block file in ${paths.join(", ")}.`,
      "Block files are named <slot>.json or <slot>.getBlock.json, with .gz or .zst where compressed; subfolders count with recursive: true.",
    );
  }
  files.sort((a, b) => a.slot - b.slot);
  for (const [index, file] of files.entries()) {
    const next = files[index + 1];
    if (next !== undefined && next.slot === file.slot) {
      throw new CandlewickError(
        ERRORS.badInput,
        `${file.path} and ${next.path} are both of slot ${file.slot}.`,
        "Keep one of them.",
      );
    }
  }
  return { files, ignored };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new CandlewickError(
      ERRORS.badInput,
      `${path} cannot be read (${reasonOf(cause)}).`,
      "Name an existing folder or file of recorded blocks.",
      { cause },
    );
  }
}

async function scanFolder(
  folder: string,
  recursive: boolean,
  files: BlockFile[],
  ignored: string[],
): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive })) {
    const path = join(entry.parentPath, entry.name);
    // A link counts as what it leads to.
    const folderHere = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)));
    if (folderHere) {
      if (!recursive) ignored.push(`${path}/`);
      continue;
    }
    const digits = BLOCK_NAME.exec(entry.name)?.[1];
    if (digits === undefined || !Number.isSafeInteger(Number(digits))) ignored.push(path);
    else files.push({ slot: slot(Number(digits)), path });
  }
}

function namedFile(path: string): BlockFile {
  const digits = LEADING_SLOT.exec(basename(path))?.[1];
  if (digits === undefined || !Number.isSafeInteger(Number(digits))) {
    throw new CandlewickError(
      ERRORS.badInput,
      `The name of ${path} does not tell a slot.`,
      "Name block files <slot>.json, <slot>.json.gz or <slot>.json.zst.",
    );
  }
  return { slot: slot(Number(digits)), path };
}

const MIN_CHUNK_BYTES = 64 * 1024;
const MAX_CHUNK_BYTES = 16 * 1024 * 1024;
/** How much larger a block is than its file, and some more. */
const USUAL_RATIO = 14;

const COMPRESSIONS = [
  { ending: ".gz", name: "gzip", inflate: promisify(gunzip) },
  { ending: ".zst", name: "zstd", inflate: promisify(zstdDecompress) },
] as const;

/** A block file's bytes, inflated where its name ends in .gz or .zst. Rejects with what is wrong, in words that follow the file's name. */
export async function readBlockFile({ path }: BlockFile, maxBytes: number): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new RangeError(`it has ${size} bytes and at most ${maxBytes} are read`);
    bytes = await readFile(path);
  } catch (cause) {
    throw new Error(`it cannot be read (${reasonOf(cause)})`, { cause });
  }
  const compression = COMPRESSIONS.find(({ ending }) => path.endsWith(ending));
  if (compression === undefined) return bytes;
  try {
    // Room for the whole at once: a block in pieces of the usual 16 KiB costs more than its inflation.
    const chunkSize = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, bytes.length * USUAL_RATIO));
    return await compression.inflate(bytes, { maxOutputLength: maxBytes, chunkSize });
  } catch (cause) {
    throw new Error(`it is no whole ${compression.name} file (${reasonOf(cause)})`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (!("code" in cause) || typeof cause.code !== "string") return cause.message;
  return REASONS[cause.code] ?? cause.code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  Z_BUF_ERROR: "it ends too early",
  Z_DATA_ERROR: "its data are damaged",
  ERR_BUFFER_TOO_LARGE: "it is too large",
  ZSTD_error_prefix_unknown: "its data are damaged",
  ZSTD_error_corruption_detected: "its data are damaged",
  ZSTD_error_checksum_wrong: "its data are damaged",
};
