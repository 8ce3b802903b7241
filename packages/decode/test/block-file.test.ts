import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip, createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BlockFileReader, readBlockFile } from "../src/block-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "candlewick-block-file-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const MAX_BYTES = 1_000_000;
const reader = new BlockFileReader();

async function bothWays(name: string, content: Uint8Array): Promise<string[]> {
  const path = join(folder, name);
  await writeFile(path, content);
  const loop = await readBlockFile(path, MAX_BYTES).then(textOf, String);
  let thread: string;
  try {
    thread = textOf(reader.read(path, MAX_BYTES));
  } catch (error) {
    thread = String(error);
  }
  return [loop, thread];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Compressed piece by piece: nobody knew the whole length when the head was written. */
async function streamed(stream: NodeJS.ReadWriteStream, content: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.on("end", resolve);
  stream.on("error", reject);
  stream.write(content.subarray(0, content.length >> 1));
  stream.end(content.subarray(content.length >> 1));
  await promise;
  return Buffer.concat(pieces);
}

const content = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 1_000 }))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)));

describe("a block file", () => {
  it("is what was written, read in the loop or in a thread, however it is compressed", async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const text = bytes.toString("latin1");
        const forms: [string, Buffer][] = [
          ["b.json", bytes],
          ["b.json.gz", gzipSync(bytes)],
          ["b.json.zst", zstdCompressSync(bytes)],
          ["s.json.gz", await streamed(createGzip(), bytes)],
          ["s.json.zst", await streamed(createZstdCompress(), bytes)],
        ];
        for (const [name, form] of forms) expect(await bothWays(name, form)).toEqual([text, text]);
      }),
      { numRuns: 40 },
    );
  });

  it.each(["c.json.gz", "c.json.zst"])("of strange bytes as %s has one sentence for both", async (name) => {
    const whole = Buffer.from(
      name.endsWith(".gz") ? gzipSync("abc".repeat(99)) : zstdCompressSync("abc".repeat(99)),
    );
    const damage = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255), cut: fc.nat(whole.length) });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, to, cut }) => {
        const damaged = Buffer.from(whole);
        damaged[at] = to;
        const [loop, thread] = await bothWays(name, damaged.subarray(0, cut));
        expect(thread).toBe(loop);
      }),
      { numRuns: 200 },
    );
  });

  it("that claims to be huge costs no more than it may have", async () => {
    const gz = gzipSync("small");
    gz.writeUInt32LE(0xffffffff, gz.length - 4);
    for (const outcome of await bothWays("huge.json.gz", gz)) expect(outcome).toMatch(/its data are damaged/);
  });
});
