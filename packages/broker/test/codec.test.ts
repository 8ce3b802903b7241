import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { handlers } from "../src/api/index.ts";
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from "../src/protocol/codec.ts";
import { MalformedMessage, Reader } from "../src/protocol/reader.ts";
import type { Fields, WireType } from "../src/protocol/schema.ts";
import { Writer } from "../src/protocol/writer.ts";

/** Any value of a type, as decoding would give it. */
function anyOf(type: WireType, version: number): fc.Arbitrary<unknown> {
  const orNull = (nullable: boolean, value: fc.Arbitrary<unknown>) =>
    nullable ? fc.option(value, { nil: null }) : value;
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "int8":
      return fc.integer({ min: -128, max: 127 });
    case "int16":
      return fc.integer({ min: -32768, max: 32767 });
    case "uint16":
      return fc.integer({ min: 0, max: 65535 });
    case "int32":
      return fc.integer();
    case "uint32":
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case "int64":
      return fc.maxSafeInteger();
    case "float64":
      return fc.double({ noNaN: true });
    case "uuid":
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString("base64url"));
    case "string":
      return orNull(type.nullable, fc.string({ maxLength: 20, unit: "grapheme" }));
    case "bytes":
      return orNull(
        type.nullable,
        fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
      );
    case "records":
      return fc.option(
        fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
        { nil: null },
      );
    case "array":
      return orNull(type.nullable, fc.array(anyOf(type.element, version), { maxLength: 3 }));
    case "struct":
      return orNull(type.nullable, structOf(type.fields, version));
  }
}

function structOf(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(fields).map(([name, field]) => {
    const isPresent = version >= field.since && version <= field.until;
    if (!isPresent) return [name, fc.constant(field.fallback)] as const;
    const value = anyOf(field.type, version);
    return [name, field.tag === undefined ? value : fc.oneof(value, fc.constant(field.fallback))] as const;
  });
  return fc.record(Object.fromEntries(entries));
}

const cases = [...handlers.values()].flatMap(({ api }) =>
  [...new Set([api.minVersion, api.flexibleFrom - 1, api.flexibleFrom, api.maxVersion])]
    .filter((version) => version >= api.minVersion && version <= api.maxVersion)
    .map((version) => ({ name: api.name, version, api })),
);

describe("every table encodes what it decodes", () => {
  test.each(cases)("$name $version", ({ api, version }) => {
    fc.assert(
      fc.property(structOf(api.request, version), structOf(api.response, version), (request, response) => {
        const writer = new Writer(1);
        encodeRequest(api, version, writer, request);
        const requestBytes = Buffer.concat(writer.finish());
        expect(requestBytes.length).toBe(writer.size);
        expect(decodeRequest(api, version, new Reader(requestBytes))).toEqual(request);
        const answer = new Writer();
        encodeResponse(api, version, answer, response);
        const reader = new Reader(Buffer.concat(answer.finish()));
        expect(decodeResponse(api, version, reader)).toEqual(response);
        expect(reader.remaining).toBe(0);
        // A message cut short is noticed wherever it is cut.
        if (requestBytes.length > 0) {
          const cut = new Reader(requestBytes.subarray(0, requestBytes.length - 1));
          expect(() => decodeRequest(api, version, cut)).toThrow(MalformedMessage);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("primitive types against known bytes", () => {
  test.each([
    ["uvarint 300", (w: Writer) => w.uvarint(300), "ac02"],
    ["uvarint 2^32-1", (w: Writer) => w.uvarint(0xffff_ffff), "ffffffff0f"],
    ["int64 -1", (w: Writer) => w.int64(-1), "ffffffffffffffff"],
    ["int64 2^53", (w: Writer) => w.int64(2 ** 53), "0020000000000000"],
    ["int64 beyond the range", (w: Writer) => w.int64(2 ** 63), "7fffffffffffffff"],
    ["uuid", (w: Writer) => w.uuid("AAECAwQFBgcICQoLDA0ODw"), "000102030405060708090a0b0c0d0e0f"],
  ])("%s", (_name, write, hex) => {
    const writer = new Writer();
    write(writer);
    expect(Buffer.concat(writer.finish()).toString("hex")).toBe(hex);
  });

  test("an array that announces more than the message holds is refused before anything is allocated", () => {
    const bytes = Buffer.alloc(64);
    bytes.writeInt32BE(0x7fff_ffff, 0);
    const api = handlers.get(20)?.api;
    if (api === undefined) throw new Error("DeleteTopics is not served");
    expect(() => decodeRequest(api, 0, new Reader(bytes))).toThrow(MalformedMessage);
  });
});
