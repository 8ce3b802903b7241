import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, barChart } from "./chart.ts";

/** What was measured of one candidate. */
export interface Figure {
  readonly name: string;
  readonly medianRate: number;
  readonly least: number;
  readonly greatest: number;
}

export interface MeasuredComparison {
  readonly title: string;
  readonly figures: readonly Figure[];
}

const DOCS = join(import.meta.dirname, "..", "..", "docs");

/** Writes tables and charts into docs: the part of benchmarks.md between its two marks, and docs/delivery-*.svg. */
export function writePage(conditions: string, comparisons: readonly MeasuredComparison[]): void {
  const tables = comparisons.map(table).join("\n");
  writePart("delivery", `${conditions}\n\n${tables}\n${charts(comparisons)}`);
}

/** Puts a text between the two marks of a bench in benchmarks.md; at the end, under a heading, where it has none yet. */
export function writePart(bench: string, text: string): void {
  const start = `<!-- ${bench}: written by npm run bench -- ${bench} -->`;
  const end = `<!-- /${bench} -->`;
  const path = join(DOCS, "benchmarks.md");
  const page = readFileSync(path, "utf8");
  const isThere = page.includes(start) && page.includes(end);
  const heading = `${bench.slice(0, 1).toUpperCase()}${bench.slice(1)}`;
  const before = isThere ? page.slice(0, page.indexOf(start)) : `${page.trimEnd()}\n\n## ${heading}\n\n`;
  const after = isThere ? page.slice(page.indexOf(end) + end.length) : "\n";
  writeFileSync(path, `${before}${start}\n\n${text}\n${end}${after}`);
}

function table({ title, figures }: MeasuredComparison): string {
  const rows = figures.map(
    ({ name, medianRate, least, greatest }) =>
      `| ${name} | ${whole(medianRate)} | ${whole(least)} to ${whole(greatest)} |`,
  );
  return `| ${title} | messages/s | rounds |\n|---|---:|---|\n${rows.join("\n")}\n`;
}

/** The two comparisons that people ask for first: await each message or not, and one worker or thirty. */
function charts(comparisons: readonly MeasuredComparison[]): string {
  const all = comparisons.flatMap(({ figures }) => figures);
  const pick = (...names: string[]): Bar[] =>
    names.flatMap((name) => {
      const found = all.find((figure) => figure.name === name);
      return found === undefined
        ? []
        : [{ label: name, value: found.medianRate, isOurs: name.startsWith("Candlewick") }];
    });
  const files = [
    {
      file: "delivery-producers.svg",
      title: "Awaiting each message, or none",
      bars: pick(
        "sarama SyncProducer, 8 goroutines",
        "Candlewick send, 64 callers",
        "sarama AsyncProducer",
        "Java send(callback)",
        "Candlewick enqueue",
      ),
    },
    {
      file: "delivery-workers.svg",
      title: "A handler of 1 ms: one worker, or thirty",
      bars: pick(
        "kafka-go, 1 goroutine",
        "Candlewick, 1 at a time",
        "kafka-go, 30 goroutines, no order",
        "Candlewick, 30 at a time, ordered by key",
      ),
    },
  ];
  const shown = files.filter(({ bars }) => bars.length > 0);
  for (const { file, title, bars } of shown) writeFileSync(join(DOCS, file), barChart(title, "msg/s", bars));
  return shown.map(({ file, title }) => `![${title}](${file})\n`).join("\n");
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
