import { Option } from "commander";
import { output } from "../output.ts";
import { writeJson } from "../table.ts";

/** What became of one topic or group. */
export interface Outcome {
  readonly name: string;
  /** A word or two, such as "created". */
  readonly outcome: string;
}

export type OutcomeFormat = "text" | "json";

/** How a command that changes something tells what it did. */
export function outcomeFormat(): Option {
  return new Option("--format <format>", "how the result is told").choices(["text", "json"]).default("text");
}

/** Tells what became of topics or groups: a line each, or one JSON array. */
export async function writeOutcomes(
  kind: "topic" | "group",
  outcomes: readonly Outcome[],
  format: OutcomeFormat,
): Promise<void> {
  if (format === "json") return writeJson(outcomes.map(({ name, outcome }) => ({ [kind]: name, outcome })));
  for (const { name, outcome } of outcomes) await output.line(`${outcome.padEnd(7)} ${name}`);
}
