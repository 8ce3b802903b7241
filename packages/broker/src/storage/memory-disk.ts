import { freemem, totalmem } from "node:os";
import type { Disk, DiskFile } from "./disk.ts";

const FIRST_BLOCK = 4096;
const LARGEST_BLOCK = 1 << 20;

/** A file made of blocks that are filled one after the other and never moved. */
class MemoryFile implements DiskFile {
  #blocks: { readonly start: number; readonly bytes: Buffer }[] = [];
  size = 0;

  append(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      for (let from = 0; from < piece.length; ) {
        const { start, bytes } = this.#lastBlock(piece.length - from);
        const count = piece.copy(bytes, this.size - start, from);
        this.size += count;
        from += count;
      }
    }
  }

  #lastBlock(wanted: number): { readonly start: number; readonly bytes: Buffer } {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.size < last.start + last.bytes.length) return last;
    const double = last === undefined ? FIRST_BLOCK : last.bytes.length * 2;
    const size = Math.min(LARGEST_BLOCK, Math.max(double, wanted));
    const block = { start: this.size, bytes: Buffer.allocUnsafeSlow(size) };
    this.#blocks.push(block);
    return block;
  }

  read(position: number, length: number): Buffer {
    const end = Math.min(position + length, this.size);
    const pieces: Buffer[] = [];
    for (let index = this.#blockAt(position), at = position; at < end; index++) {
      const block = this.#blocks[index];
      if (block === undefined) break;
      const piece = block.bytes.subarray(at - block.start, Math.min(end - block.start, block.bytes.length));
      pieces.push(piece);
      at += piece.length;
    }
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }

  #blockAt(position: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle]?.start ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  truncate(size: number): void {
    this.#blocks = this.#blocks.filter((block) => block.start < size);
    this.size = size;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  syncNow(): void {}

  close(): void {}
}

/** A disk in memory, for brokers without a data folder. */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, MemoryFile>();

  makeFolder(): void {}

  space(): { readonly totalBytes: number; readonly usableBytes: number } {
    return { totalBytes: totalmem(), usableBytes: freemem() };
  }

  list(path: string): string[] {
    const prefix = `${path}/`;
    const names = new Set<string>();
    for (const file of this.#files.keys()) {
      if (file.startsWith(prefix)) names.add(file.slice(prefix.length).split("/", 1)[0] ?? "");
    }
    return [...names];
  }

  open(path: string): DiskFile {
    let file = this.#files.get(path);
    if (file === undefined) {
      file = new MemoryFile();
      this.#files.set(path, file);
    }
    return file;
  }

  readFile(path: string): Buffer | undefined {
    const file = this.#files.get(path);
    return file?.read(0, file.size);
  }

  replaceFile(path: string, content: Buffer): void {
    const file = new MemoryFile();
    file.append([content]);
    this.#files.set(path, file);
  }

  removeFile(path: string): void {
    this.#files.delete(path);
  }

  removeFolder(path: string): void {
    for (const file of this.#files.keys()) if (file.startsWith(`${path}/`)) this.#files.delete(file);
  }

  rename(from: string, to: string): void {
    for (const [path, file] of [...this.#files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#files.delete(path);
      this.#files.set(to + path.slice(from.length), file);
    }
  }
}
