import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** How a file is named in messages; `-` is standard input. */
export function inputName(file: string): string {
  return file === "-" ? "standard input" : file;
}

/**
 * The bytes of a file or of standard input, unpacked where they are gzip (told by their first byte, not by
 * the name). Reading fails with CandlewickError(BAD_INPUT); it ends before the input does when the signal fires.
 */
export async function* readInput(file: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const source: Readable = file === "-" ? process.stdin : createReadStream(file);
  const stop = (): void => void source.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const first = await firstByte(source);
    // The callback has nothing to do: an error of either stream comes out of the loop below.
    const bytes = first === GZIP_BYTE ? pipeline(source, createGunzip(), () => undefined) : source;
    for await (const chunk of bytes) yield chunk;
  } catch (cause) {
    if (signal?.aborted !== true) throw inputError(file, cause);
  } finally {
    signal?.removeEventListener("abort", stop);
    source.destroy();
  }
}

/** No text starts with it. */
const GZIP_BYTE = 0x1f;

/** The first byte of a stream, left in it; undefined where it is empty. Rejects where it cannot be read. */
async function firstByte(source: Readable): Promise<number | undefined> {
  await new Promise<void>((resolve, reject) => {
    source.once("readable", resolve);
    source.once("end", resolve);
    source.once("close", resolve);
    source.once("error", reject);
  });
  const chunk: Buffer | null = source.read();
  if (chunk === null) return undefined;
  source.unshift(chunk);
  return chunk[0];
}

/** Why a file could not be read, as a sentence that names it. */
export function inputError(file: string, cause: unknown): unknown {
  const name = inputName(file);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const fail = (what: string, advice: string) =>
    new CandlewickError(ERRORS.badInput, what, advice, { cause });
  if (code === "ENOENT") return fail(`${name} does not exist`, "Check the path");
  if (code === "EISDIR") return fail(`${name} is a folder, not a file`, "Name a file in it");
  if (code === "EACCES" || code === "EPERM")
    return fail(`${name} cannot be read: permission denied`, "Check its permissions");
  if (code === "Z_BUF_ERROR")
    return fail(`${name} is truncated: its gzip data end too early`, "Fetch the file again");
  if (code.startsWith("Z_"))
    return fail(`${name} is damaged: its gzip data cannot be unpacked`, "Fetch the file again");
  return cause;
}
