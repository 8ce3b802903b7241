import { describeError } from "./report.ts";

/** Ends the process with one report and the exit code of a bug where an error reached nobody. */
export function guardProcess(
  write: (text: string) => void = (text) => void process.stderr.write(text),
): void {
  const end = (error: unknown) => {
    const { text, exitCode } = describeError(error);
    write(`${text}\n`);
    process.exit(exitCode);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
