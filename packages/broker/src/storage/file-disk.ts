import * as fs from "node:fs";
import { dirname } from "node:path";
import { systemCode } from "../broker-error.ts";
import type { Disk, DiskFile } from "./disk.ts";

class OpenFile implements DiskFile {
  readonly #descriptor: number;
  #size: number;
  #closed = false;
  #syncing = 0;

  constructor(path: string) {
    this.#descriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    this.#size = fs.fstatSync(this.#descriptor).size;
  }

  get size(): number {
    return this.#size;
  }

  append(pieces: readonly Buffer[]): void {
    let total = 0;
    for (const piece of pieces) total += piece.length;
    try {
      let rest = pieces;
      let position = this.#size;
      for (;;) {
        const [only] = rest;
        const written =
          rest.length === 1 && only !== undefined
            ? fs.writeSync(this.#descriptor, only, 0, only.length, position)
            : fs.writevSync(this.#descriptor, rest, position);
        position += written;
        if (position === this.#size + total) break;
        rest = skipBytes(rest, written);
      }
      this.#size = position;
    } catch (error) {
      // A partial write must not stay: the next append would leave a hole of damage in the middle.
      fs.ftruncateSync(this.#descriptor, this.#size);
      throw error;
    }
  }

  read(position: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.#size - position));
    const buffer = Buffer.allocUnsafe(wanted);
    let filled = 0;
    while (filled < wanted) {
      const count = fs.readSync(this.#descriptor, buffer, filled, wanted - filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled === wanted ? buffer : buffer.subarray(0, filled);
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#descriptor, size);
    this.#size = size;
  }

  sync(): Promise<void> {
    // A closed file belongs to a deleted partition: nothing is left to keep.
    if (this.#closed) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#syncing++;
    fs.fdatasync(this.#descriptor, (error) => {
      this.#syncing--;
      if (this.#closed) this.#closeWhenIdle();
      if (error === null) resolve();
      else reject(error);
    });
    return promise;
  }

  syncNow(): void {
    if (!this.#closed) fs.fdatasyncSync(this.#descriptor);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenIdle();
  }

  /** The descriptor number may be given out again once closed: never while a sync still uses it. */
  #closeWhenIdle(): void {
    if (this.#syncing === 0) fs.closeSync(this.#descriptor);
  }
}

function skipBytes(pieces: readonly Buffer[], count: number): Buffer[] {
  const rest: Buffer[] = [];
  let skip = count;
  for (const piece of pieces) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      rest.push(skip === 0 ? piece : piece.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

function syncFolder(path: string): void {
  // Windows cannot open folders; there the rename itself is as durable as it gets.
  if (process.platform === "win32") return;
  const descriptor = fs.openSync(path, "r");
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The disk of the operating system. */
export const fileDisk: Disk = {
  makeFolder(path) {
    if (fs.mkdirSync(path, { recursive: true }) !== undefined) syncFolder(dirname(path));
  },
  list(path) {
    try {
      return fs.readdirSync(path);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    }
  },
  open(path) {
    const isNew = !fs.existsSync(path);
    const file = new OpenFile(path);
    if (isNew) syncFolder(dirname(path));
    return file;
  },
  readFile(path) {
    try {
      return fs.readFileSync(path);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    }
  },
  replaceFile(path, content) {
    const temporary = `${path}.new`;
    try {
      fs.writeFileSync(temporary, content, { flush: true });
      fs.renameSync(temporary, path);
    } catch (error) {
      // On a full disk, half a file would take the last of the space.
      fs.rmSync(temporary, { force: true });
      throw error;
    }
    syncFolder(dirname(path));
  },
  removeFile(path) {
    fs.rmSync(path, { force: true });
  },
  removeFolder(path) {
    fs.rmSync(path, { recursive: true, force: true });
  },
  rename(from, to) {
    fs.renameSync(from, to);
    syncFolder(dirname(to));
  },
  space(path) {
    const { blocks, bavail, bsize } = fs.statfsSync(path);
    return { totalBytes: blocks * bsize, usableBytes: bavail * bsize };
  },
};
