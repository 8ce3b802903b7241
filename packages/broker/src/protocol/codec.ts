import { MalformedMessage, type Reader } from "./reader.ts";
import type { Api, Decoded, Encodable, Field, Fields, RecordsIn, WireType } from "./schema.ts";
import { Writer } from "./writer.ts";

/**
 * Turns the field tables into encoders and decoders, one per message and version, made on first use and kept.
 * Both encodings of Kafka are covered: the old one with fixed-width lengths, and the flexible one with
 * compact lengths (length + 1 as an unsigned varint) and a section of tagged fields behind each struct.
 */
type Decode = (reader: Reader) => unknown;
type Encode = (writer: Writer, value: unknown) => void;
interface Codec {
  readonly decode: Decode;
  readonly encode: Encode;
}
type Struct = Record<string, unknown>;

const cache = new WeakMap<Fields, Map<number, Codec>>();

function codecOf(fields: Fields, version: number, flexible: boolean): Codec {
  let versions = cache.get(fields);
  if (versions === undefined) {
    versions = new Map();
    cache.set(fields, versions);
  }
  let codec = versions.get(version);
  if (codec === undefined) {
    codec = structCodec(fields, version, flexible);
    versions.set(version, codec);
  }
  return codec;
}

/** Decodes a request body. Throws MalformedMessage; bytes behind the message are the caller's concern. */
export function decodeRequest<A extends Api>(api: A, version: number, reader: Reader): Decoded<A["request"]> {
  return codecOf(api.request, version, version >= api.flexibleFrom).decode(reader) as Decoded<A["request"]>;
}

export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  writer: Writer,
  body: Encodable<A["request"]>,
): void {
  codecOf(api.request, version, version >= api.flexibleFrom).encode(writer, body);
}

export function decodeResponse<A extends Api>(
  api: A,
  version: number,
  reader: Reader,
): Decoded<A["response"]> {
  return codecOf(api.response, version, version >= api.flexibleFrom).decode(reader) as Decoded<A["response"]>;
}

export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  writer: Writer,
  body: Encodable<A["response"]>,
): void {
  codecOf(api.response, version, version >= api.flexibleFrom).encode(writer, body);
}

interface FieldCodec extends Codec {
  readonly name: string;
  readonly fallback: unknown;
}

function structCodec(fields: Fields, version: number, flexible: boolean): Codec {
  const plain: FieldCodec[] = [];
  const byTag = new Map<number, FieldCodec>();
  const absent: [string, unknown][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const present = version >= field.since && version <= field.until;
    if (!present || field.tag !== undefined) absent.push([name, field.fallback]);
    if (!present) continue;
    const codec = { name, fallback: field.fallback, ...fieldCodec(field, version, flexible) };
    if (field.tag === undefined) plain.push(codec);
    else if (flexible) byTag.set(field.tag, codec);
  }
  return {
    decode(reader) {
      const value: Struct = {};
      for (const field of plain) value[field.name] = field.decode(reader);
      for (const [name, fallback] of absent) value[name] = Array.isArray(fallback) ? [] : fallback;
      if (flexible) decodeTagged(reader, byTag, value);
      return value;
    },
    encode(writer, value) {
      const struct = value as Struct;
      for (const field of plain) {
        const given = struct[field.name];
        field.encode(writer, given === undefined ? field.fallback : given);
      }
      if (flexible) encodeTagged(writer, byTag, struct);
    },
  };
}

function decodeTagged(reader: Reader, byTag: ReadonlyMap<number, FieldCodec>, value: Struct): void {
  const count = reader.elements(reader.uvarint());
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    const size = reader.uvarint();
    const next = reader.take(size) + size;
    const field = byTag.get(tag);
    if (field === undefined) continue;
    reader.position = next - size;
    value[field.name] = field.decode(reader);
    if (reader.position !== next) throw new MalformedMessage(`tagged field ${tag} has a wrong size`);
  }
}

function encodeTagged(writer: Writer, byTag: ReadonlyMap<number, FieldCodec>, struct: Struct): void {
  const present = [...byTag].filter(([, field]) => differs(struct[field.name], field.fallback));
  writer.uvarint(present.length);
  for (const [tag, field] of present.sort(([a], [b]) => a - b)) {
    const piece = new Writer();
    field.encode(piece, struct[field.name]);
    writer.uvarint(tag);
    writer.uvarint(piece.size);
    writer.append(piece);
  }
}

function differs(value: unknown, fallback: unknown): boolean {
  if (value === undefined || value === fallback) return false;
  return !(Array.isArray(value) && value.length === 0 && Array.isArray(fallback));
}

function fieldCodec(field: Field<unknown, unknown>, version: number, flexible: boolean): Codec {
  return typeCodec(field.type, version, flexible);
}

