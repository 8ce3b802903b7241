import { clients } from "./clients.ts";
import type { ClientResult, Outcome } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";

/** Generated parts of docs/clients.md stand between comments with these names. */
export type Part = "clients" | "tools";

const MARKS: Readonly<Record<Outcome["kind"], string>> = {
  works: "works",
  fails: "fails",
  "not offered": "–",
  "not served": "not served",
};

/** One row of the table of clients: what each scenario did on the embedded broker and on Apache Kafka. */
export interface Row {
  readonly client: string;
  readonly version: string;
  /** In the order of the scenarios. */
  readonly cells: readonly string[];
}

/** What stands in one cell: one word where both brokers did the same, "ours / Apache Kafka" where not. */
export function cellOf({ embedded, apache }: Pick<ClientResult, "embedded" | "apache">): string {
  const [ours, theirs] = [MARKS[embedded.kind], MARKS[apache.kind]];
  return ours === theirs ? ours : `${ours} / ${theirs}`;
}

/** What a cell says of the embedded broker alone. */
export function ownPart(cell: string): string {
  return cell.split(" / ")[0] ?? cell;
}

/** The mark of an outcome on the embedded broker. */
export function markOf(outcome: Outcome): string {
  return MARKS[outcome.kind];
}

/** The rows of a run, one for each client. */
export function rowsOf(results: readonly ClientResult[]): Row[] {
  const clients = [...new Set(results.map(({ client }) => client))];
  return clients.map((client) => ({
    client: client.name,
    version: client.version,
    cells: scenarios.map((scenario) => {
      const result = results.find((one) => one.client === client && one.scenario === scenario);
      return result === undefined ? "not run" : cellOf(result);
    }),
  }));
}

/** The rows of earlier runs with those of this one in their places, in the order of the clients. */
export function mergeRows(before: readonly Row[], ran: readonly Row[]): Row[] {
  return clients.flatMap(({ name }) => {
    const row = [...ran, ...before].find((one) => one.client === name);
    return row === undefined ? [] : [row];
  });
}

export function tableOf(rows: readonly Row[]): string {
  const head = ["client", "version", ...scenarios.map(({ title }) => title)];
  const lines = [head, head.map(() => "---"), ...rows.map((row) => [row.client, row.version, ...row.cells])];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** Reads the table back out of the document. */
export function readRows(document: string): Row[] {
  return partOf(document, "clients")
    .split("\n")
    .slice(2)
    .filter((line) => line.startsWith("|"))
    .map((line) => {
      const [client = "", version = "", ...cells] = line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());
      return { client, version, cells };
    });
}

export function partOf(document: string, part: Part): string {
  const { start, end } = placeOf(document, part);
  return document.slice(start, end);
}

/** The document with a part written anew. */
export function withPart(document: string, part: Part, text: string): string {
  const { start, end } = placeOf(document, part);
  return `${document.slice(0, start)}${text}${document.slice(end)}`;
}

function placeOf(document: string, part: Part): { readonly start: number; readonly end: number } {
  const [opening, closing] = [`<!-- ${part} -->\n`, `<!-- end of ${part} -->`];
  const start = document.indexOf(opening) + opening.length;
  const end = document.indexOf(closing);
  if (start < opening.length || end < start) throw new Error(`the document has no part called ${part}`);
  return { start, end };
}
