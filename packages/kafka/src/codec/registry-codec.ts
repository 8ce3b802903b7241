import type { CandlewickError } from "@candlewick/runtime";
import { avroReader, readAvro } from "./avro-codec.ts";
import { type Codec, type CodecContext, jsonCodec, undecodable, unencodable } from "./codec.ts";
import { protobufFile, readProtobuf } from "./protobuf-codec.ts";
import type { RegisteredSchema, SchemaRegistry } from "./schema-registry.ts";
import { unframe } from "./wire-format.ts";

/** The subject of a topic's schemas. */
export type Subjects = (context: CodecContext) => string;

/** Confluent's default: a subject for the keys and one for the values of each topic. */
export const valueSubject: Subjects = ({ topic, part }) => `${topic}-${part}`;

/** Bytes whose schema the registry does not know. */
export function unknownSchema(id: number, context: CodecContext): CandlewickError {
  return undecodable("value of a schema registry", context, `the registry knows no schema ${id}`);
}

type Reader = (payload: Buffer) => unknown;

/** Reads whatever a registry's clients write, Avro, Protobuf or JSON: the schema tells which. It does not write. */
export function registryCodec(registry: SchemaRegistry): Codec {
  const readers = new Map<number, Reader>();
  return {
    name: "value of a schema registry",
    encode(_value, context) {
      throw unencodable(
        "value of a schema registry",
        context,
        "only Avro and Protobuf with a schema are written",
      );
    },
    async decode(bytes, context) {
      const { schemaId, payload } = unframe(bytes, context);
      let read = readers.get(schemaId);
      if (read === undefined) {
        const found = await registry.byId(schemaId);
        if (found === null) throw unknownSchema(schemaId, context);
        read = readerOf(found, context);
        readers.set(schemaId, read);
      }
      return read(payload);
    },
  };
}

function readerOf(schema: RegisteredSchema, context: CodecContext): Reader {
  switch (schema.type) {
    case "AVRO": {
      const read = avroReader(schema, null, context);
      return (payload) => readAvro(read, payload, context);
    }
    case "PROTOBUF": {
      const file = protobufFile(schema, context);
      return (payload) => readProtobuf(file, payload, context);
    }
    case "JSON": {
      const json = jsonCodec();
      return (payload) => json.decode(payload, context);
    }
  }
}
