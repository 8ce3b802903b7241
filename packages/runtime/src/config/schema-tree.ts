import { z } from "zod";
import { fold } from "../suggestion.ts";

/** The sections of a configuration file: one schema each. */
export type Sections = Readonly<Record<string, z.ZodType>>;

/** What a configuration with these sections is, once read. */
export type ConfigOf<S extends Sections> = { readonly [Name in keyof S]: z.output<S[Name]> };

/** A node of a schema as plain data (JSON Schema): what a key may hold, its default and its description. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
}

/** The plain form of the input that a schema accepts. */
export function schemaNode(schema: z.ZodType): SchemaNode {
  const plain = (io: "input" | "output") =>
    z.toJSONSchema(schema, { io, unrepresentable: "any", reused: "inline" }) as SchemaNode;
  return withDefaultsOf(plain("input"), plain("output"));
}

/** Where a value is transformed, only the form of the output tells its default. */
function withDefaultsOf(input: SchemaNode, output: SchemaNode): SchemaNode {
  const known = "default" in input || !("default" in output) ? input : { ...input, default: output.default };
  if (input.properties === undefined || output.properties === undefined) return known;
  const below = Object.entries(input.properties).map(([key, node]): [string, SchemaNode] => {
    const other = output.properties?.[key];
    return [key, other === undefined ? node : withDefaultsOf(node, other)];
  });
  return { ...known, properties: Object.fromEntries(below) };
}

/** The plain form of a whole configuration. */
export function configNode(sections: Sections): SchemaNode {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(sections).map(([name, s]) => [name, schemaNode(s)])),
  };
}

/** The keys of an object's node with the nodes below them; null where the node is no object with known keys. */
export function propertiesOf(node: SchemaNode): Readonly<Record<string, SchemaNode>> | null {
  if (node.properties !== undefined) return node.properties;
  const alternative = node.anyOf?.find((option) => option.properties !== undefined);
  return alternative?.properties ?? null;
}

/** Whether the object of a node may have keys beyond those that it names. */
export function isOpen(node: SchemaNode): boolean {
  const open = typeof node.additionalProperties === "object" || node.additionalProperties === true;
  return open || (node.anyOf ?? []).some(isOpen);
}

/** The key that a name means, without regard to case and underscores. */
export function findKey(properties: Readonly<Record<string, SchemaNode>>, name: string): string | undefined {
  const wanted = fold(name);
  return Object.keys(properties).find((key) => fold(key) === wanted);
}

/** The types that a node accepts, alternatives included. */
export function typesOf(node: SchemaNode): string[] {
  const own = node.type === undefined ? [] : [node.type].flat();
  const constant = node.const === undefined ? [] : [node.const === null ? "null" : typeof node.const];
  return [...new Set([...own, ...constant, ...(node.anyOf ?? []).flatMap(typesOf)])];
}
