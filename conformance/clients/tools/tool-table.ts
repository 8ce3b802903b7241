import type { ToolResult } from "./compare.ts";

/** One row for each tool: what it did the same on both brokers, and what not. */
export function toolTable(results: readonly ToolResult[]): string {
  const tools = [...new Set(results.map(({ run }) => run.tool))];
  const rows = tools.map((tool) => {
    const own = results.filter(({ run }) => run.tool === tool);
    return `| ${tool} | ${purposes(own, true)} | ${purposes(own, false)} |\n`;
  });
  return `| tool | the same on both | different |\n| --- | --- | --- |\n${rows.join("")}`;
}

function purposes(results: readonly ToolResult[], isSame: boolean): string {
  const chosen = results.filter(({ difference }) => (difference === null) === isSame);
  return chosen.length === 0 ? "–" : chosen.map(({ run }) => run.purpose).join("; ");
}
