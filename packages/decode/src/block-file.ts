import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip, gunzipSync, zstdDecompress, zstdDecompressSync } from "node:zlib";

/** A block file that cannot be read. The message says why, in words that follow the file's name. */
export class BlockFileError extends Error {
  override readonly name = "BlockFileError";
}

interface Compression {
  readonly ending: string;
  readonly name: string;
  /** How many bytes the whole becomes, as the file itself says; null where it does not. */
  readonly inflatedBytes: (file: Buffer) => number | null;
  readonly inflate: (file: Buffer, options: InflateOptions) => Promise<Buffer>;
  readonly inflateSync: (file: Buffer, options: InflateOptions) => Buffer;
}

interface InflateOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

const COMPRESSIONS: readonly Compression[] = [
  {
    ending: ".gz",
    name: "gzip",
    inflatedBytes: gzipContentBytes,
    inflate: promisify(gunzip),
    inflateSync: gunzipSync,
  },
  {
    ending: ".zst",
    name: "zstd",
    inflatedBytes: zstdContentBytes,
    inflate: promisify(zstdDecompress),
    inflateSync: zstdDecompressSync,
  },
];

/** A block file's bytes, inflated where its name ends in .gz or .zst. Rejects with a BlockFileError. */
export async function readBlockFile(path: string, maxBytes: number): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    refuseTooLarge((await stat(path)).size, maxBytes);
    bytes = await readFile(path);
  } catch (cause) {
    throw unreadable(cause);
  }
  const compression = compressionOf(path);
  if (compression === null) return bytes;
  try {
    return await compression.inflate(bytes, inflateOptions(compression, bytes, maxBytes));
  } catch (cause) {
    throw unwhole(compression, cause);
  }
}

/**
 * The same for a thread that has nothing else to do. A block's bytes are good until the next is read: their
 * memory is used again, or given back at once. Left to the garbage collector, some megabytes a block make it
 * run all the time.
 */
export class BlockFileReader {
  #buffer = Buffer.alloc(0);
  #inflated: Uint8Array | null = null;

  /** Throws a BlockFileError. */
  read(path: string, maxBytes: number): Uint8Array {
    this.#release();
    let bytes: Buffer;
    try {
      bytes = this.#load(path, maxBytes);
    } catch (cause) {
      throw unreadable(cause);
    }
    const compression = compressionOf(path);
    if (compression === null) return bytes;
    try {
      this.#inflated = compression.inflateSync(bytes, inflateOptions(compression, bytes, maxBytes));
      return this.#inflated;
    } catch (cause) {
      throw unwhole(compression, cause);
    }
  }

  #release(): void {
    const buffer = this.#inflated?.buffer;
    this.#inflated = null;
    // Memory of the size of a pool may be shared with others.
    if (buffer instanceof ArrayBuffer && buffer.byteLength >= MIN_CHUNK_BYTES) buffer.transfer(0);
  }

  #load(path: string, maxBytes: number): Buffer {
    const descriptor = openSync(path, "r");
    try {
      const { size } = fstatSync(descriptor);
      refuseTooLarge(size, maxBytes);
      // Grown with some room, so that blocks of about the same size do not each want a larger one.
      if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(Math.ceil(size * 1.25));
      let filled = 0;
      while (filled < size) {
        const count = readSync(descriptor, this.#buffer, filled, size - filled, filled);
        if (count === 0) break;
        filled += count;
      }
      return this.#buffer.subarray(0, filled);
    } finally {
      closeSync(descriptor);
    }
  }
}

function compressionOf(path: string): Compression | null {
  return COMPRESSIONS.find(({ ending }) => path.endsWith(ending)) ?? null;
}

const MIN_CHUNK_BYTES = 2 * Math.max(64 * 1024, Buffer.poolSize);
const MAX_CHUNK_BYTES = 16 * 1024 * 1024;
/** How much larger a block is than its file, and some more. */
const USUAL_RATIO = 14;
/** With no byte to spare the end would not be seen before the next piece. */
const SPARE_BYTES = 64;

/** Room for the whole at once: a block in pieces of the usual 16 KiB costs more than its inflation. */
function inflateOptions(compression: Compression, file: Buffer, maxBytes: number): InflateOptions {
  const told = compression.inflatedBytes(file);
  const expected = told === null ? file.length * USUAL_RATIO : told + SPARE_BYTES;
  // What a file says of itself may be wrong: it may cost memory, but not much.
  return {
    maxOutputLength: maxBytes,
    chunkSize: Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, expected)),
  };
}

/** ISIZE, the last four bytes of a gzip file (RFC 1952, 2.3.1). */
function gzipContentBytes(file: Buffer): number | null {
  return file.length < 18 ? null : file.readUInt32LE(file.length - 4);
}

const ZSTD_MAGIC = 0xfd2fb528;

/** Frame_Content_Size in the header of the first zstd frame (RFC 8878, 3.1.1.1). */
function zstdContentBytes(file: Buffer): number | null {
  if (file.length < 18 || file.readUInt32LE(0) !== ZSTD_MAGIC) return null;
  const descriptor = file[4] ?? 0;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  switch (descriptor >> 6) {
    case 0:
      return isSingleSegment ? (file[at] ?? null) : null;
    case 1:
      return file.readUInt16LE(at) + 256;
    case 2:
      return file.readUInt32LE(at);
    default:
      return file.length < at + 8 ? null : Number(file.readBigUInt64LE(at));
  }
}

function refuseTooLarge(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw new RangeError(`it has ${bytes} bytes and at most ${maxBytes} are read`);
}

function unreadable(cause: unknown): BlockFileError {
  return new BlockFileError(`it cannot be read (${fileTrouble(cause)})`, { cause });
}

function unwhole({ name }: Compression, cause: unknown): BlockFileError {
  return new BlockFileError(`it is no whole ${name} file (${fileTrouble(cause)})`, { cause });
}

/** Why a file cannot be read, in words for a person. */
export function fileTrouble(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (!("code" in cause) || typeof cause.code !== "string") return cause.message;
  return REASONS[cause.code] ?? cause.code;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  Z_BUF_ERROR: "it ends too early",
  Z_DATA_ERROR: "its data are damaged",
  ERR_BUFFER_TOO_LARGE: "it is too large",
  ZSTD_error_prefix_unknown: "its data are damaged",
  ZSTD_error_corruption_detected: "its data are damaged",
  ZSTD_error_checksum_wrong: "its data are damaged",
};
