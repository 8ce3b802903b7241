import type { Reader } from "../protocol/reader.ts";
import type { Api } from "../protocol/schema.ts";
import { Writer } from "../protocol/writer.ts";

export interface RequestHeader {
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
}

const API_VERSIONS_KEY = 18;

/** The part of the header that all versions have in common. */
export function readRequestHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16();
  const version = reader.int16();
  const correlationId = reader.int32();
  const length = reader.int16();
  return { apiKey, version, correlationId, clientId: length < 0 ? "" : reader.string(length) };
}

/** Passes over the tagged fields that a flexible request has behind its header. */
export function skipTaggedFields(reader: Reader): void {
  const count = reader.elements(reader.uvarint());
  for (let index = 0; index < count; index++) {
    reader.uvarint();
    reader.take(reader.uvarint());
  }
}

/**
 * Begins a response. The header of an ApiVersions response is always the old one: a client that does not know
 * the broker's versions yet must be able to read it.
 */
export function beginResponse(api: Api, version: number, correlationId: number): Writer {
  const writer = new Writer();
  writer.int32(correlationId);
  if (version >= api.flexibleFrom && api.key !== API_VERSIONS_KEY) writer.uvarint(0);
  return writer;
}

/** The pieces of a message with its length before them. */
export function frame(writer: Writer): Buffer[] {
  const size = Buffer.allocUnsafe(4);
  size.writeInt32BE(writer.size, 0);
  return [size, ...writer.finish()];
}
