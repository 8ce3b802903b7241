import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** Where a value belongs. */
export interface CodecContext {
  readonly topic: string;
  readonly part: "key" | "value";
}

/** Turns values into a message's bytes and back. Your own one needs no more than this. */
export interface Codec<Value = unknown> {
  readonly name: string;
  encode(value: Value, context: CodecContext): Buffer | Promise<Buffer>;
  /**
   * Throws POISON for bytes that can never be read: such a record is a dead letter. Any other error, such as
   * SCHEMA_REGISTRY_UNAVAILABLE, may pass.
   */
  decode(bytes: Buffer, context: CodecContext): Value | Promise<Value>;
}

/** Bytes that can never be decoded. */
export function undecodable(
  codec: string,
  { topic, part }: CodecContext,
  reason: string,
  cause?: unknown,
): CandlewickError {
  return new CandlewickError(
    ERRORS.poison,
    `A ${part} in ${topic} is no ${codec}: ${reason}.`,
    "Correct whoever writes it; the record itself is in the dead-letter topic.",
    { cause },
  );
}

/** A value that a codec cannot write. */
export function unencodable(
  codec: string,
  { topic, part }: CodecContext,
  reason: string,
  cause?: unknown,
): CandlewickError {
  return new CandlewickError(
    ERRORS.badInput,
    `A ${part} for ${topic} cannot be written as ${codec}: ${reason}.`,
    "Correct the value, or the schema.",
    { cause },
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes as they are. */
export const bytesCodec: Codec<Buffer> = {
  name: "bytes",
  encode: (value) => value,
  decode: (bytes) => bytes,
};

/** UTF-8 text. */
export const textCodec: Codec<string> = {
  name: "UTF-8 text",
  encode: (value) => Buffer.from(value),
  decode(bytes, context) {
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw undecodable("UTF-8 text", context, "it has bytes that UTF-8 does not have", cause);
    }
  },
};

/** JSON. `check` turns what was parsed into the value, and throws where it is another. */
export function jsonCodec<Value = unknown>(check?: (parsed: unknown) => Value): Codec<Value> {
  return {
    name: "JSON",
    encode(value, context) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw unencodable("JSON", context, `it is of the type ${typeof value}`);
      return Buffer.from(text);
    },
    decode(bytes, context) {
      try {
        const parsed: unknown = JSON.parse(utf8.decode(bytes));
        return check === undefined ? (parsed as Value) : check(parsed);
      } catch (cause) {
        throw undecodable("JSON", context, cause instanceof Error ? cause.message : String(cause), cause);
      }
    },
  };
}
