import { base58 } from "@scure/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeBase58 } from "../src/encoding/base58.ts";

const bytes = fc
  .tuple(fc.nat(5), fc.uint8Array({ maxLength: 600 }))
  .map(([zeros, rest]) => Uint8Array.from([...new Array<number>(zeros).fill(0), ...rest]));

test("base58 of any length is as the library writes it", () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(encodeBase58(value)).toBe(base58.encode(value));
    }),
  );
});
