import {
  avroCodec,
  bytesCodec,
  type Codec,
  jsonCodec,
  protobufCodec,
  registryCodec,
  type SchemaRegistry,
  schemaRegistryOf,
  textCodec,
} from "@candlewick/kafka";
import type { Config } from "../configuration.ts";
import { usageError } from "../usage.ts";

/** How values are shown. */
export const SHOWN_CODECS = ["json", "text", "bytes", "registry"] as const;
/** How values are written. */
export const WRITTEN_CODECS = ["text", "json", "avro", "protobuf"] as const;

/** The codec that a topic's values are shown with: of the flag, else of `kafka.codecs`; null: as they are. */
export function shownCodec(
  config: Config,
  topic: string,
  named: (typeof SHOWN_CODECS)[number] | undefined,
): Codec | null {
  const name = named ?? config.kafka.codecs[topic];
  if (name === undefined) return null;
  switch (name) {
    case "json":
      return jsonCodec();
    case "text":
      return textCodec;
    case "bytes":
      return bytesCodec;
    case "registry":
      return registryCodec(registryOf(config, "tail"));
  }
}

/** The codec of values that are given as lines; null: the line's own bytes. */
export function writtenCodec(
  config: Config,
  name: (typeof WRITTEN_CODECS)[number],
  schema: string | undefined,
  message: string | undefined,
): Codec | null {
  if (name === "text") return null;
  if (name === "json") return jsonCodec();
  if (schema === undefined) throw usageError(`--codec ${name} needs a --schema`, "produce");
  const registry = registryOf(config, "produce");
  if (name === "avro") return avroCodec({ registry, schema });
  return protobufCodec({ registry, schema, ...(message === undefined ? {} : { message }) });
}

function registryOf({ kafka }: Config, command: string): SchemaRegistry {
  if (kafka.schemaRegistry !== null) return schemaRegistryOf(kafka.schemaRegistry);
  throw usageError("no schema registry is configured: set kafka.schemaRegistry.url", command);
}
