import type { DiskFile } from "../src/storage/disk.ts";
import { MemoryDisk } from "../src/storage/memory-disk.ts";

/** A disk without space left, while `isFull`, or without space for the journal, or for all but the journal, only. */
export class SmallDisk extends MemoryDisk {
  isFull = false;
  isJournalFull = false;
  areLogsFull = false;
  /** Called when a sync of any file has ended. */
  onSync: () => void = () => {};

  #refuse(path: string): void {
    const isItsKindFull = path.endsWith(".journal") ? this.isJournalFull : this.areLogsFull;
    if (this.isFull || isItsKindFull) {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    }
  }

  override open(path: string): DiskFile {
    const file = super.open(path);
    const refuse = (): void => this.#refuse(path);
    return {
      get size() {
        return file.size;
      },
      append(pieces) {
        refuse();
        file.append(pieces);
      },
      read: (position, length) => file.read(position, length),
      truncate: (size) => file.truncate(size),
      sync: async () => {
        await file.sync();
        this.onSync();
      },
      syncNow: () => file.syncNow(),
      close: () => file.close(),
    };
  }

  override replaceFile(path: string, content: Buffer): void {
    this.#refuse(path);
    super.replaceFile(path, content);
  }
}
