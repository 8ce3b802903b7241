import { crc32 } from "node:zlib";
import { BrokerError } from "../broker-error.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { Visibility } from "./partition-log.ts";

/** Length and checksum before each entry. */
const ENTRY_HEADER = 8;
const MAX_ENTRY_BYTES = 64 << 20;
/** The file is rewritten once it is this long and has grown to several times its live content. */
const COMPACT_FROM_BYTES = 4 << 20;
const COMPACT_FACTOR = 4;

/** What an entry says: the key has this value now, or (null) none. */
export interface JournalEntry {
  readonly key: string;
  readonly value: unknown;
}

/** The payload of the sound entry at `position`, or undefined. */
function entryAt(bytes: Buffer, position: number): Buffer | undefined {
  if (position + ENTRY_HEADER > bytes.length) return undefined;
  const length = bytes.readUInt32BE(position);
  const start = position + ENTRY_HEADER;
  if (length === 0 || length > MAX_ENTRY_BYTES || start + length > bytes.length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return crc32(payload) === bytes.readUInt32BE(position + 4) ? payload : undefined;
}

function hasEntryAfter(bytes: Buffer, damagedAt: number): boolean {
  for (let position = damagedAt + 1; position < bytes.length; position++) {
    if (entryAt(bytes, position) !== undefined) return true;
  }
  return false;
}

/** An entry as it stands in the file: length, checksum, payload. */
function encodeEntry(entries: readonly JournalEntry[]): Buffer[] {
  const payload = Buffer.from(JSON.stringify(entries));
  const header = Buffer.allocUnsafe(ENTRY_HEADER);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(crc32(payload), 4);
  return [header, payload];
}

/**
 * A durable map from keys to JSON values, for the coordinators' state: each change is appended to one file with
 * a checksum, concurrent changes share one sync, and the file is rewritten when most of it is history.
 */
export class Journal {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #visibility: Visibility;
  readonly #onCompactionFailure: (error: unknown) => void;
  #compactFromBytes = COMPACT_FROM_BYTES;
  #file: DiskFile;
  readonly #live = new Map<string, { readonly value: unknown; readonly bytes: number }>();
  #liveBytes = 0;
  #syncing: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  /** Why nobody knows which file is the journal: nothing more is accepted until a restart. */
  #failure: unknown;
  /** Bytes of a torn last entry that were cut off when the journal was opened. */
  readonly droppedBytes: number;

  constructor(
    disk: Disk,
    path: string,
    visibility: Visibility,
    onCompactionFailure: (error: unknown) => void = () => {},
  ) {
    this.#onCompactionFailure = onCompactionFailure;
    this.#disk = disk;
    this.#path = path;
    this.#visibility = visibility;
    this.#file = disk.open(path);
    this.droppedBytes = this.#recover();
    // A killed process leaves to the system what it had not synced: that is sure only when it is on the disk.
    if (visibility === "after-sync") this.#file.syncNow();
  }

  #recover(): number {
    const size = this.#file.size;
    const bytes = this.#file.read(0, size);
    let position = 0;
    for (let payload = entryAt(bytes, position); payload !== undefined; payload = entryAt(bytes, position)) {
      const entries = JSON.parse(payload.toString()) as JournalEntry[];
      const share = Math.ceil(payload.length / Math.max(1, entries.length));
      for (const entry of entries) this.#apply(entry, share);
      position += ENTRY_HEADER + payload.length;
    }
    if (position === size) return 0;
    if (hasEntryAfter(bytes, position)) {
      throw new BrokerError(
        "DATA_DIR_CORRUPT",
        `The file ${this.#path} is damaged at byte ${position}, with sound entries behind it; restore it from a copy, or delete it and lose committed offsets.`,
      );
    }
    this.#file.truncate(position);
    return size - position;
  }

  #apply(entry: JournalEntry, bytes: number): void {
    this.#liveBytes -= this.#live.get(entry.key)?.bytes ?? 0;
    if (entry.value === null) this.#live.delete(entry.key);
    else {
      this.#live.set(entry.key, { value: entry.value, bytes });
      this.#liveBytes += bytes;
    }
  }

  /** The live entries, oldest key first. */
  *entries(): Generator<JournalEntry> {
    for (const [key, { value }] of this.#live) yield { key, value };
  }

  /**
   * Appends the changes as one atomic entry, before it returns; durable only after `flush`. Throws where the disk
   * refuses, and after a failure that leaves open which file is the journal; nothing has changed then.
   */
  put(entries: readonly JournalEntry[]): void {
    if (entries.length === 0) return;
    if (this.#failure !== undefined) throw this.#failure;
    const pieces = encodeEntry(entries);
    this.#file.append(pieces);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const share = Math.ceil(bytes / entries.length);
    for (const entry of entries) this.#apply(entry, share);
    const size = this.#file.size;
    if (size > this.#compactFromBytes && size > this.#liveBytes * COMPACT_FACTOR) this.#tryToCompact();
  }

  /** The changes are written down already: a full disk must not make them look as if they were not. */
  #tryToCompact(): void {
    try {
      this.#compact();
      this.#compactFromBytes = COMPACT_FROM_BYTES;
    } catch (error) {
      this.#compactFromBytes = this.#file.size + COMPACT_FROM_BYTES;
      this.#onCompactionFailure(error);
    }
  }

  /** Throws with the journal as it was where the disk refuses before the switch to the new file. */
  #compact(): void {
    const path = `${this.#path}.new`;
    const next = this.#writeLive(path);
    const old = this.#file;
    try {
      this.#disk.rename(path, this.#path);
    } catch (error) {
      if (this.#isThere(path)) {
        this.#discard(path, next);
        throw error;
      }
      // After a power cut either file may be the journal: what is written to one of them may be lost.
      this.#failure = error;
      next.close();
      throw error;
    }
    this.#file = next;
    old.close();
  }

  /** The live entries in a file of their own, which is on the disk. */
  #writeLive(path: string): DiskFile {
    // What a crash has left there.
    this.#disk.removeFile(path);
    const file = this.#disk.open(path);
    try {
      file.append([Buffer.concat([...this.entries()].flatMap((entry) => encodeEntry([entry])))]);
      file.syncNow();
      return file;
    } catch (error) {
      this.#discard(path, file);
      throw error;
    }
  }

  /** Takes away what was written in vain: half a file would take the last of the space on a full disk. */
  #discard(path: string, file: DiskFile): void {
    file.close();
    this.#disk.removeFile(path);
  }

  /** Whether a file is still where it was; false as well where that cannot be found out. */
  #isThere(path: string): boolean {
    const slash = path.lastIndexOf("/");
    try {
      return this.#disk.list(path.slice(0, slash)).includes(path.slice(slash + 1));
    } catch {
      return false;
    }
  }

  /** Resolves when every change made before the call may be acknowledged. */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#visibility === "at-once") return Promise.resolve();
    if (this.#syncing === undefined) return this.#sync();
    // The sync under way may have begun before the last change: all who come now share the next one.
    this.#again ??= this.#syncing.then(
      () => this.#next(),
      () => this.#next(),
    );
    return this.#again;
  }

  #next(): Promise<void> {
    this.#again = undefined;
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#sync();
  }

  #sync(): Promise<void> {
    const running = this.#file.sync().finally(() => {
      if (this.#syncing === running) this.#syncing = undefined;
    });
    this.#syncing = running;
    return running;
  }

  /** Closes without a sync, as a killed process does. */
  abandon(): void {
    this.#file.close();
  }

  async close(): Promise<void> {
    await this.#syncing;
    await this.#file.sync();
    this.#file.close();
  }
}
