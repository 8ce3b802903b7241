import { systemClock } from "@candlewick/runtime";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { frame, readMessageIndexes, writeMessageIndexes } from "../src/codec/wire-format.ts";
import {
  avroCodec,
  type Codec,
  type CodecContext,
  jsonCodec,
  protobufCodec,
  registryCodec,
  type SchemaRegistry,
  schemaRegistry,
  textCodec,
} from "../src/index.ts";
import { startTestRegistry, type TestRegistry } from "./test-registry.ts";

const CONTEXT: CodecContext = { topic: "clicks", part: "value" };
const POISON = { code: "POISON" };

let server: TestRegistry;
let registry: SchemaRegistry;
beforeEach(async () => {
  server = await startTestRegistry();
  registry = registryAt({});
});
afterEach(() => server.stop());

function registryAt(options: Partial<Parameters<typeof schemaRegistry>[0]>): SchemaRegistry {
  // A pause of nothing: what is tested is that it goes on, not how long it waits.
  const clock = { ...systemClock, delay: () => Promise.resolve() };
  return schemaRegistry({ url: server.url, clock, ...options });
}

async function roundTrip(codec: Codec, value: unknown): Promise<unknown> {
  return codec.decode(await codec.encode(value, CONTEXT), CONTEXT);
}

const CLICK = JSON.stringify({
  type: "record",
  name: "Click",
  fields: [
    { name: "user", type: "string" },
    { name: "at", type: "long" },
    { name: "where", type: { type: "array", items: "int" }, default: [] },
    { name: "note", type: ["null", "string"], default: null },
  ],
});

const ORDER = `syntax = "proto3";
package shop;
message Order {
  string id = 1;
  int64 amount = 2;
  repeated Line lines = 3;
  Kind kind = 4;
  message Line { string sku = 1; uint32 count = 2; }
  message Note { string text = 1; }
}
enum Kind { UNKNOWN = 0; GIFT = 1; }
message Cancellation { string id = 1; }
`;

describe("JSON and text", () => {
  it("come back as they were", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.string({ unit: "grapheme" }), async (value, text) => {
        expect(await roundTrip(jsonCodec(), value)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(await textCodec.decode(await textCodec.encode(text, CONTEXT), CONTEXT)).toBe(text);
      }),
    );
  });

  it.each<[string, Codec, Buffer]>([
    ["text that is no JSON", jsonCodec(), Buffer.from("{oops")],
    ["no bytes", jsonCodec(), Buffer.alloc(0)],
    ["bytes that are no UTF-8", jsonCodec(), Buffer.from([0x22, 0xff, 0x22])],
    ["JSON that is something else", jsonCodec(refuseAll), Buffer.from("{}")],
  ])("are poison where they are %s", async (_what, codec, bytes) => {
    await expect((async () => codec.decode(bytes, CONTEXT))()).rejects.toMatchObject(POISON);
  });

  it("refuse a value that JSON does not have", () => {
    expect(() => jsonCodec().encode(undefined, CONTEXT)).toThrow("it is of the type undefined");
  });
});

function refuseAll(): never {
  throw new TypeError("it is no click");
}

