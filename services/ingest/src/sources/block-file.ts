import { glob, readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileTrouble } from "@candlewick/decode";
import { type Slot, slot } from "@candlewick/domain";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** A file that holds one recorded `getBlock` result. */
export interface BlockFile {
  readonly slot: Slot;
  readonly path: string;
}

/** `<slot>.getBlock.json`, `<slot>.json`, each with or without `.gz` or `.zst`. */
const BLOCK_NAME = /^(\d{1,16})(?:\.getBlock)?\.json(?:\.gz|\.zst)?$/;
const LEADING_SLOT = /^(\d{1,16})(?!\d).*\.json(?:\.gz|\.zst)?$/;
const PATTERN = /[*?[{]/;

/**
 * The block files of folders and files, sorted by slot. In a folder only files named like blocks count,
 * the others come back as `ignored`; a file that is named outright must begin with its slot. Throws a
 * CandlewickError for a path that is absent, a name without a slot, two files of one slot, and for none at all.
 */
export async function findBlockFiles(
  paths: readonly string[],
  recursive: boolean,
): Promise<{ files: BlockFile[]; ignored: string[] }> {
  const files: BlockFile[] = [];
  const ignored: string[] = [];
  for (const path of paths) {
    const absolute = resolve(path);
    if (PATTERN.test(path) && !(await exists(absolute))) {
      for await (const found of glob(absolute)) {
        if (!(await isFolder(found))) files.push(namedFile(found));
      }
      continue;
    }
    if (await isFolder(absolute)) await scanFolder(absolute, recursive, files, ignored);
    else files.push(namedFile(absolute));
  }
  if (files.length === 0) {
    throw new CandlewickError(
      ERRORS.badInput,
      `There is no block file in ${paths.join(", ")}.`,
      "Block files are named <slot>.json or <slot>.getBlock.json, with .gz or .zst where compressed; subfolders count with recursive: true.",
    );
  }
  files.sort((a, b) => a.slot - b.slot);
  for (const [index, file] of files.entries()) {
    const next = files[index + 1];
    if (next !== undefined && next.slot === file.slot) {
      throw new CandlewickError(
        ERRORS.badInput,
        `${file.path} and ${next.path} are both of slot ${file.slot}.`,
        "Keep one of them.",
      );
    }
  }
  return { files, ignored };
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    throw new CandlewickError(
      ERRORS.badInput,
      `${path} cannot be read (${fileTrouble(cause)}).`,
      "Name an existing folder or file of recorded blocks.",
      { cause },
    );
  }
}

async function scanFolder(
  folder: string,
  recursive: boolean,
  files: BlockFile[],
  ignored: string[],
): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive })) {
    const path = join(entry.parentPath, entry.name);
    // A link counts as what it leads to.
    const folderHere = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)));
    if (folderHere) {
      if (!recursive) ignored.push(`${path}/`);
      continue;
    }
    const digits = BLOCK_NAME.exec(entry.name)?.[1];
    if (digits === undefined || !Number.isSafeInteger(Number(digits))) ignored.push(path);
    else files.push({ slot: slot(Number(digits)), path });
  }
}

function namedFile(path: string): BlockFile {
  const digits = LEADING_SLOT.exec(basename(path))?.[1];
  if (digits === undefined || !Number.isSafeInteger(Number(digits))) {
    throw new CandlewickError(
      ERRORS.badInput,
      `The name of ${path} does not tell a slot.`,
      "Name block files <slot>.json, <slot>.json.gz or <slot>.json.zst.",
    );
  }
  return { slot: slot(Number(digits)), path };
}
