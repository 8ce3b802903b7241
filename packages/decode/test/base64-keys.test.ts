import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64Size, decodeBase64 } from "../src/solana/base64-keys.ts";

/** The bytes of base64 that stands between other bytes; null where it is refused. */
function decoded(text: string): Buffer | null {
  const before = `{"transaction":["`;
  const around = Buffer.from(`${before}${text}","base64"]`);
  const [start, end] = [before.length, before.length + text.length];
  const into = new Uint8Array(base64Size(around, start, end));
  return decodeBase64(around, start, end, into) ? Buffer.from(into) : null;
}

describe("base64 in a block's bytes", () => {
  it("stands for the bytes that were written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        expect(decoded(Buffer.from(bytes).toString("base64"))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each(["", "A", "AAA", "AAA=A", "A===", "AA-_", "AA A", "AA==AAAA", "A\\u0041A", "AAAAé"])(
    "is left to the parser where it is written otherwise: %s",
    (text) => {
      expect(decoded(text)).toBeNull();
    },
  );
});
