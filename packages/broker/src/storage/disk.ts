/**
 * What the storage needs of a disk. Writes go to the operating system at once and in order (they survive a
 * killed process); `sync` makes them survive a power cut as well.
 */
export interface DiskFile {
  readonly size: number;
  /** Appends the pieces as one write. Throws on failure, with the file as long as before. */
  append(pieces: readonly Buffer[]): void;
  /** The bytes from `position` on, at most `length` of them; fewer at the end of the file. */
  read(position: number, length: number): Buffer;
  truncate(size: number): void;
  sync(): Promise<void>;
  /** The same, before it returns: for the rare case in which nothing may come in between. */
  syncNow(): void;
  close(): void;
}

export interface Disk {
  makeFolder(path: string): void;
  /** The names in a folder, unsorted; none where the folder does not exist. */
  list(path: string): string[];
  /** Opens for reading and appending, and creates the file where it is missing. */
  open(path: string): DiskFile;
  /** The whole file, or undefined where it does not exist. */
  readFile(path: string): Buffer | undefined;
  /** Replaces the file in one step: after a crash it has either the old or the new content. */
  replaceFile(path: string, content: Buffer): void;
  removeFile(path: string): void;
  removeFolder(path: string): void;
  rename(from: string, to: string): void;
  /** How large what holds the folder is, and what is left of it. */
  space(path: string): { readonly totalBytes: number; readonly usableBytes: number };
}
