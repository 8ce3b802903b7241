import protobuf from "protobufjs";
import { type Codec, type CodecContext, undecodable, unencodable } from "./codec.ts";
import { type ImportedFile, parseWithImports } from "./protobuf-imports.ts";
import { type Subjects, unknownSchema, valueSubject } from "./registry-codec.ts";
import type { RegisteredSchema, SchemaReference, SchemaRegistry } from "./schema-registry.ts";
import { frame, readMessageIndexes, unframe, writeMessageIndexes } from "./wire-format.ts";

export interface ProtobufOptions {
  readonly registry: SchemaRegistry;
  /** The file (.proto) that values are written with. */
  readonly schema?: string;
  /** Where the files are registered that `schema` imports. */
  readonly references?: readonly SchemaReference[];
  /** The message of that file; its first one by default. */
  readonly message?: string;
  /** `<topic>-value` and `<topic>-key` by default. */
  readonly subjectOf?: Subjects;
}

/** How a message becomes a plain object: 64-bit numbers as decimal text, enums by name. */
const PLAIN = { longs: String, enums: String, bytes: Buffer, defaults: true } as const;

/** Protobuf in Confluent's wire format. Records are read with the schema that they were written with. */
export function protobufCodec(options: ProtobufOptions): Codec {
  const { registry, schema, references = [], subjectOf = valueSubject } = options;
  // A file that stands alone is looked at now, so that its mistakes are told where it is given.
  let own = schema === undefined || references.length > 0 ? null : ownMessage(schema, options.message);
  const roots = new Map<number, ProtobufFile>();
  return {
    name: "Protobuf",
    async encode(value, context) {
      if (schema === undefined) throw unencodable("Protobuf", context, "no schema was given");
      own ??= ownMessage(schema, options.message, await registry.referenced(references));
      const id = await registry.register(subjectOf(context), "PROTOBUF", schema, references);
      return frame(id, Buffer.concat([own.indexes, encodeMessage(own.type, value, context)]));
    },
    async decode(bytes, context) {
      const { schemaId, payload } = unframe(bytes, context);
      let file = roots.get(schemaId);
      if (file === undefined) {
        const found = await registry.byId(schemaId);
        if (found === null) throw unknownSchema(schemaId, context);
        file = protobufFile(found, context);
        roots.set(schemaId, file);
      }
      return readProtobuf(file, payload, context);
    },
  };
}

/** The messages of a registered file, with all that it imports. */
export interface ProtobufFile {
  readonly messages: readonly protobuf.Type[];
}

/** Throws POISON where the schema is no file of Protobuf. */
export function protobufFile(
  { id, type, text, references }: RegisteredSchema,
  context: CodecContext,
): ProtobufFile {
  if (type !== "PROTOBUF") throw undecodable("Protobuf", context, `schema ${id} is of the kind ${type}`);
  try {
    return { messages: messagesOf(text, references) };
  } catch (cause) {
    throw undecodable("Protobuf", context, `schema ${id} cannot be used (${messageOf(cause)})`, cause);
  }
}

/** Reads one payload, message indexes and all. Throws POISON. */
export function readProtobuf({ messages }: ProtobufFile, payload: Buffer, context: CodecContext): unknown {
  try {
    const { indexes, end } = readMessageIndexes(payload);
    const type = messageAt(messages, indexes);
    if (type === undefined) throw new RangeError(`the schema has no message ${indexes.join(".")}`);
    return type.toObject(type.decode(payload.subarray(end)), PLAIN);
  } catch (cause) {
    throw undecodable("Protobuf", context, messageOf(cause), cause);
  }
}

function messageAt(
  messages: readonly protobuf.Type[],
  indexes: readonly number[],
): protobuf.Type | undefined {
  const [first, ...rest] = indexes;
  let found = first === undefined ? undefined : messages[first];
  for (const index of rest) found = found === undefined ? undefined : nestedOf(found)[index];
  return found;
}

/** The messages of a file in the order in which they stand there, and of no file that it imports. */
function messagesOf(text: string, references: readonly ImportedFile[] = []): protobuf.Type[] {
  const all = parseWithImports(text, references);
  const alone = protobuf.parse(text, new protobuf.Root(), { keepCase: true });
  const scope = alone.package === undefined ? alone.root : alone.root.lookup(alone.package);
  // A file of nothing but extensions or options has no messages.
  if (!(scope instanceof protobuf.Namespace)) return [];
  return nestedOf(scope).map((message) => all.lookupType(message.fullName));
}

function nestedOf(type: protobuf.Namespace): protobuf.Type[] {
  return type.nestedArray.filter((nested): nested is protobuf.Type => nested instanceof protobuf.Type);
}

function ownMessage(
  schema: string,
  name: string | undefined,
  references: readonly ImportedFile[] = [],
): { type: protobuf.Type; indexes: Buffer } {
  const messages = messagesOf(schema, references);
  const path = name === undefined ? [0] : pathTo(messages, name);
  const type = path === null ? undefined : messageAt(messages, path);
  if (path === null || type === undefined) throw new TypeError(`the schema has no message ${name ?? ""}`);
  return { type, indexes: writeMessageIndexes(path) };
}

/** Where a message stands; its name with the names of those around it: "Outer.Inner". */
function pathTo(messages: readonly protobuf.Type[], name: string): number[] | null {
  const path: number[] = [];
  let level = messages;
  for (const part of name.split(".")) {
    const index = level.findIndex((type) => type.name === part);
    const found = level[index];
    if (found === undefined) return null;
    path.push(index);
    level = nestedOf(found);
  }
  return path;
}

function encodeMessage(type: protobuf.Type, value: unknown, context: CodecContext): Uint8Array {
  if (typeof value !== "object" || value === null) {
    throw unencodable("Protobuf", context, "it is no object");
  }
  const problem = type.verify(type.fromObject({ ...value }));
  if (problem !== null) throw unencodable("Protobuf", context, problem);
  const unknown = Object.keys(value).find(
    (name) => type.fields[name] === undefined && type.oneofs?.[name] === undefined,
  );
  if (unknown !== undefined) throw unencodable("Protobuf", context, `${type.name} has no field ${unknown}`);
  return type.encode(type.fromObject({ ...value })).finish();
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
