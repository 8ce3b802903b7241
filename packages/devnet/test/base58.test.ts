import { base58 } from "@scure/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase58, encodeBase58 } from "../src/encoding/base58.ts";

const bytes = fc
  .tuple(fc.nat(5), fc.uint8Array({ maxLength: 600 }))
  .map(([zeros, rest]) => Uint8Array.from([...new Array<number>(zeros).fill(0), ...rest]));

test("base58 agrees with the library, and comes back", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = encodeBase58(value);
      expect(text).toBe(base58.encode(value));
      expect(decodeBase58(text)).toEqual(value);
    }),
  );
});

test("a character outside the alphabet is refused", () => {
  expect(() => decodeBase58("0OIl")).toThrow(RangeError);
});
