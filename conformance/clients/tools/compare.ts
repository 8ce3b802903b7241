import type { BrokerProcess } from "../sides.ts";
import { runTool, type ToolOutcome, type ToolRun } from "./tool.ts";

export interface ToolResult {
  readonly run: ToolRun;
  /** Null where both brokers gave the same, else what they gave. */
  readonly difference: string | null;
}

const SHOWN_LENGTH = 400;

/** Runs the tool on both brokers at once and compares what comes out. */
export async function compareTool(
  run: ToolRun,
  [embedded, apache]: readonly [embedded: BrokerProcess, apache: BrokerProcess],
): Promise<ToolResult> {
  const [ours, theirs] = await Promise.all([runTool(run, embedded.address), runTool(run, apache.address)]);
  const [seen, wanted] = [essenceOf(run, ours), essenceOf(run, theirs)];
  if (seen === wanted) return { run, difference: null };
  const difference = `ours ${shown(seen)}; Apache Kafka ${shown(wanted)}`;
  return { run, difference };
}

function essenceOf({ essence = sortedLines }: ToolRun, { status, output }: ToolOutcome): string {
  return `${essence(output)} (exit ${status})`;
}

function sortedLines(output: string): string {
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .toSorted()
    .join("\n");
}

function shown(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text);
}
