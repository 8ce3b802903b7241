import type { CandlewickError } from "@candlewick/runtime";
import avro, { type Type } from "avsc";
import { type Codec, type CodecContext, undecodable, unencodable } from "./codec.ts";
import { type Subjects, unknownSchema, valueSubject } from "./registry-codec.ts";
import type { RegisteredSchema, SchemaReference, SchemaRegistry } from "./schema-registry.ts";
import { frame, unframe } from "./wire-format.ts";

export interface AvroOptions {
  readonly registry: SchemaRegistry;
  /** The schema (JSON) that values are written with, and read as where its evolution allows it. */
  readonly schema?: string;
  /** Where the types are registered that `schema` uses and does not define. */
  readonly references?: readonly SchemaReference[];
  /** `<topic>-value` and `<topic>-key` by default. */
  readonly subjectOf?: Subjects;
}

/**
 * Avro in Confluent's wire format. Records are read with the schema that they were written with; with `schema`
 * they are then resolved to it. A long is a number, and a bigint where it exceeds 2^53.
 */
export function avroCodec(options: AvroOptions): Codec {
  const { registry, schema, references = [], subjectOf = valueSubject } = options;
  // A schema that stands alone is looked at now, so that its mistakes are told where it is given.
  let own = schema === undefined || references.length > 0 ? null : avroType(schema);
  const ownType = async (): Promise<Type | null> => {
    if (own === null && schema !== undefined) own = avroType(schema, await registry.referenced(references));
    return own;
  };
  const readers = new Map<number, (payload: Buffer) => unknown>();
  return {
    name: "Avro",
    async encode(value, context) {
      const type = await ownType();
      if (type === null || schema === undefined) throw unencodable("Avro", context, "no schema was given");
      const id = await registry.register(subjectOf(context), "AVRO", schema, references);
      return frame(id, encodeAvro(type, value, context));
    },
    async decode(bytes, context) {
      const { schemaId, payload } = unframe(bytes, context);
      let read = readers.get(schemaId);
      if (read === undefined) {
        const found = await registry.byId(schemaId);
        if (found === null) throw unknownSchema(schemaId, context);
        read = avroReader(found, await ownType(), context);
        readers.set(schemaId, read);
      }
      return readAvro(read, payload, context);
    },
  };
}

/** Reads payloads of a registered schema. Throws POISON where the schema is none, or cannot become the wanted one. */
export function avroReader(
  { id, type, text, references }: RegisteredSchema,
  wanted: Type | null,
  context: CodecContext,
): (payload: Buffer) => unknown {
  if (type !== "AVRO") throw undecodable("Avro", context, `schema ${id} is of the kind ${type}`);
  try {
    const writer = avroType(text, references);
    const resolver = wanted === null ? undefined : wanted.createResolver(writer);
    const reader = wanted ?? writer;
    return (payload) => reader.fromBuffer(payload, resolver);
  } catch (cause) {
    throw undecodable("Avro", context, `schema ${id} cannot be used (${messageOf(cause)})`, cause);
  }
}

/** Reads one payload. Throws POISON. */
export function readAvro(
  read: (payload: Buffer) => unknown,
  payload: Buffer,
  context: CodecContext,
): unknown {
  try {
    return read(payload);
  } catch (cause) {
    throw undecodable("Avro", context, messageOf(cause), cause);
  }
}

function encodeAvro(type: Type, value: unknown, context: CodecContext): Buffer {
  try {
    return type.toBuffer(value);
  } catch (cause) {
    throw invalid(type, value, context, cause);
  }
}

function invalid(type: Type, value: unknown, context: CodecContext, cause: unknown): CandlewickError {
  const places: string[] = [];
  type.isValid(value, { errorHook: (path) => void places.push(path.join(".") || "the whole") });
  const where = places.length === 0 ? messageOf(cause) : `${places.join(", ")} does not fit the schema`;
  return unencodable("Avro", context, where, cause);
}

/** Longs to the last digit. */
const long = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => plain(bytes.readBigInt64LE()),
  toBuffer(value: number | bigint) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: (value: number) => value,
  toJSON: (value: number | bigint) => Number(value),
  isValid: (value: unknown) => typeof value === "bigint" || Number.isSafeInteger(value),
  compare: (a: number | bigint, b: number | bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A long with a logical type, such as a time in nanoseconds, is written as an object and is a long all the same. */
function exactLong(schema: avro.Schema): Type | undefined {
  const type = typeof schema === "object" && "type" in schema ? schema.type : schema;
  return type === "long" ? long : undefined;
}

/** The type of a schema and of those that it refers to. Throws where the text is no schema. */
function avroType(text: string, references: RegisteredSchema["references"] = []): Type {
  const registry: Record<string, Type> = {};
  const options = { registry, typeHook: exactLong };
  for (const reference of references) avro.Type.forSchema(JSON.parse(reference.text), options);
  return avro.Type.forSchema(JSON.parse(text), options);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
