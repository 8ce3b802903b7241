import { readFileSync } from "node:fs";
import type { z } from "zod";
import { CandlewickError, ERRORS } from "../errors.ts";
import { suggest } from "../suggestion.ts";
import { readEnvironment, variableOf } from "./environment.ts";
import {
  type ConfigOf,
  configNode,
  isOpen,
  propertiesOf,
  type SchemaNode,
  type Sections,
} from "./schema-tree.ts";
import { yaml } from "./yaml.ts";

/** Where a configuration comes from: the environment goes before the file, the file before the defaults. */
export interface ConfigSource {
  /** A YAML file; none: defaults and environment only. */
  readonly file?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Values that go before all others, such as those of command line flags. */
  readonly overrides?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Tree = Record<string, unknown>;

/**
 * Reads a configuration. Throws one CandlewickError(CONFIGURATION) that lists all problems with their
 * paths: unknown keys, values that do not fit, required values that are missing.
 */
export function loadConfig<S extends Sections>(sections: S, source: ConfigSource = {}): ConfigOf<S> {
  const root = configNode(sections);
  const tree = source.file === undefined ? {} : readYaml(source.file);
  const problems = unknownKeys(root, tree, []);
  const environment = readEnvironment(root, source.environment ?? {});
  problems.push(...environment.problems);
  const origins = new Map<string, string>();
  for (const { variable, path, value } of environment.values) {
    setPath(tree, path, value);
    origins.set(path.join("."), variable);
  }
  for (const [section, values] of Object.entries(source.overrides ?? {})) {
    for (const [key, value] of Object.entries(values)) {
      if (value !== undefined) setPath(tree, [section, key], value);
    }
  }
  const config: Tree = {};
  for (const [name, schema] of Object.entries(sections)) {
    const result = schema.safeParse(tree[name] ?? {});
    if (result.success) config[name] = result.data;
    else problems.push(...result.error.issues.flatMap((issue) => describeIssue(name, issue, origins)));
  }
  if (problems.length > 0) throw configurationError(source.file, problems);
  return config as ConfigOf<S>;
}

function configurationError(file: string | undefined, problems: readonly string[]): CandlewickError {
  const where = file === undefined ? "the configuration" : `the configuration (${file})`;
  const what =
    problems.length === 1
      ? `${where} has a problem: ${problems[0]}`
      : `${where} has ${problems.length} problems:\n  ${problems.join("\n  ")}\n`;
  return new CandlewickError(
    ERRORS.configuration,
    what,
    `See docs/configuration.md, and "candlewick config print" for what is in force`,
  );
}

function readYaml(file: string): Tree {
  const fail = (what: string, advice: string, cause?: unknown) =>
    new CandlewickError(ERRORS.configuration, what, advice, { cause });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw fail(`the configuration file ${file} cannot be read`, "Check its path and permissions", cause);
  }
  const document = yaml().parseDocument(text, { prettyErrors: true });
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line;
    const what = error.message.split("\n", 1)[0]?.replace(/ at line \d+.*$/, "") ?? "";
    throw fail(
      `${file}${line === undefined ? "" : `, line ${line}`} is not YAML: ${what}`,
      "Correct that line",
    );
  }
  const tree: unknown = document.toJS();
  if (tree === null) return {};
  if (!isTree(tree)) {
    throw fail(`${file} holds no sections`, "Write one section a service, such as kafka: and its keys below");
  }
  return tree;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keys that the schema does not name, each with the key that was probably meant. */
function unknownKeys(node: SchemaNode, value: unknown, path: readonly string[]): string[] {
  const properties = propertiesOf(node);
  if (!isTree(value) || properties === null) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const next = [...path, key];
    const known = properties[key];
    if (known !== undefined) return unknownKeys(known, below, next);
    if (isOpen(node)) return [];
    const meant = suggest(key, Object.keys(properties));
    const kind = path.length === 0 ? "is no section" : "is not a key";
    const options = meant === undefined ? `, there are ${Object.keys(properties).join(", ")}` : "";
    return [`${next.join(".")} ${kind}${meant === undefined ? options : `, did you mean ${meant}?`}`];
  });
}

function setPath(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const key of path.slice(0, -1)) {
    const below = at[key];
    if (isTree(below)) at = below;
    else {
      const created: Tree = {};
      at[key] = created;
      at = created;
    }
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}

function describeIssue(
  section: string,
  issue: z.core.$ZodIssue,
  origins: ReadonlyMap<string, string>,
): string[] {
  // Unknown keys were told already, with a suggestion.
  if (issue.code === "unrecognized_keys") return [];
  const path = [section, ...issue.path.map(String)].join(".");
  const variable = [...origins].find(([key]) => path === key || path.startsWith(`${key}.`))?.[1];
  const name = variable === undefined ? path : `${path} (from ${variable})`;
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [`${name} is missing: it must be set, here or as ${variableOf(path.split("."))}`];
  }
  return [`${name}: ${problemOf(issue)}`];
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") {
    const options = issue.errors.flatMap((errors) => errors.slice(0, 1).map(problemOf));
    return options.length === 0 ? lowerFirst(issue.message) : [...new Set(options)].join(", or ");
  }
  return lowerFirst(issue.message.replace(/^Invalid (input|option): /, "").replaceAll('"|"', '", "'));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
