import { variableOf } from "./environment.ts";
import { propertiesOf, type SchemaNode, type Sections, schemaNode } from "./schema-tree.ts";

/** The reference page of a configuration, in Markdown: every key with its type, default, variable and meaning. */
export function configReference(sections: Sections): string {
  const parts = Object.entries(sections).map(([name, schema]) => sectionPage(name, schemaNode(schema)));
  return `${INTRODUCTION}\n${parts.join("\n")}`;
}

const INTRODUCTION = `# Configuration

<!-- Written from the schemas by "candlewick config reference"; a test holds it up to date. -->

One YAML file with a section for each part (\`--config FILE\`). Every key has a variable of the environment
that goes before the file; lists are written with commas there. Unknown keys are errors.
\`candlewick config print --config FILE\` shows what is in force, without secrets.
`;

function sectionPage(name: string, node: SchemaNode): string {
  const rows = keyRows([name], node);
  const description = node.description === undefined ? "" : `\n${node.description}\n`;
  if (rows.length === 0) return `## ${name}\n${description}`;
  return `## ${name}\n${description}\n| key | type | default | meaning |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}

function keyRows(path: readonly string[], node: SchemaNode): string[] {
  const properties = propertiesOf(node) ?? {};
  return Object.entries(properties).flatMap(([key, below]) => {
    const next = [...path, key];
    const own = below.description ?? "";
    const variable = `<br>\`${variableOf(next)}\``;
    const required = requiredOf(node).includes(key) && below.default === undefined;
    const inner = keyRows(next, below);
    const row = `| \`${next.slice(1).join(".")}\`${variable} | ${cell(typeName(below))} | ${defaultText(below, required)} | ${cell(own)} |`;
    return inner.length > 0 && own === "" ? inner : [row, ...inner];
  });
}

function requiredOf(node: SchemaNode): readonly string[] {
  return node.required ?? node.anyOf?.flatMap(requiredOf) ?? [];
}

function defaultText(node: SchemaNode, required: boolean): string {
  if (node.default === undefined) return required ? "required" : "";
  return cell(`\`${JSON.stringify(node.default)}\``);
}

function typeName(node: SchemaNode): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.anyOf !== undefined) return node.anyOf.map(typeName).join(" or ");
  if (node.items !== undefined) return `list of ${typeName(node.items)}`;
  const name = [node.type ?? "any"].flat().join(" or ");
  return name === "integer" || name === "number" ? name + rangeText(node) : name;
}

function rangeText({ minimum, maximum }: SchemaNode): string {
  const max = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const min = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (min !== undefined && max !== undefined) return ` ${min}..${max}`;
  if (min !== undefined) return ` >= ${min}`;
  return max === undefined ? "" : ` <= ${max}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