function typeCodec(type: WireType, version: number, flexible: boolean): Codec {
  switch (type.kind) {
    case "string":
      return flexible ? compactString(type.nullable) : plainString(type.nullable);
    case "bytes":
      return bytesCodec(type.nullable, flexible);
    case "records":
      return recordsCodec(flexible);
    case "array":
      return arrayCodec(type.element, type.nullable, version, flexible);
    case "struct": {
      const codec = codecOf(type.fields, version, flexible);
      return type.nullable ? nullableStructCodec(codec) : codec;
    }
    default:
      return scalarCodec(type.kind);
  }
}

function scalarCodec(
  kind: Exclude<WireType["kind"], "string" | "bytes" | "records" | "array" | "struct">,
): Codec {
  switch (kind) {
    case "bool":
      return { decode: (reader) => reader.bool(), encode: (writer, value) => writer.bool(value === true) };
    case "uuid":
      return { decode: (reader) => reader.uuid(), encode: (writer, value) => writer.uuid(value as string) };
    case "int8":
      return { decode: (reader) => reader.int8(), encode: (writer, value) => writer.int8(value as number) };
    case "int16":
      return { decode: (reader) => reader.int16(), encode: (writer, value) => writer.int16(value as number) };
    case "uint16":
      return {
        decode: (reader) => reader.uint16(),
        encode: (writer, value) => writer.uint16(value as number),
      };
    case "int32":
      return { decode: (reader) => reader.int32(), encode: (writer, value) => writer.int32(value as number) };
    case "uint32":
      return {
        decode: (reader) => reader.uint32(),
        encode: (writer, value) => writer.uint32(value as number),
      };
    case "int64":
      return { decode: (reader) => reader.int64(), encode: (writer, value) => writer.int64(value as number) };
    case "float64":
      return {
        decode: (reader) => reader.float64(),
        encode: (writer, value) => writer.float64(value as number),
      };
  }
}

function absentValue(nullable: boolean): null {
  if (!nullable) throw new MalformedMessage("null where a value is required");
  return null;
}

function plainString(nullable: boolean): Codec {
  return {
    decode(reader) {
      const length = reader.int16();
      return length < 0 ? absentValue(nullable) : reader.string(length);
    },
    encode(writer, value) {
      if (value === null) return writer.int16(-1);
      const text = value as string;
      const size = Buffer.byteLength(text);
      writer.int16(size);
      writer.string(text, size);
    },
  };
}

function compactString(nullable: boolean): Codec {
  return {
    decode(reader) {
      const length = reader.uvarint() - 1;
      return length < 0 ? absentValue(nullable) : reader.string(length);
    },
    encode(writer, value) {
      if (value === null) return writer.uvarint(0);
      const text = value as string;
      const size = Buffer.byteLength(text);
      writer.uvarint(size + 1);
      writer.string(text, size);
    },
  };
}

function readLength(reader: Reader, flexible: boolean): number {
  return flexible ? reader.uvarint() - 1 : reader.int32();
}

function writeLength(writer: Writer, length: number, flexible: boolean): void {
  if (flexible) writer.uvarint(length + 1);
  else writer.int32(length);
}

function bytesCodec(nullable: boolean, flexible: boolean): Codec {
  return {
    decode(reader) {
      const length = readLength(reader, flexible);
      return length < 0 ? absentValue(nullable) : reader.bytes(length);
    },
    encode(writer, value) {
      if (value === null) return writeLength(writer, -1, flexible);
      const block = value as Buffer;
      writeLength(writer, block.length, flexible);
      writer.bytes(block);
    },
  };
}

function recordsCodec(flexible: boolean): Codec {
  return {
    decode(reader) {
      const length = readLength(reader, flexible);
      return length < 0 ? null : reader.bytes(length);
    },
    encode(writer, value) {
      const given = value as RecordsIn;
      if (given === null) return writeLength(writer, -1, flexible);
      const pieces = Buffer.isBuffer(given) ? [given] : given;
      let length = 0;
      for (const piece of pieces) length += piece.length;
      writeLength(writer, length, flexible);
      for (const piece of pieces) writer.bytes(piece);
    },
  };
}

function arrayCodec(elementType: WireType, nullable: boolean, version: number, flexible: boolean): Codec {
  const element = typeCodec(elementType, version, flexible);
  return {
    decode(reader) {
      const length = readLength(reader, flexible);
      if (length < 0) return absentValue(nullable);
      const count = reader.elements(length);
      const values: unknown[] = [];
      for (let index = 0; index < count; index++) values.push(element.decode(reader));
      return values;
    },
    encode(writer, value) {
      if (value === null) return writeLength(writer, -1, flexible);
      const values = value as readonly unknown[];
      writeLength(writer, values.length, flexible);
      for (const item of values) element.encode(writer, item);
    },
  };
}

/** A struct that may be null is preceded by one byte: -1 for null, 1 for present. */
function nullableStructCodec(codec: Codec): Codec {
  return {
    decode: (reader) => (reader.int8() < 0 ? null : codec.decode(reader)),
    encode(writer, value) {
      writer.int8(value === null ? -1 : 1);
      if (value !== null) codec.encode(writer, value);
    },
  };
}