describe("Avro", () => {
  it("comes back as it was, longs to the last digit, with one request for the schema", async () => {
    const codec = avroCodec({ registry, schema: CLICK });
    const whole = fc.record({
      user: fc.string(),
      at: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      where: fc.array(fc.integer()),
      note: fc.option(fc.string()),
    });
    await fc.assert(
      fc.asyncProperty(whole, async (value) => {
        const read = await roundTrip(codec, { ...value, note: value.note });
        const number = Number(value.at);
        const at = Number.isSafeInteger(number) ? number : value.at;
        expect(JSON.stringify(read, bigintText)).toBe(JSON.stringify({ ...value, at }, bigintText));
      }),
    );
    expect(server.requests).toEqual(["POST /subjects/clicks-value/versions", "GET /schemas/ids/1"]);
  });

  it("reads what was written with an older schema as the wanted one", async () => {
    const old = JSON.stringify({ type: "record", name: "Click", fields: [{ name: "user", type: "string" }] });
    const wanted = JSON.stringify({
      type: "record",
      name: "Click",
      fields: [
        { name: "user", type: "string" },
        { name: "at", type: "long", default: 7 },
      ],
    });
    const bytes = await avroCodec({ registry, schema: old }).encode({ user: "u" }, CONTEXT);
    const read = await avroCodec({ registry, schema: wanted }).decode(bytes, CONTEXT);
    expect({ ...Object(read) }).toEqual({ user: "u", at: 7 });
  });

  it("has longs to the last digit also where they have a logical type", async () => {
    const of = (type: unknown): string =>
      JSON.stringify({ type: "record", name: "Tick", fields: [{ name: "at", type }] });
    const nanos = of({ type: "long", logicalType: "timestamp-nanos" });
    const at = 1_764_529_200_123_456_789n;
    const codec = avroCodec({ registry, schema: nanos });
    expect({ ...Object(await roundTrip(codec, { at })) }).toEqual({ at });
    const older = await avroCodec({ registry, schema: of("long") }).encode({ at }, CONTEXT);
    expect({ ...Object(await codec.decode(older, CONTEXT)) }).toEqual({ at });
  });

  it("finds the schemas that a schema refers to", async () => {
    server.store("user", { schema: JSON.stringify({ type: "enum", name: "User", symbols: ["ada", "bob"] }) });
    const id = server.store("visit", {
      schema: JSON.stringify({ type: "record", name: "Visit", fields: [{ name: "by", type: "User" }] }),
      references: [{ name: "User", subject: "user", version: 1 }],
    });
    const read = await avroCodec({ registry }).decode(frame(id, Buffer.from([2])), CONTEXT);
    expect({ ...Object(read) }).toEqual({ by: "bob" });
  });

  it("names the fields that do not fit", async () => {
    const codec = avroCodec({ registry, schema: CLICK });
    const wrong = { user: 1, at: 2, where: [], note: null };
    await expect((async () => codec.encode(wrong, CONTEXT))()).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining("user does not fit the schema"),
    });
  });
});

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

describe("Protobuf", () => {
  it.each([
    [
      "the first message",
      undefined,
      { id: "1", amount: "9007199254740993", lines: [{ sku: "a", count: 2 }], kind: "GIFT" },
      "00",
    ],
    ["a later one", "Cancellation", { id: "1" }, "0202"],
    ["a nested one", "Order.Note", { text: "hi" }, "040002"],
  ])("comes back as it was: %s", async (_what, message, value, indexes) => {
    const codec = protobufCodec({ registry, schema: ORDER, ...(message === undefined ? {} : { message }) });
    const bytes = await codec.encode(value, CONTEXT);
    expect(bytes.subarray(5, 5 + indexes.length / 2).toString("hex")).toBe(indexes);
    expect(await codec.decode(bytes, CONTEXT)).toMatchObject(value);
  });

  it.each<[string, string, string, unknown]>([
    [
      "well-known types of Google's",
      `import "google/protobuf/timestamp.proto"; message A { google.protobuf.Timestamp at = 1; }`,
      "A",
      { at: { seconds: "5", nanos: 6 } },
    ],
    [
      "Confluent's decimal numbers",
      `import "confluent/type/decimal.proto"; message A { confluent.type.Decimal price = 1; }`,
      "A",
      { price: { value: Buffer.from([7]), precision: 3, scale: 2 } },
    ],
    [
      "options of its own",
      `import "google/protobuf/descriptor.proto";
       extend google.protobuf.FieldOptions { string mask = 50001; }
       message A { string id = 1 [(mask) = "all"]; }`,
      "A",
      { id: "1" },
    ],
    ["all messages on one line", "message A { string id = 1; } message B { bool b = 1; }", "B", { b: true }],
  ])("has %s", async (_what, body, message, value) => {
    const codec = protobufCodec({ registry, schema: `syntax = "proto3"; ${body}`, message });
    expect(await roundTrip(codec, value)).toMatchObject(Object(value));
  });

  it("counts the messages of a file without those that it imports", async () => {
    server.store("common", {
      schemaType: "PROTOBUF",
      schema: `syntax = "proto3"; package shop; import "google/protobuf/duration.proto";
        message Line { google.protobuf.Duration wait = 1; }`,
    });
    const id = server.store("shop", {
      schemaType: "PROTOBUF",
      schema: `syntax = "proto3"; package shop; import "common.proto";
        message Order {
          shop.Line first = 1;
          message Line { string sku = 1; }
        }`,
      references: [{ name: "common.proto", subject: "common", version: 1 }],
    });
    // The first message of the file: its field 1 is a Line with a duration (field 1) of 7 seconds (field 1).
    const bytes = frame(id, Buffer.from([0, 10, 4, 10, 2, 8, 7]));
    expect(await protobufCodec({ registry }).decode(bytes, CONTEXT)).toEqual({
      first: { wait: { seconds: "7", nanos: 0 } },
    });
  });

  it("refuses fields that the message does not have", async () => {
    const codec = protobufCodec({ registry, schema: ORDER });
    await expect((async () => codec.encode({ id: "1", ammount: 3 }, CONTEXT))()).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining("no field ammount"),
    });
  });

  it("writes and reads any message indexes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000), { minLength: 1, maxLength: 20 }), (indexes) => {
        const bytes = writeMessageIndexes(indexes);
        expect(readMessageIndexes(Buffer.concat([bytes, Buffer.from("rest")]))).toEqual({
          indexes,
          end: bytes.length,
        });
      }),
    );
  });
});

