import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DevnetError } from "../devnet-error.ts";
import { type ChainOptions, chainOptions } from "./options.ts";

const VERSION = 1;

/**
 * The options of the chain that the file describes: all a node must remember to serve the same chain
 * after a restart. Where there is no file yet, it is written from `given`. Throws a DevnetError:
 * GENESIS_UNREADABLE, or GENESIS_MISMATCH where `given` asks for another chain than the file's.
 */
export function openGenesisFile(
  path: string,
  given: Partial<ChainOptions>,
  genesisUnixMs: number,
): ChainOptions {
  const text = readIfThere(path);
  if (text === null) {
    const options = chainOptions({ genesisUnixMs, ...given });
    write(path, `${JSON.stringify({ version: VERSION, options }, null, 2)}\n`);
    return options;
  }
  const stored = parse(path, text);
  for (const [name, value] of Object.entries(given)) {
    const kept: unknown = stored[name as keyof ChainOptions];
    if (value !== undefined && kept !== undefined && kept !== value) {
      throw new DevnetError(
        "GENESIS_MISMATCH",
        `The simulated chain in ${path} was made with ${name} ${kept}, not ${value}: use that value, or another data folder.`,
      );
    }
  }
  return stored;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new DevnetError("GENESIS_UNREADABLE", `The genesis file ${path} cannot be read.`, { cause: error });
  }
}

function parse(path: string, text: string): ChainOptions {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    throw unreadable(path, error);
  }
  if (typeof stored !== "object" || stored === null) throw unreadable(path);
  const { version, options } = stored as { version?: unknown; options?: unknown };
  if (version !== VERSION || typeof options !== "object" || options === null) throw unreadable(path);
  const candidate = options as Partial<ChainOptions>;
  if (typeof candidate.genesisUnixMs !== "number") throw unreadable(path);
  return chainOptions({ ...candidate, genesisUnixMs: candidate.genesisUnixMs });
}

function unreadable(path: string, cause?: unknown): DevnetError {
  const message = `The genesis file ${path} is not one of this version: remove it to start a new simulated chain.`;
  return new DevnetError("GENESIS_UNREADABLE", message, { cause });
}

/** By rename, so that a crash leaves either no file or a whole one. */
function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new DevnetError("GENESIS_UNREADABLE", `The genesis file ${path} cannot be written.`, {
      cause: error,
    });
  }
}
