import { base58 } from "@scure/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase58, encodeBase58 } from "../src/base58.ts";

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.uint8Array({ maxLength: 600 }),
  fc
    .tuple(fc.nat(5), fc.uint8Array({ maxLength: 40 }))
    .map(([zeros, rest]) => Uint8Array.of(...Array(zeros).fill(0), ...rest)),
);

describe("base58", () => {
  it("encodes as an independent implementation does", () => {
    fc.assert(
      fc.property(bytes, (value) => encodeBase58(value) === base58.encode(value)),
      { numRuns: 2000 },
    );
  });

  it("decodes what was encoded", () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(Buffer.from(decodeBase58(base58.encode(value)) ?? [])).toEqual(Buffer.from(value));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["0", "O", "I", "l", "a b", "abc\n", "ü", "\u{1F600}", "1".repeat(14_501)])(
    "refuses %j",
    (text) => {
      expect(decodeBase58(text)).toBeNull();
    },
  );
});
