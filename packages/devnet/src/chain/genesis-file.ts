import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DevnetError } from "../devnet-error.ts";
import { type ChainOptions, chainOptions } from "./options.ts";
import { SlotTimes } from "./slot-times.ts";

const VERSION = 3;
/** A shorter pause is caught up with; after a longer one the chain has stood still. */
const PAUSE_MS = 60_000;
/** Until this long after the last sign of life the node may have served slots that we do not know of. */
const UNCERTAIN_MS = 10_000;

/** What a new chain has of what older files do not name. */
const SANDWICH_RATE = 0.04;

/** What a node must remember to serve the same chain after a restart, in a small file. */
export class GenesisFile {
  readonly options: ChainOptions;
  readonly #path: string;

  private constructor(path: string, options: ChainOptions) {
    this.#path = path;
    this.options = options;
  }

  /**
   * Reads the chain that the file describes; where there is no file yet, it is made from `given`. Where the
   * node was away for a while, the chain stood still: it goes on with the slots after those that may have
   * been served, from now on. Throws a DevnetError: GENESIS_UNREADABLE, or GENESIS_MISMATCH where `given`
   * asks for another chain than the file's.
   */
  static open(path: string, given: Partial<ChainOptions>, genesisUnixMs: number, nowMs: number): GenesisFile {
    const text = readIfThere(path);
    const stored = text === null ? null : parse(path, text);
    if (stored !== null) refuseOther(path, stored.options, given);
    const options =
      stored === null
        ? chainOptions({ genesisUnixMs, sandwichRate: SANDWICH_RATE, ...given })
        : resumed(stored.options, stored.aliveUnixMs, nowMs);
    const file = new GenesisFile(path, options);
    file.alive(nowMs);
    return file;
  }

  /** Writes down that the node serves the chain at this time. */
  alive(nowMs: number): void {
    const content = { version: VERSION, aliveUnixMs: Math.floor(nowMs), options: this.options };
    write(this.#path, `${JSON.stringify(content, null, 2)}\n`);
  }
}

function resumed(options: ChainOptions, aliveUnixMs: number, nowMs: number): ChainOptions {
  if (nowMs - aliveUnixMs < PAUSE_MS) return options;
  const genesis = { slot: options.firstSlot, unixMs: options.genesisUnixMs };
  const times = new SlotTimes(genesis, options.resumes, options.slotMs);
  const slot = Math.max(options.firstSlot, times.slotAt(aliveUnixMs + UNCERTAIN_MS)) + 1;
  const last = options.resumes.at(-1);
  if (last !== undefined && slot <= last.slot) return options;
  return { ...options, resumes: [...options.resumes, { slot, unixMs: Math.floor(nowMs) }] };
}

function refuseOther(path: string, stored: ChainOptions, given: Partial<ChainOptions>): void {
  for (const [name, value] of Object.entries(given)) {
    const kept: unknown = stored[name as keyof ChainOptions];
    if (value !== undefined && kept !== undefined && kept !== value) {
      throw new DevnetError(
        "GENESIS_MISMATCH",
        `The simulated chain in ${path} was made with ${name} ${kept}, not ${value}: use that value, or another data folder.`,
      );
    }
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new DevnetError("GENESIS_UNREADABLE", `The genesis file ${path} cannot be read.`, { cause: error });
  }
}

function parse(path: string, text: string): { options: ChainOptions; aliveUnixMs: number } {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, error);
  }
  if (typeof stored !== "object" || stored === null) throw unreadable(path);
  const { version, aliveUnixMs, options } = stored as Record<string, unknown>;
  if (version !== VERSION || typeof options !== "object" || options === null) throw unreadable(path);
  const candidate = options as Partial<ChainOptions>;
  if (typeof candidate.genesisUnixMs !== "number" || typeof aliveUnixMs !== "number") throw unreadable(path);
  return { options: chainOptions({ ...candidate, genesisUnixMs: candidate.genesisUnixMs }), aliveUnixMs };
}

function unreadable(path: string, cause?: unknown): DevnetError {
  const message = `The genesis file ${path} is not one of this version: remove it to start a new simulated chain.`;
  return new DevnetError("GENESIS_UNREADABLE", message, { cause });
}

/** By rename, so that a crash leaves either no file or a whole one. */
function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new DevnetError("GENESIS_UNREADABLE", `The genesis file ${path} cannot be written.`, {
      cause: error,
    });
  }
}
