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
const START = "<!-- delivery: written by npm run bench -- delivery -->";
const END = "<!-- /delivery -->";

/** Writes tables and charts into docs: the part of benchmarks.md between its two marks, and docs/delivery-*.svg. */
export function writePage(conditions: string, comparisons: readonly MeasuredComparison[]): void {
  const page = join(DOCS, "benchmarks.md");
  const text = readFileSync(page, "utf8");
  const tables = comparisons.map(table).join("\n");
  const part = `${START}\n\n${conditions}\n\n${tables}\n${charts(comparisons)}\n${END}`;
  const before = text.includes(START)
    ? text.slice(0, text.indexOf(START))
    : `${text.trimEnd()}\n\n## Delivery\n\n`;
  const after = text.includes(END) ? text.slice(text.indexOf(END) + END.length) : "\n";
  writeFileSync(page, `${before}${part}${after}`);
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
