import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apacheKafkaAvailable } from "../apache-kafka.ts";
import { startCandlewickBroker, startControl } from "./sides.ts";
import { withPart } from "./table.ts";
import { compareTool, type ToolResult } from "./tools/compare.ts";
import { toolRuns } from "./tools/runs.ts";
import { toolTable } from "./tools/tool-table.ts";

/**
 * Runs Apache Kafka's command-line tools against the embedded broker and Apache Kafka (`npm run clients:tools`)
 * and writes their table in docs/clients.md anew.
 */
const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "clients.md");
const reason = apacheKafkaAvailable();
if (reason !== null) {
  console.error(`Cannot compare: ${reason}`);
  process.exit(2);
}
const brokers = await Promise.all([startCandlewickBroker(), startControl()]);
const results: ToolResult[] = [];
try {
  for (const run of toolRuns()) {
    const result = await compareTool(run, brokers);
    results.push(result);
    console.log(`${run.tool}, ${run.purpose}: ${result.difference ?? "the same"}`);
  }
} finally {
  await Promise.all(brokers.map((broker) => broker.stop()));
}
writeFileSync(DOCUMENT, withPart(readFileSync(DOCUMENT, "utf8"), "tools", toolTable(results)));
const failed = results.filter(({ difference }) => difference !== null).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
