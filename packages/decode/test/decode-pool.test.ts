import { slot } from "@candlewick/domain";
import { afterEach, describe, expect, it } from "vitest";
import { DecodeError, type DecodePool, decodeBlock, openDecodePool } from "../src/index.ts";
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

  it("refuses what is too much, and everything after its end", async () => {
    pool = openDecodePool({ workers: 1, maxWaiting: 1 });
    const calls = ["a", "b", "c"].map((name) => pool.decode("json", bytesOf(name), SLOT));
    await expect(calls[2]).rejects.toThrow(/wait to be decoded/);
    expect((await Promise.all(calls.slice(0, 2))).length).toBe(2);
    const last = pool.decode("json", bytesOf("last"), SLOT);
    const closed = pool.close();
    await expect(last).rejects.toThrow(/was closed/);
    await closed;
    await expect(pool.decode("json", bytesOf("late"), SLOT)).rejects.toThrow(/is closed/);
    expect(() => openDecodePool({ workers: 0 })).toThrow(RangeError);
  });
});
