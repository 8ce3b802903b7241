import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { slot } from "@candlewick/domain";
import { afterEach, describe, expect, it } from "vitest";
import { BlockFileError, DecodeError, type DecodePool, decodeBlock, openDecodePool } from "../src/index.ts";
import { inConfirmedBlock, inYellowstone } from "./block-encoders.ts";
import type { Json } from "./recorded-data.ts";

const block = (id: string): Json => ({
  blockhash: id,
  previousBlockhash: "parent",
  parentSlot: 7,
  blockTime: 2,
  blockHeight: 3,
  transactions: [],
});
const bytesOf = (id: string) => new TextEncoder().encode(JSON.stringify(block(id)));
const SLOT = slot(8);

describe("a decode pool", () => {
  let pool: DecodePool;
  afterEach(() => pool.close());

  it("decodes what decodeBlock decodes, more blocks than it has threads", async () => {
    pool = openDecodePool({ workers: 2 });
    const names = Array.from({ length: 9 }, (_, index) => `block ${index}`);
    const found = await Promise.all(names.map((name) => pool.decode("json", bytesOf(name), SLOT)));
    expect(found).toEqual(names.map((name) => decodeBlock("json", bytesOf(name), SLOT)));
    for (const [format, bytes] of [
      ["yellowstone", inYellowstone(block("y"), SLOT)],
      ["confirmed-block", inConfirmedBlock(block("c"))],
    ] as const) {
      expect(await pool.decode(format, bytes, SLOT)).toEqual(decodeBlock(format, bytes, SLOT));
    }
  });

  it("rejects with the decoder's own words, and goes on", async () => {
    pool = openDecodePool({ workers: 1 });
    const bad = pool.decode("json", new TextEncoder().encode("Too many requests"), SLOT);
    const good = pool.decode("json", bytesOf("after"), SLOT);
    await expect(bad).rejects.toThrow(DecodeError);
    await expect(bad).rejects.toThrow(/not JSON/);
    expect((await good).block.id).toBe("after");
  });

  it("leaves the bytes to the caller, but for those that may be moved", async () => {
    pool = openDecodePool({ workers: 1 });
    const [kept, moved] = [bytesOf("kept"), bytesOf("moved")];
    expect((await pool.decode("json", kept, SLOT)).block.id).toBe("kept");
    expect((await pool.decode("json", moved, SLOT, { transfer: true })).block.id).toBe("moved");
    expect([kept.byteLength > 0, moved.byteLength]).toEqual([true, 0]);
  });

  it("reads files itself, each anew, whatever lay in its memory before", async () => {
    const folder = await mkdtemp(join(tmpdir(), "candlewick-decode-"));
    try {
      pool = openDecodePool({ workers: 1 });
      const long = JSON.stringify({ ...block("long"), note: "x".repeat(200_000) });
      const files: [string, Uint8Array][] = [
        ["1.json", Buffer.from(long)],
        ["2.json", bytesOf("short")],
        ["3.json.gz", gzipSync(bytesOf("gz"))],
        ["4.json.zst", zstdCompressSync(bytesOf("zst"))],
        ["5.json.zst", zstdCompressSync(Buffer.from(long))],
        ["6.json", bytesOf("last")],
      ];
      for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
      const found = await Promise.all(
        files.map(([name]) => pool.decodeFile(join(folder, name), 1_000_000, SLOT)),
      );
      expect(found.map(({ block: { id } }) => id)).toEqual(["long", "short", "gz", "zst", "long", "last"]);
      const absent = pool.decodeFile(join(folder, "7.json"), 1_000_000, SLOT);
      await expect(absent).rejects.toThrow(BlockFileError);
      await expect(absent).rejects.toThrow("it cannot be read (it does not exist)");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("refuses what is too much, and everything after its end", async () => {
    pool = openDecodePool({ workers: 1, maxWaiting: 1 });
    const calls = ["a", "b", "c", "d"].map((name) => pool.decode("json", bytesOf(name), SLOT));
    await expect(calls[3]).rejects.toThrow(/wait to be decoded/);
    expect((await Promise.all(calls.slice(0, 3))).length).toBe(3);
    const last = pool.decode("json", bytesOf("last"), SLOT);
    const closed = pool.close();
    await expect(last).rejects.toThrow(/was closed/);
    await closed;
    await expect(pool.decode("json", bytesOf("late"), SLOT)).rejects.toThrow(/is closed/);
    expect(() => openDecodePool({ workers: 0 })).toThrow(RangeError);
  });
});
