import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c, tableCrc32c } from "../src/storage/crc32c.ts";
import { nativeCrc32c } from "../src/storage/native-crc32c.ts";

const native = nativeCrc32c();

test("known answers", () => {
  // From RFC 3720, appendix B.4.
  expect(tableCrc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa);
  expect(tableCrc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

describe.skipIf(native === undefined)("the processor's own (skipped: @node-rs/crc32 is not here)", () => {
  test("comes to what the tables come to, at any place and of any length", () => {
    const bytes = fc.uint8Array({ maxLength: 5000, size: "max" });
    fc.assert(
      fc.property(bytes, fc.nat(40), (random, start) => {
        const from = Math.min(start, random.length);
        const expected = tableCrc32c(random, from, random.length);
        expect(native?.(random.subarray(from))).toBe(expected);
        expect(crc32c(random, from)).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });
});
