import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  avroCodec,
  type Codec,
  type CodecContext,
  protobufCodec,
  registryCodec,
  type SchemaRegistry,
  schemaRegistry,
} from "../src/index.ts";

const of = (name: string, ...fields: unknown[]): string =>
  JSON.stringify({ type: "record", namespace: "shop", name, fields });

const USER = { name: "user", type: "string" };
const CLICK = of("Click", USER, { name: "at", type: { type: "long", logicalType: "timestamp-nanos" } });
const CLICK_WITH_NOTE = of(
  "Click",
  USER,
  { name: "at", type: { type: "long", logicalType: "timestamp-nanos" } },
  { name: "note", type: ["null", "string"], default: null },
);
const CLICK_OF_NUMBERS = of("Click", { name: "user", type: "int" });
const AT = 1_764_529_200_123_456_789n;

const COMMON = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Line { string sku = 1; google.protobuf.Timestamp at = 2; }
`;
const ORDER = `syntax = "proto3";
package shop;
import "common.proto";
message Order {
  repeated shop.Line lines = 1;
  oneof paid { string card = 2; bool cash = 3; }
  message Line { string unused = 1; }
}
message Cancellation { string id = 1; }
`;

/** What the codecs do with a registry, the small one of the tests or a real one. */
export function registrySuite(name: string, urlNow: () => string, checksCompatibility: boolean): void {
  describe(name, () => {
    const open = (): SchemaRegistry => schemaRegistry({ url: urlNow(), retries: 0 });
    /** A topic that no other test has used. */
    const topicNow = (): CodecContext => ({ topic: `registry-${randomUUID()}`, part: "value" });
    const written = async (codec: Codec, value: unknown, context: CodecContext): Promise<Buffer> =>
      codec.encode(value, context);

    it("gives a schema one number, whoever asks, and tells the latest of a subject", async () => {
      const subject = `${topicNow().topic}-value`;
      expect(await open().latest(subject)).toBeNull();
      const id = await open().register(subject, "AVRO", CLICK);
      expect(await open().register(subject, "AVRO", CLICK)).toBe(id);
      const latest = await open().latest(subject);
      expect(latest).toMatchObject({ id, type: "AVRO", references: [] });
      expect(await open().byId(id)).toEqual(latest);
      expect(await open().byId(2_000_000_000)).toBeNull();
    });

    it("lets a schema evolve", async () => {
      const context = topicNow();
      const older = await written(
        avroCodec({ registry: open(), schema: CLICK }),
        { user: "u", at: AT },
        context,
      );
      const newer = avroCodec({ registry: open(), schema: CLICK_WITH_NOTE });
      const bytes = await written(newer, { user: "v", at: AT, note: "hi" }, context);
      expect({ ...Object(await newer.decode(older, context)) }).toEqual({ user: "u", at: AT, note: null });
      expect({ ...Object(await registryCodec(open()).decode(bytes, context)) }).toEqual({
        user: "v",
        at: AT,
        note: "hi",
      });
    });

    const refusal = async (): Promise<void> => {
      const context = topicNow();
      const subject = `${context.topic}-value`;
      await open().register(subject, "AVRO", CLICK);
      const set = await fetch(`${urlNow()}/config/${subject}`, {
        method: "PUT",
        headers: { "content-type": "application/vnd.schemaregistry.v1+json" },
        body: JSON.stringify({ compatibility: "BACKWARD" }),
      });
      expect(set.status).toBe(200);
      const writing = written(
        avroCodec({ registry: open(), schema: CLICK_OF_NUMBERS }),
        { user: 1 },
        context,
      );
      await expect(writing).rejects.toMatchObject({ code: "BAD_INPUT" });
    };
    if (checksCompatibility) it("refuses a schema that cannot read what is there", refusal);

    it("has Avro types of other subjects, which refer to further ones", async () => {
      const context = topicNow();
      const subject = (part: string): string => `${context.topic}-${part}`;
      const registry = open();
      const money = { name: "shop.Money", subject: subject("money"), version: 1 };
      const line = { name: "shop.Line", subject: subject("line"), version: 1 };
      await registry.register(money.subject, "AVRO", of("Money", { name: "cents", type: "long" }));
      const priced = of("Line", { name: "price", type: "shop.Money" });
      await registry.register(line.subject, "AVRO", priced, [money]);
      const schema = of(
        "Order",
        { name: "lines", type: { type: "array", items: "shop.Line" } },
        { name: "total", type: "shop.Money" },
      );
      const order = { lines: [{ price: { cents: AT } }], total: { cents: 7 } };
      const codec = avroCodec({ registry, schema, references: [money, line] });
      const bytes = await written(codec, order, context);
      for (const reader of [codec, registryCodec(open())])
        expect(JSON.stringify(await reader.decode(bytes, context), bigintText)).toBe(
          JSON.stringify(order, bigintText),
        );
    });

    it.each([
      ["the first message", undefined, { lines: [{ sku: "a", at: { seconds: "5", nanos: 6 } }], cash: true }],
      ["a later one", "Cancellation", { id: "7" }],
    ])("has Protobuf files that import others: %s", async (_what, message, value) => {
      const context = topicNow();
      const registry = open();
      const common = { name: "common.proto", subject: `${context.topic}-common`, version: 1 };
      await registry.register(common.subject, "PROTOBUF", COMMON);
      const named = message === undefined ? {} : { message };
      const codec = protobufCodec({ registry, schema: ORDER, references: [common], ...named });
      const bytes = await written(codec, value, context);
      expect(await codec.decode(bytes, context)).toMatchObject(value);
      expect(await registryCodec(open()).decode(bytes, context)).toMatchObject(value);
    });

    it("is none under another path", async () => {
      const elsewhere = schemaRegistry({ url: `${new URL(urlNow()).origin}/elsewhere`, retries: 0 });
      await expect(elsewhere.byId(1)).rejects.toMatchObject({ code: "SCHEMA_REGISTRY_UNAVAILABLE" });
    });
  });
}

function bigintText(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
