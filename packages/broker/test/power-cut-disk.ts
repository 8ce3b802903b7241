import type { Disk, DiskFile } from "../src/storage/disk.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";

/**
 * A disk that forgets, when the power is cut, what was written but not synced: of the unsynced end of each file
 * any part may be left. Folder entries are kept, as the broker syncs folders when it makes entries.
 */
export class PowerCutDisk implements Disk {
  readonly #disk: MemoryDisk;
  readonly #synced = new Map<string, number>();

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
    const disk = new PowerCutDisk(left);
    for (const [path] of this.#synced) disk.#synced.set(path, left.readFile(path)?.length ?? 0);
    return disk;
  }

  open(path: string): DiskFile {
    const file = this.#disk.open(path);
    const synced = this.#synced;
    if (!synced.has(path)) synced.set(path, 0);
    return {
      get size() {
        return file.size;
      },
      append: (pieces) => file.append(pieces),
      read: (position, length) => file.read(position, length),
      truncate(size) {
        file.truncate(size);
        synced.set(path, Math.min(size, synced.get(path) ?? 0));
      },
      async sync() {
        // Only what was there when the sync began is sure, and only once it has ended.
        const { size } = file;
        await new Promise((resolve) => setImmediate(resolve));
        synced.set(path, Math.max(size, synced.get(path) ?? 0));
      },
      close: () => file.close(),
    };
  }

  replaceFile(path: string, content: Buffer): void {
    this.#disk.replaceFile(path, content);
    this.#synced.set(path, content.length);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
    this.#synced.set(to, this.#synced.get(from) ?? 0);
    this.#synced.delete(from);
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
    this.#disk.removeFile(path);
  }
  removeFolder(path: string): void {
    this.#disk.removeFolder(path);
  }
}
