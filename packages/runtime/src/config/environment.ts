import { suggest } from "../suggestion.ts";
import { findKey, isOpen, propertiesOf, type SchemaNode, typesOf } from "./schema-tree.ts";

/** A value of the environment that goes into the configuration. */
export interface EnvironmentValue {
  readonly variable: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

export const ENVIRONMENT_PREFIX = "CANDLEWICK_";

/** The variable that sets the key at a path: `dataflow.maxBatchRecords` is `CANDLEWICK_DATAFLOW__MAX_BATCH_RECORDS`. */
export function variableOf(path: readonly string[]): string {
  const parts = path.map((key) => key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase());
  return ENVIRONMENT_PREFIX + parts.join("__");
}

/**
 * What the environment says about a configuration: variables with a double underscore between section and
 * key. A variable that names no key is a problem, as a misspelt one would else be without effect.
 */
export function readEnvironment(
  root: SchemaNode,
  environment: Readonly<Record<string, string | undefined>>,
): { values: EnvironmentValue[]; problems: string[] } {
  const values: EnvironmentValue[] = [];
  const problems: string[] = [];
  for (const [variable, text] of Object.entries(environment).sort()) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const parts = variable.slice(ENVIRONMENT_PREFIX.length).split("__");
    if (parts.length < 2) continue;
    const found = resolve(root, parts);
    if ("problem" in found) problems.push(`${variable}: ${found.problem}`);
    else values.push({ variable, path: found.path, value: parseValue(found.node, text) });
  }
  return { values, problems };
}

function resolve(
  root: SchemaNode,
  parts: readonly string[],
): { path: string[]; node: SchemaNode } | { problem: string } {
  const path: string[] = [];
  let node = root;
  for (const part of parts) {
    const properties = propertiesOf(node);
    const key = properties === null ? undefined : findKey(properties, part);
    const below = key === undefined ? undefined : properties?.[key];
    if (key !== undefined && below !== undefined) {
      path.push(key);
      node = below;
    } else if (isOpen(node)) {
      path.push(part.toLowerCase());
      node = typeof node.additionalProperties === "object" ? node.additionalProperties : {};
    } else {
      const meant = suggest(part, Object.keys(properties ?? {}));
      const hint = meant === undefined ? "" : `, did you mean ${variableOf([...path, meant])}?`;
      return { problem: `names no key of the configuration${hint}` };
    }
  }
  return { path, node };
}

/** Reads a text as the schema wants it; what does not fit stays a text, for the schema to complain about. */
function parseValue(node: SchemaNode, text: string): unknown {
  const types = typesOf(node);
  const allows = (type: string) => types.includes(type);
  if (allows("null") && (text === "" || text === "null")) return null;
  if (allows("boolean") && /^(true|yes|on|1)$/i.test(text)) return true;
  if (allows("boolean") && /^(false|no|off|0)$/i.test(text)) return false;
  if ((allows("number") || allows("integer")) && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) {
    return Number(text);
  }
  if (allows("array")) return parseList(node, text);
  if (allows("object") && /^\s*\{/.test(text)) return parseJsonOrText(text);
  return text;
}

function parseList(node: SchemaNode, text: string): unknown {
  if (/^\s*\[/.test(text)) return parseJsonOrText(text);
  const items = node.items ?? node.anyOf?.find((option) => option.items !== undefined)?.items ?? {};
  if (text.trim() === "") return [];
  return text.split(",").map((part) => parseValue(items, part.trim()));
}

function parseJsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