describe("bytes that cannot be read", () => {
  it("are poison, whatever they are, for every codec", async () => {
    server.store("clicks-value", { schema: CLICK });
    server.store("orders-value", { schema: ORDER, schemaType: "PROTOBUF" });
    const codecs = [
      avroCodec({ registry, schema: CLICK }),
      protobufCodec({ registry }),
      registryCodec(registry),
    ];
    const framed = fc.tuple(fc.constantFrom(1, 2, 99), fc.uint8Array({ maxLength: 40 }));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((raw) => Buffer.from(raw)),
      framed.map(([id, payload]) => frame(id, payload)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...codecs), async (given, codec) => {
        const error = await (async () => codec.decode(given, CONTEXT))().then(
          () => null,
          (cause: unknown) => cause,
        );
        if (error !== null) expect(error).toMatchObject(POISON);
      }),
      { numRuns: 500 },
    );
  });

  it("tell which schema the registry does not know", async () => {
    await expect(
      (async () => registryCodec(registry).decode(frame(17, Buffer.alloc(1)), CONTEXT))(),
    ).rejects.toThrow("the registry knows no schema 17");
  });
});

describe("a schema registry", () => {
  it("is asked again where that may help, and its credentials are shown to it", async () => {
    const credentials = { username: "key", password: "s3cret" };
    server.failNext(503, 429);
    expect(await registryAt({ credentials }).byId(5)).toBeNull();
    expect(server.requests).toHaveLength(3);
    expect([...server.authorizations]).toEqual([`Basic ${Buffer.from("key:s3cret").toString("base64")}`]);
  });

  it.each([
    [[500, 500], { code: "SCHEMA_REGISTRY_UNAVAILABLE", retry: "backoff" }],
    [[401], { code: "KAFKA_AUTHENTICATION_FAILED", retry: "never" }],
  ])("that answers %j is an error of the catalogue", async (codes, error) => {
    server.failNext(...codes);
    await expect(registryAt({ retries: 1 }).byId(1)).rejects.toMatchObject(error);
  });

  it("that takes a schema for incompatible says so once", async () => {
    server.failNext(409);
    const encoding = (async () => avroCodec({ registry, schema: CLICK }).encode({}, CONTEXT))();
    await expect(encoding).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(server.requests).toHaveLength(1);
  });

  it("is told from a server that is none, which makes no record poison", async () => {
    const elsewhere = registryAt({ url: `${server.url}/elsewhere` });
    const away = { code: "SCHEMA_REGISTRY_UNAVAILABLE", retry: "backoff" };
    await expect(elsewhere.byId(1)).rejects.toMatchObject(away);
    await expect(elsewhere.latest("clicks-value")).rejects.toMatchObject(away);
    await expect(elsewhere.register("clicks-value", "AVRO", CLICK)).rejects.toMatchObject(away);
  });

  it("that is away is told by its address, and may come back", async () => {
    const { url } = server;
    await server.stop();
    const away = schemaRegistry({ url, retries: 0 });
    await expect(away.byId(1)).rejects.toMatchObject({
      code: "SCHEMA_REGISTRY_UNAVAILABLE",
      message: expect.stringContaining(new URL(url).host),
    });
    server = await startTestRegistry();
  });
});
