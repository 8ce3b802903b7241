import type { Disk, DiskFile } from "../src/storage/disk.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";

/**
 * A disk that forgets, when the power is cut, what was written but not synced: of the unsynced end of each file
 * any part may be left, and removed files may come back, as nothing syncs a removal until the folder is synced for
 * an entry that is made in it (which the broker does each time).
 */
export class PowerCutDisk implements Disk {
  readonly #disk: MemoryDisk;
  readonly #synced = new Map<string, number>();
  /** Removed files whose folder was not synced since. */
  readonly #removed = new Map<string, Buffer>();
  /** Where the opened files are now: one that is renamed is still the same file, one that is replaced is nowhere. */
  readonly #places = new Set<{ path: string | undefined }>();

  constructor(disk = new MemoryDisk()) {
    this.#disk = disk;
  }

  /** What a new start finds after a power cut at this moment. */
  afterPowerCut(random: () => number, folders: readonly string[]): PowerCutDisk {
    const left = new MemoryDisk();
    const copy = (path: string): void => {
      const bytes = this.#disk.readFile(path);
      if (bytes === undefined) {
        for (const name of this.#disk.list(path)) copy(`${path}/${name}`);
        return;
      }
      const synced = this.#synced.get(path) ?? 0;
      const kept = synced + Math.floor(random() * (bytes.length - synced + 1));
      left.replaceFile(path, Buffer.from(bytes.subarray(0, kept)));
    };
    for (const folder of folders) copy(folder);
    for (const [path, bytes] of this.#removed) {
      if (left.readFile(path) === undefined && random() < 0.5) left.replaceFile(path, Buffer.from(bytes));
    }
    const disk = new PowerCutDisk(left);
    for (const [path] of this.#synced) disk.#synced.set(path, left.readFile(path)?.length ?? 0);
    for (const [path, bytes] of this.#removed) {
      if (!disk.#synced.has(path) && left.readFile(path) !== undefined) disk.#synced.set(path, bytes.length);
    }
    return disk;
  }

  #syncFolder(path: string): void {
    const folder = path.slice(0, path.lastIndexOf("/"));
    for (const removed of this.#removed.keys()) {
      if (removed.slice(0, removed.lastIndexOf("/")) === folder) this.#removed.delete(removed);
    }
  }

  open(path: string): DiskFile {
    const isNew = this.#disk.readFile(path) === undefined;
    const file = this.#disk.open(path);
    const synced = this.#synced;
    const place: { path: string | undefined } = { path };
    const places = this.#places.add(place);
    const noteSynced = (size: (before: number) => number): void => {
      if (place.path !== undefined) synced.set(place.path, size(synced.get(place.path) ?? 0));
    };
    if (!synced.has(path)) synced.set(path, 0);
    if (isNew) this.#syncFolder(path);
    return {
      get size() {
        return file.size;
      },
      append: (pieces) => file.append(pieces),
      read: (position, length) => file.read(position, length),
      truncate(size) {
        file.truncate(size);
        noteSynced((before) => Math.min(size, before));
      },
      async sync() {
        // Only what was there when the sync began is sure, and only once it has ended.
        const { size } = file;
        await new Promise((resolve) => setImmediate(resolve));
        noteSynced((before) => Math.max(size, before));
      },
      syncNow() {
        noteSynced(() => file.size);
      },
      close() {
        places.delete(place);
        file.close();
      },
    };
  }

  #moveOpened(from: string, to: string | undefined): void {
    for (const place of this.#places) if (place.path === from) place.path = to;
  }

  replaceFile(path: string, content: Buffer): void {
    this.#moveOpened(path, undefined);
    this.#disk.replaceFile(path, content);
    this.#synced.set(path, content.length);
    this.#syncFolder(path);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
    this.#synced.set(to, this.#synced.get(from) ?? 0);
    this.#synced.delete(from);
    this.#moveOpened(to, undefined);
    this.#moveOpened(from, to);
    this.#syncFolder(to);
  }

  makeFolder(): void {}
  space(): ReturnType<Disk["space"]> {
    return this.#disk.space();
  }
  list(path: string): string[] {
    return this.#disk.list(path);
  }
  readFile(path: string): Buffer | undefined {
    return this.#disk.readFile(path);
  }
  removeFile(path: string): void {
    const bytes = this.#disk.readFile(path);
    if (bytes !== undefined) this.#removed.set(path, Buffer.from(bytes.subarray(0, this.#synced.get(path))));
    this.#synced.delete(path);
    this.#disk.removeFile(path);
  }
  removeFolder(path: string): void {
    this.#disk.removeFolder(path);
  }
}
