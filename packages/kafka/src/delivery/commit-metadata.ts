import { OffsetRuns } from "./offset-runs.ts";

/**
 * The metadata of a committed offset: which offsets above it are finished as well, so that whoever goes on
 * from there leaves them out. Two forms, the shorter one is used:
 *
 * - `cw1r:` runs: variable-length numbers (seven bits a byte, least first), by turns how many offsets are not
 *   finished and how many are, from the committed offset on;
 * - `cw1b:` bits: one bit per offset, least first, set where it is finished.
 *
 * Both in base64 without padding. What does not fit is left out from the far end: those records come again.
 */
const RUNS = "cw1r:";
const BITS = "cw1b:";

/** Brokers take 4,096 bytes of metadata by default (offset.metadata.max.bytes). */
export const MAX_METADATA_CHARS = 4_000;

/** The metadata of the committed offset `next`; empty where nothing above it is finished. */
export function encodeFinished(next: number, finished: OffsetRuns, maxChars = MAX_METADATA_CHARS): string {
  const runs = finished.runs().filter(([, end]) => end > next);
  if (runs.length === 0) return "";
  const maxBytes = Math.floor(((maxChars - RUNS.length) * 3) / 4);
  const asRuns = encodeRuns(next, runs, maxBytes);
  const asBits = encodeBits(next, runs, maxBytes);
  // Whoever tells of more offsets is better, then whoever is shorter.
  const runsWin =
    asRuns.told > asBits.told || (asRuns.told === asBits.told && asRuns.bytes.length <= asBits.bytes.length);
  const best = runsWin ? asRuns : asBits;
  return best.told === 0 ? "" : (runsWin ? RUNS : BITS) + base64(best.bytes);
}

/** The finished offsets that the metadata tell of; none for metadata of somebody else, or garbage. */
export function decodeFinished(next: number, metadata: string | null): OffsetRuns {
  const finished = new OffsetRuns();
  if (metadata?.startsWith(RUNS) === true) {
    decodeRuns(next, Buffer.from(metadata.slice(RUNS.length), "base64"), finished);
  } else if (metadata?.startsWith(BITS) === true) {
    decodeBits(next, Buffer.from(metadata.slice(BITS.length), "base64"), finished);
  }
  return finished;
}

interface Encoded {
  readonly bytes: Buffer;
  /** How many finished offsets it tells of. */
  readonly told: number;
}

type Runs = readonly (readonly [start: number, end: number])[];

function encodeRuns(next: number, runs: Runs, maxBytes: number): Encoded {
  const bytes: number[] = [];
  let at = next;
  let told = 0;
  for (const [start, end] of runs) {
    const pair = [...varint(Math.max(start, next) - at), ...varint(end - Math.max(start, next))];
    if (bytes.length + pair.length > maxBytes) break;
    bytes.push(...pair);
    told += end - Math.max(start, next);
    at = end;
  }
  return { bytes: Buffer.from(bytes), told };
}

function encodeBits(next: number, runs: Runs, maxBytes: number): Encoded {
  const last = runs.at(-1)?.[1] ?? next;
  const bits = Buffer.alloc(Math.min(maxBytes, Math.ceil((last - next) / 8)));
  const limit = next + bits.length * 8;
  let told = 0;
  for (const [start, end] of runs) {
    for (let offset = Math.max(start, next); offset < Math.min(end, limit); offset++) {
      const index = offset - next;
      bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
      told++;
    }
  }
  return { bytes: bits, told };
}

function decodeRuns(next: number, bytes: Buffer, finished: OffsetRuns): void {
  let at = next;
  let position = 0;
  const number = (): number | null => {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = bytes[position++];
      if (byte === undefined) return null;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    return null;
  };
  while (position < bytes.length) {
    const unfinished = number();
    const length = number();
    if (unfinished === null || length === null) return;
    const end = at + unfinished + length;
    if (!Number.isSafeInteger(end)) return;
    finished.add(at + unfinished, end);
    at = end;
  }
}

function decodeBits(next: number, bytes: Buffer, finished: OffsetRuns): void {
  for (let index = 0; index < bytes.length * 8; index++) {
    if (((bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0) finished.add(next + index, next + index + 1);
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
