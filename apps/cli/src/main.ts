import { guardProcess, reportError } from "@candlewick/runtime/process";
import { output } from "./output.ts";
import { buildProgram } from "./program.ts";
import { runProgram } from "./usage.ts";

/**
 * Runs the command that the arguments name, and ends the process with its exit code. A function, and nothing that
 * happens on loading: built, this module may lie in one file with what a thread or a command loads.
 */
export async function main(args: readonly string[]): Promise<never> {
  guardProcess();
  followStarter();
  output.endQuietlyWithoutReader();
  const exitCode = await buildProgram(args)
    .then((program) => runProgram(program, args))
    .catch((error: unknown) => reportError(error));
  await output.flush();
  process.exit(exitCode);
}

/** Where another process started this one and is killed, this one stops as if it was told to. */
function followStarter(): void {
  if (process.channel === undefined || process.channel === null) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
