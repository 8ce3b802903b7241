import { output } from "./output.ts";

/** One column of what a command prints. */
export interface Column<Row> {
  /** The header in CSV and the key in JSON. */
  readonly name: string;
  /** Numbers stand right in a table. */
  readonly align?: "left" | "right";
  /** The value in CSV and JSON; null is empty in CSV. */
  value(row: Row): string | number | boolean | null;
  /** False: in CSV and JSON only. */
  readonly inTable?: boolean;
  /** The text in a table, where it differs. */
  text?(row: Row): string;
}

/** How a command that reads prints its rows. */
export const FORMATS = ["table", "csv", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** Prints rows to standard output: a table for a person, CSV, or one JSON array. */
export async function writeRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: Format,
): Promise<void> {
  switch (format) {
    case "table":
      return writeTable(
        rows,
        columns.filter(({ inTable }) => inTable !== false),
      );
    case "csv":
      await output.line(columns.map(({ name }) => name).join(","));
      for (const row of rows)
        await output.line(columns.map((column) => csvCell(column.value(row))).join(","));
      return;
    case "json":
      return writeJson(
        rows.map((row) => Object.fromEntries(columns.map((column) => [column.name, column.value(row)]))),
      );
  }
}

/** Prints values as one JSON array, each on a line of its own. */
export async function writeJson(values: readonly unknown[]): Promise<void> {
  if (values.length === 0) return output.line("[]");
  for (const [index, value] of values.entries()) {
    await output.write(`${index === 0 ? "[\n" : ",\n"}${JSON.stringify(value)}`);
  }
  await output.line("\n]");
}

async function writeTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Promise<void> {
  const cells = rows.map((row) =>
    columns.map((column) => column.text?.(row) ?? String(column.value(row) ?? "-")),
  );
  const widths = columns.map(({ name }, at) =>
    Math.max(name.length, ...cells.map((texts) => texts[at]?.length ?? 0)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) =>
        columns[at]?.align === "right" ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd();
  await output.line(line(columns.map(({ name }) => name)));
  for (const texts of cells) await output.line(line(texts));
}

function csvCell(value: string | number | boolean | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A price as a person reads it in a table: eight digits that count. CSV and JSON have them all. */
export function shortPrice(price: number | null): string {
  return price === null ? "-" : String(Number(price.toPrecision(8)));
}
