import { readBlockFile } from "@candlewick/decode";
import type { Slot } from "@candlewick/domain";
import type { Clock, Logger } from "@candlewick/runtime";
import type { BlockSource, Fetched, SlotPlan } from "../ports.ts";
import { type BlockFile, findBlockFiles } from "./block-file.ts";
import { BlockPace, speedOf } from "./block-pace.ts";

export interface ReplayOptions {
  /** Folders and files. */
  readonly paths: readonly string[];
  /** Whether subfolders count. */
  readonly recursive: boolean;
  /** The largest block, inflated. */
  readonly maxBlockBytes: number;
  readonly logger: Logger;
  /** `max`, `recorded` or `10x`; default `max`. */
  readonly pace?: string;
  /** Needed for a pace. */
  readonly clock?: Clock;
}

/** Opens recorded blocks as a source. Throws a CandlewickError where there is nothing to replay. */
export async function openReplay(options: ReplayOptions): Promise<ReplaySource> {
  const { files, ignored } = await findBlockFiles(options.paths, options.recursive);
  if (ignored.length > 0) {
    options.logger.info(`${ignored.length} entries are not named like blocks and are ignored`, {
      ignored: ignored.slice(0, 20),
    });
  }
  return new ReplaySource(files, options);
}

/** Recorded blocks in order of slot; ends by itself after the last. What lies between two files is not known. */
export class ReplaySource implements BlockSource {
  readonly name: string;
  readonly continuity = "sparse";
  /** A file is the same however often it is read. */
  readonly decodeAttempts = 1;
  readonly #files: ReadonlyMap<Slot, BlockFile>;
  readonly #slots: readonly Slot[];
  readonly #maxBlockBytes: number;
  readonly #logger: Logger;
  readonly #pace: BlockPace | null;
  #begun = false;

  constructor(files: readonly BlockFile[], { paths, maxBlockBytes, logger, pace, clock }: ReplayOptions) {
    const speed = speedOf(pace ?? "max");
    this.#pace = speed === null || clock === undefined ? null : new BlockPace(speed, clock);
    this.name = paths.join(", ");
    this.#files = new Map(files.map((file) => [file.slot, file]));
    this.#slots = files.map((file) => file.slot);
    this.#maxBlockBytes = maxBlockBytes;
    this.#logger = logger;
  }

  covers(slot: number): boolean {
    return this.#files.has(slot as Slot);
  }

  head(): number | null {
    return this.#slots.at(-1) ?? null;
  }

  async origin(): Promise<null> {
    return null;
  }

  async plan(after: number | null, limit: number): Promise<SlotPlan> {
    const from = after === null ? 0 : this.#slots.findIndex((slot) => slot > after);
    if (!this.#begun) this.#begin(from === -1 ? this.#slots.length : from);
    this.#begun = true;
    if (from === -1) return { slots: [], ended: true };
    const slots = this.#slots.slice(from, from + limit);
    return { slots, ended: from + slots.length === this.#slots.length };
  }

  async fetch(slot: Slot, signal: AbortSignal): Promise<Fetched> {
    const file = this.#files.get(slot);
    if (file === undefined) return { kind: "absent" };
    const { path } = file;
    const maxBytes = this.#maxBlockBytes;
    if (this.#pace === null) return { kind: "file", file: { path, maxBytes }, attempts: 1 };
    let bytes: Uint8Array;
    try {
      bytes = await readBlockFile(path, maxBytes);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "failed", reason, attempts: 1 };
    }
    // How old it is only its bytes tell.
    await this.#pace.wait(bytes, signal);
    return { kind: "block", bytes, attempts: 1 };
  }

  place(slot: Slot): string {
    return this.#files.get(slot)?.path ?? `slot ${slot} of ${this.name}`;
  }

  async close(): Promise<void> {}

  #begin(from: number): void {
    if (from === 0) return;
    this.#logger.info(`${from} of ${this.#slots.length} recorded blocks were published before`, {
      source: this.name,
    });
  }
}
