import protobuf from "protobufjs";
import descriptor from "protobufjs/google/protobuf/descriptor.json" with { type: "json" };

/** A file of Confluent's that its registry has by itself: exact decimal numbers. */
const DECIMAL = `syntax = "proto3";
package confluent.type;
message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }
`;

/** A file by the name that it is imported as. */
export interface ImportedFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Parses a file and what it imports into one root. Files that come with every compiler, such as
 * google/protobuf/timestamp.proto, are no references in a registry: they are taken from protobufjs. Throws where
 * the text is no file of Protobuf, or where it uses what no import of it has.
 */
export function parseWithImports(text: string, references: readonly ImportedFile[]): protobuf.Root {
  const root = new protobuf.Root();
  const builtIn = new Set<string>();
  const parse = (file: string): void => {
    const { imports = [], weakImports = [] } = protobuf.parse(file, root, { keepCase: true });
    for (const name of [...imports, ...weakImports]) builtIn.add(name);
  };
  for (const reference of references) parse(reference.text);
  parse(text);
  for (const reference of references) builtIn.delete(reference.name);
  for (const name of builtIn) addBuiltIn(root, name);
  root.resolveAll();
  return root;
}

function addBuiltIn(root: protobuf.Root, name: string): void {
  if (name === "google/protobuf/descriptor.proto") root.addJSON(descriptor.nested);
  else if (name === "confluent/type/decimal.proto") protobuf.parse(DECIMAL, root, { keepCase: true });
  else root.addJSON(protobuf.common.get(name)?.nested ?? {});
}
